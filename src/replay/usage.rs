//! CPU time and memory of a process, from Linux's `/proc`; nothing on other systems. Its children are not counted.

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Of all its threads, user and system.
    pub cpu_s: f64,
    pub peak_bytes: u64,
}

/// Ticks a second of `/proc/PID/stat`: 100 on every Linux that we know.
const TICKS: f64 = 100.0;

pub fn sample(process_id: u32) -> Option<Sample> {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{process_id}/{file}")).ok();
    let stat = read("stat")?;
    // The name in brackets may hold anything; behind it `utime` and `stime` are the 12th and 13th field.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |i: usize| fields.get(i)?.parse::<f64>().ok();
    let status = read("status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let peak_kib: u64 = peak.split_whitespace().next()?.parse().ok()?;
    Some(Sample { cpu_s: (ticks(11)? + ticks(12)?) / TICKS, peak_bytes: peak_kib << 10 })
}

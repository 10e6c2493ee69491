//! What a process has used, where the system tells it (Linux).

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// On all cores together.
    pub cpu_seconds: f64,
    /// Resident, at its most since the process began.
    pub peak_bytes: u64,
}

impl Usage {
    pub fn since(&self, before: &Usage) -> Usage {
        Usage { cpu_seconds: self.cpu_seconds - before.cpu_seconds, peak_bytes: self.peak_bytes }
    }
}

/// Clock ticks a second, the same on every Linux.
const TICKS: f64 = 100.0;

pub fn usage(pid: u32) -> Option<Usage> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().ok()?;
    Some(Usage { cpu_seconds: ticks / TICKS, peak_bytes: kilobytes << 10 })
}

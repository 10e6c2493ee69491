//! When each edit of a trace happens: seconds spread into milliseconds, pauses capped.

use super::random::Random;

/// Logarithms of the milliseconds between two keys: a median of 99 ms, a mean of 125 ms, one in twenty above 300 ms.
const MU: f64 = 4.593;
const SIGMA: f64 = 0.685;

const SECOND_MS: f64 = 1000.0;

/// Spreads edits that are stamped in whole seconds, which never fall: within its second each follows the one before
/// after a log-normal gap. Gaps that do not fit into the second are shrunk until they do; where the seconds before and
/// after are typed in, too, they are stretched to fill it. Returns milliseconds, counted as the seconds are.
pub fn spread(seconds: &[u64], seed: u64) -> Vec<f64> {
    let mut random = Random::new(seed);
    let mut times = Vec::with_capacity(seconds.len());
    let mut before = None;
    for group in seconds.chunk_by(|a, b| a == b) {
        let second = group[0];
        let after = seconds.get(times.len() + group.len());
        let follows = before.is_some_and(|before: u64| before + 1 >= second);
        let goes_on = after.is_some_and(|after| *after <= second + 1);
        // One gap more than edits: the last reaches into the next second.
        let mut gaps: Vec<f64> = (0..=group.len()).map(|_| random.log_normal(MU, SIGMA)).collect();
        let sum: f64 = gaps.iter().sum();
        let chance = random.uniform();
        if sum > SECOND_MS || (follows && goes_on) {
            gaps.iter_mut().for_each(|gap| *gap *= SECOND_MS / sum);
        } else if !follows {
            // Who goes on typing began late in this second; who does not, began anywhere.
            gaps[0] += (SECOND_MS - sum) * if goes_on { 1.0 } else { chance };
        }
        let mut at = second as f64 * SECOND_MS;
        for gap in &gaps[..group.len()] {
            at += gap;
            times.push(at);
        }
        before = Some(second);
    }
    times
}

/// Counts from 0, and cuts every pause down to `max_pause_ms`.
pub fn capped(times_ms: &[f64], max_pause_ms: f64) -> Vec<f64> {
    let mut capped = Vec::with_capacity(times_ms.len());
    let (mut before, mut at) = (times_ms.first().copied().unwrap_or_default(), 0.0);
    for time in times_ms {
        at += (time - before).clamp(0.0, max_pause_ms);
        before = *time;
        capped.push(at);
    }
    capped
}

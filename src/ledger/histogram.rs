//! Latencies as counts in buckets of equal ratio, so that percentiles of any number of days come from small sums.

/// Buckets in a doubling.
const PER_DOUBLING: f64 = 8.0;

/// How far a percentile may be from the truth, as a share of it: half a bucket, 2^(1/16) - 1.
pub const MAX_ERROR: f64 = 0.0443;

/// The bucket of a latency.
pub fn bucket(us: u64) -> i64 {
    (PER_DOUBLING * (us.max(1) as f64).log2()).floor() as i64
}

/// The percentile (0 to 1) in milliseconds of bucket counts in ascending order; `None` where nothing was counted.
pub fn percentile_ms(counts: &[(i64, i64)], percentile: f64) -> Option<f64> {
    let n: i64 = counts.iter().map(|(_, n)| n).sum();
    let rank = ((percentile * n as f64).ceil() as i64).max(1);
    let mut n_below = 0;
    let found = counts.iter().find(|(_, n)| {
        n_below += n;
        n_below >= rank
    });
    found.map(|(bucket, _)| middle_us(*bucket) / 1000.0)
}

/// The geometric one, so that the error is the same share up and down.
fn middle_us(bucket: i64) -> f64 {
    ((bucket as f64 + 0.5) / PER_DOUBLING).exp2()
}

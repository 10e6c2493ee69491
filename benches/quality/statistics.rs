//! Samples and intervals, the same for the same seed.

/// SplitMix64 (Steele, Lea, Flood 2014).
pub struct Random(pub u64);

/// How often the bootstrap draws.
const N_RESAMPLES: usize = 1000;
/// Of the bootstrap; the intervals of two runs over the same answers are equal.
const SEED: u64 = 1;

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`, which is not 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }
}

/// `n` of the numbers below `n_all`, ascending. A larger sample of the same seed contains it.
pub fn sample(n_all: usize, n: usize, seed: u64) -> Vec<usize> {
    let (mut all, mut random) = (Vec::from_iter(0..n_all), Random(seed));
    for i in 0..n.min(n_all) {
        all.swap(i, i + random.below(n_all - i));
    }
    all.truncate(n);
    all.sort();
    all
}

/// The 95 % interval of a statistic of the sum of some of `units`, by the percentile bootstrap.
pub fn interval<const N: usize>(units: &[[f64; N]], statistic: impl Fn([f64; N]) -> f64) -> [f64; 2] {
    let mut random = Random(SEED);
    let drawn = (0..N_RESAMPLES).map(|_| {
        let mut sum = [0.0; N];
        for _ in units {
            let unit = &units[random.below(units.len())];
            sum.iter_mut().zip(unit).for_each(|(sum, value)| *sum += value);
        }
        statistic(sum)
    });
    let mut drawn: Vec<f64> = drawn.collect();
    drawn.sort_by(f64::total_cmp);
    [25, 975].map(|permille| percentile(&drawn, permille))
}

/// Of sorted values; 0 where there are none.
pub fn percentile(sorted: &[f64], permille: usize) -> f64 {
    sorted.get(sorted.len().saturating_sub(1) * permille / 1000).copied().unwrap_or_default()
}

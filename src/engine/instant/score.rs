//! From what places agree on to the chance that it is right.

use super::context::Context;
use super::gather::{Group, Place, Source};
use crate::workspace::index::fold;

pub const N_FEATURES: usize = 40;
pub type Features = [f32; N_FEATURES];

/// How far a place agrees with the text before the cursor.
struct Levels {
    thresholds: [usize; 5],
}

impl Levels {
    fn new(context: &Context) -> Levels {
        let key = &context.before[..context.token_start];
        let typed = context.token_start - context.line_start;
        let mut at = context.line_start;
        while at > 0 && (fold::is_depth(key[at - 1]) || key[at - 1] == b'\n') {
            at -= 1;
        }
        let mut thresholds = [usize::MAX; 5];
        thresholds[0] = typed;
        thresholds[1] = key.len() - at;
        for i in 2..5 {
            while at > 0 && !(fold::is_depth(key[at - 1]) || key[at - 1] == b'\n') {
                at -= 1;
            }
            thresholds[i] = (key.len() - at).min(crate::workspace::index::MAX_CONTEXT);
            while at > 0 && (fold::is_depth(key[at - 1]) || key[at - 1] == b'\n') {
                at -= 1;
            }
        }
        Levels { thresholds }
    }

    fn of(&self, n_common: usize) -> usize {
        self.thresholds.iter().take_while(|&&t| n_common >= t).count()
    }
}

pub struct Words {
    bits: Vec<u64>,
}

const WORD_BITS: usize = 18;

impl Words {
    fn new() -> Words {
        Words { bits: vec![0; (1 << WORD_BITS) / 64] }
    }
    fn slot(word: &[u8]) -> (usize, u64) {
        let hash = word
            .iter()
            .fold(0xcbf2_9ce4_8422_2325u64, |hash, &byte| (hash ^ byte as u64).wrapping_mul(0x100_0000_01b3));
        let hash = (hash >> 20) as usize & ((1 << WORD_BITS) - 1);
        (hash / 64, 1 << (hash % 64))
    }
    fn add(&mut self, text: &[u8]) {
        for word in words(text) {
            let (i, bit) = Words::slot(word);
            self.bits[i] |= bit;
        }
    }
    fn has(&self, word: &[u8]) -> bool {
        let (i, bit) = Words::slot(word);
        self.bits[i] & bit != 0
    }
}

pub fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| !fold::is_word(byte)).filter(|word| !word.is_empty())
}

fn votes(level: usize, place: &Place, next: bool) -> f32 {
    let by_level = [0.05, 0.3, 1.0, 4.0, 10.0, 20.0][level];
    let by_source = match place.source {
        Source::Document { .. } => 3.0,
        Source::Open => 2.0,
        Source::File { .. } => 1.0,
    };
    by_level * by_source * if next { 4.0 } else { 1.0 }
}

fn next_line(text: &[u8], mut at: usize) -> &[u8] {
    loop {
        let rest = fold::rest_of_line(text, at);
        let n = rest.iter().take_while(|&&b| b < b' ').count();
        if rest.len() > n || at >= text.len() {
            return &rest[n..];
        }
        at += rest.len() + 1;
    }
}

fn lg(x: usize) -> f32 {
    (x as f32 + 1.0).log2()
}

pub fn weigh(context: &Context, path: Option<&std::path::Path>, groups: &[Group]) -> Vec<Features> {
    let levels = Levels::new(context);
    let below = next_line(&context.below, 0);
    let above = {
        let mut end = context.line_start;
        while end > 0 && context.before[end - 1] <= b'\n' {
            end -= 1;
        }
        let start = context.before[..end].iter().rposition(|&b| b <= b'\n').map_or(0, |i| i + 1);
        &context.before[start..end]
    };
    let mut words_near = Words::new();
    let from = context.before.len().saturating_sub(32 << 10);
    words_near.add(&context.before[from..]);
    words_near.add(&context.below[..context.below.len().min(16 << 10)]);

    #[derive(Default, Clone)]
    struct Sum {
        at_least: [usize; 6],
        votes: f32,
        n_next: usize,
        max_common: usize,
        top: usize,
    }
    let sums: Vec<Sum> = groups
        .iter()
        .map(|group| {
            let mut sum = Sum::default();
            for place in &group.places {
                let level = levels.of(place.n_common);
                for l in 0..=level {
                    sum.at_least[l] += 1;
                }
                let next = !below.is_empty() && next_line(place.text, place.at + group.rest.len() + 1) == below;
                sum.n_next += next as usize;
                sum.votes += votes(level, place, next);
                sum.max_common = sum.max_common.max(place.n_common);
                sum.top = sum.top.max(level);
            }
            sum
        })
        .collect();
    let mut all = Sum::default();
    for sum in &sums {
        for l in 0..6 {
            all.at_least[l] += sum.at_least[l];
        }
        all.votes += sum.votes;
        all.max_common = all.max_common.max(sum.max_common);
        all.top = all.top.max(sum.top);
    }
    let typed = context.typed().len();
    groups
        .iter()
        .zip(&sums)
        .map(|(group, sum)| {
            let mut f = [0f32; N_FEATURES];
            let share = |l: usize| sum.at_least[l] as f32 / all.at_least[l].max(1) as f32;
            f[0] = 1.0;
            for l in 1..6 {
                f[l] = (sum.top >= l) as u8 as f32;
            }
            f[6] = lg(sum.max_common.saturating_sub(levels.thresholds[0]));
            f[7] = share(all.top);
            f[8] = lg(sum.at_least[all.top]);
            f[9] = share(1);
            f[10] = lg(sum.at_least[1]);
            f[11] = share(2);
            f[12] = share(3);
            f[13] = (sum.max_common == all.max_common) as u8 as f32;
            let distance = group.places.iter().filter_map(|p| match p.source { Source::Document { distance } => Some(distance), _ => None }).min();
            f[14] = distance.is_some() as u8 as f32;
            f[15] = distance.map_or(0.0, |d| lg(d) / 10.0);
            let same_dir = |p: &Place| matches!(p.source, Source::File { path: p, .. } if p.parent() == path.and_then(|p| p.parent()));
            let same_ext = |p: &Place| match p.source { Source::File { path: p, .. } => p.extension() == path.and_then(|p| p.extension()), _ => true };
            f[16] = group.places.iter().any(same_dir) as u8 as f32;
            f[17] = group.places.iter().any(same_ext) as u8 as f32;
            f[18] = (sum.n_next > 0) as u8 as f32;
            f[19] = sum.n_next as f32 / group.places.len() as f32;
            f[20] = lg(group.rest.len());
            let n_tokens = (0..group.rest.len()).filter(|&i| i == 0 || fold::starts_token(group.rest, i)).count();
            f[21] = lg(n_tokens);
            f[22] = typed as f32 / (typed + group.rest.len()).max(1) as f32;
            f[23] = (typed == 0) as u8 as f32;
            f[24] = (!context.half().is_empty()) as u8 as f32;
            let n_words = words(group.rest).count();
            let n_unknown = words(group.rest).filter(|w| !words_near.has(w)).count();
            f[25] = n_unknown as f32 / n_words.max(1) as f32;
            f[26] = (n_unknown > 0) as u8 as f32;
            let line_eq = |other: &[u8]| !other.is_empty() && other.len() == typed + group.rest.len() && other.starts_with(context.typed()) && other.ends_with(group.rest);
            f[27] = line_eq(below) as u8 as f32;
            f[28] = line_eq(above) as u8 as f32;
            f[29] = (n_words == 0) as u8 as f32;
            f[30] = group.rest.last().is_some_and(|b| b"{([:".contains(b)) as u8 as f32;
            f[31] = lg(groups.len());
            f[32] = sum.votes / all.votes.max(1e-9);
            f[33] = (sum.votes + 0.01).log2();
            f[34] = (!context.right.is_empty()) as u8 as f32;
            f[35] = lg(all.at_least[1]);
            f[36] = lg(all.at_least[2]);
            f[37] = lg(all.at_least[3]);
            f
        })
        .collect()
}

pub fn confidence(features: &Features) -> f32 {
    let sum: f32 = features.iter().zip(super::weights::WEIGHTS).map(|(feature, weight)| feature * weight).sum();
    1.0 / (1.0 + (-sum).exp())
}

//! Records to tables in Markdown.

use std::collections::{BTreeMap, HashMap};

use crate::hole::Kind;
use crate::record::Record;
use crate::statistics::{interval, percentile};

/// Bars for the confidence that are tried.
const BARS: [f32; 12] = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/// What came of the questions of one kind.
struct Row<'a> {
    name: String,
    records: Vec<&'a Record>,
}

/// How often an engine is right, and what it takes.
pub fn fill(records: &[Record]) {
    println!(
        "| | questions | answered | right | 95 % | of answered | whole | similarity | prompt tokens | evaluated a key \
         | p50 ms | p95 ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    let first = first_keys(records);
    for Row { name, records } in rows(records) {
        let (n, n_answered) = (records.len(), count(&records, |record| record.shown.is_some()));
        let n_right = count(&records, Record::is_right);
        let keys = records.iter().filter(|record| record.n_typed > first[record.id.as_str()]);
        println!(
            "| {name} | {n} | {} | {} | {} | {} | {} | {:.3} | {:.0} | {:.1} | {:.1} | {:.1} |",
            percent(n_answered, n),
            percent(n_right, n),
            of_interval(interval(&by_hole(records.iter().map(|record| (*record, [right(record), 1.0]))), ratio)),
            percent(n_right, n_answered),
            percent(count(&records, Record::is_whole_right), n),
            mean(records.iter().map(|record| record.similarity())),
            mean(records.iter().filter_map(|record| Some(record.tokens?.prompt as f64))),
            mean(keys.filter_map(|record| Some(record.tokens?.evaluated as f64))),
            latency(&records, 500),
            latency(&records, 950),
        );
    }
}

/// The table of the instant engine, by project and key: what is shown has been found sure enough.
pub fn added_lines(records: &[Record]) {
    println!(
        "| project | typed | lines asked | shown | of these right | right of all | more lines | of these right \
         | p50 ms | p99 ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut rows: BTreeMap<(&str, usize), Vec<&Record>> = BTreeMap::new();
    for record in records {
        rows.entry((&record.repository, record.n_typed)).or_default().push(record);
    }
    for ((repository, n_typed), records) in &rows {
        println!("| {repository} | {n_typed} | {} |", added_lines_row(records));
    }
    println!("| all | | {} |", added_lines_row(&records.iter().collect::<Vec<_>>()));
}

fn added_lines_row(records: &[&Record]) -> String {
    let (n, n_shown) = (records.len(), count(records, |record| record.shown.is_some()));
    let right: Vec<&Record> = records.iter().copied().filter(|record| record.n_right() > 0).collect();
    let n_more: usize = right.iter().map(|record| record.n_shown() - 1).sum();
    let n_more_right: usize = right.iter().map(|record| record.n_right() - 1).sum();
    format!(
        "{n} | {} | {} | {} | {n_more} | {} | {:.2} | {:.2}",
        percent(n_shown, n),
        percent(right.len(), n_shown),
        percent(right.len(), n),
        percent(n_more_right, n_more),
        latency(records, 500),
        latency(records, 990),
    )
}

/// What would be shown under a bar for the confidence, and how much of it is right.
pub fn bars(records: &[Record]) {
    println!("| bar | shown | of these right | right of all |");
    println!("|---|---|---|---|");
    let (n, all) = (records.len(), records.iter().filter(|record| record.shown.is_some()));
    let all: Vec<&Record> = all.collect();
    for bar in BARS {
        let is_sure = |record: &&&Record| record.confidence.is_some_and(|confidence| confidence >= bar);
        let shown: Vec<&Record> = all.iter().filter(is_sure).copied().collect();
        let n_right = count(&shown, Record::is_right);
        println!(
            "| {bar} | {} | {} | {} |",
            percent(shown.len(), n),
            percent(n_right, shown.len()),
            percent(n_right, n)
        );
    }
}

/// The questions that both runs answered, hole by hole.
pub fn comparison(ours: &[Record], theirs: &[Record]) {
    println!("| | questions | A right | B right | only A | only B | B - A | 95 % | gain | 95 % |");
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let key = |record: &Record| (record.id.clone(), record.n_typed);
    let theirs: HashMap<_, _> = theirs.iter().map(|record| (key(record), record)).collect();
    for Row { name, records } in rows(ours) {
        let pairs: Vec<[&Record; 2]> =
            records.iter().filter_map(|record| Some([*record, *theirs.get(&key(record))?])).collect();
        let count = |is: fn(bool, bool) -> bool| pairs.iter().filter(|[a, b]| is(a.is_right(), b.is_right())).count();
        if pairs.is_empty() {
            continue;
        }
        let (n, n_a, n_b) = (pairs.len(), count(|a, _| a), count(|_, b| b));
        let units = by_hole(pairs.iter().map(|[a, b]| (*a, [right(b) - right(a), 1.0, right(a)])));
        let (difference, gain) = (|[more, n, _]: [f64; 3]| more / n, |[more, _, a]: [f64; 3]| more / a);
        let all = [n_b as f64 - n_a as f64, n as f64, n_a as f64];
        println!(
            "| {name} | {n} | {} | {} | {} | {} | {} | {} | {} | {} |",
            percent(n_a, n),
            percent(n_b, n),
            count(|a, b| a && !b),
            count(|a, b| b && !a),
            signed(difference(all)),
            of_interval(interval(&units, difference)),
            signed(gain(all)),
            of_interval(interval(&units, gain)),
        );
    }
}

/// All, then by language, kind and key, as far as there is more than one of each.
fn rows(records: &[Record]) -> Vec<Row<'_>> {
    let mut rows = vec![Row { name: "all".to_string(), records: records.iter().collect() }];
    let kind = |kind: &Kind| match kind {
        Kind::CrossFile => "cross-file",
        Kind::InFile => "in-file",
    };
    rows.extend(split(records, |record| record.language.clone()));
    rows.extend(split(records, |record| kind(&record.kind).to_string()));
    rows.extend(split(records, |record| format!("{:>2} typed", record.n_typed)));
    rows
}

fn split(records: &[Record], name: impl Fn(&Record) -> String) -> Vec<Row<'_>> {
    let mut parts: BTreeMap<String, Vec<&Record>> = BTreeMap::new();
    for record in records {
        parts.entry(name(record)).or_default().push(record);
    }
    let is_one = parts.len() == 1;
    parts.into_iter().filter(|_| !is_one).map(|(name, records)| Row { name, records }).collect()
}

/// The values summed by hole: its questions are no independent draws.
fn by_hole<'a, const N: usize>(values: impl Iterator<Item = (&'a Record, [f64; N])>) -> Vec<[f64; N]> {
    let mut holes: BTreeMap<&str, [f64; N]> = BTreeMap::new();
    for (record, value) in values {
        let sum = holes.entry(&record.id).or_insert([0.0; N]);
        sum.iter_mut().zip(value).for_each(|(sum, value)| *sum += value);
    }
    holes.into_values().collect()
}

/// Characters typed at the first question of each hole.
fn first_keys(records: &[Record]) -> HashMap<&str, usize> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    for record in records {
        let n_typed = first.entry(&record.id).or_insert(record.n_typed);
        *n_typed = record.n_typed.min(*n_typed);
    }
    first
}

fn right(record: &Record) -> f64 {
    record.is_right() as u8 as f64
}

fn ratio([part, whole]: [f64; 2]) -> f64 {
    part / whole
}

fn latency(records: &[&Record], permille: usize) -> f64 {
    let mut ms: Vec<f64> = records.iter().map(|record| record.ms).collect();
    ms.sort_by(f64::total_cmp);
    percentile(&ms, permille)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut n, mut sum) = (0, 0.0);
    values.for_each(|value| (n, sum) = (n + 1, sum + value));
    sum / f64::from(n.max(1))
}

fn count(records: &[&Record], is: impl Fn(&Record) -> bool) -> usize {
    records.iter().filter(|record| is(record)).count()
}

/// Nothing where a resample has no such value, as a gain over nothing.
fn of_interval([low, high]: [f64; 2]) -> String {
    let is_known = low.is_finite() && high.is_finite();
    if is_known { format!("{:.1} to {:.1}", 100.0 * low, 100.0 * high) } else { String::new() }
}

fn signed(share: f64) -> String {
    if share.is_finite() { format!("{:+.1} %", 100.0 * share) } else { String::new() }
}

fn percent(part: usize, whole: usize) -> String {
    format!("{:.1} %", 100.0 * part as f32 / whole.max(1) as f32)
}

//! How often the instant engine is right, on the lines that real commits added.
//!
//! `cargo bench --bench quality -- --data DIR [--sample N] [--dump FILE] [--markdown]`; `FORETYPE_GIT_EDITS` serves for
//! `--data`. DIR holds, for each repository, `NAME.jsonl.gz` (one edited file a line: `path`, `before`, `after`, `hunks`
//! with the line ranges `old` and `new`) and `NAME.snapshot.tar.gz` (the tree before the first edit).

#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use anyhow::{Context as _, Result};
use foretype::document::{Clearance, DocumentId, Snapshot};
use foretype::engine::instant::{Instant, Options};
use foretype::engine::{Ask, Cancel};
use foretype::text::Text;
use foretype::workspace::index::{Builder, Changed, Index};

#[derive(serde::Deserialize)]
struct Edit {
    path: String,
    hunks: Vec<Hunk>,
    #[serde(default)]
    before: Option<String>,
    after: String,
}

#[derive(serde::Deserialize)]
struct Hunk {
    old: [usize; 2],
    new: [usize; 2],
}

/// Characters of the line's content that are typed when the question is asked.
const TYPED: [usize; 3] = [0, 3, 8];

struct Tally {
    n: usize,
    spoke: usize,
    right: usize,
    /// confidence, right of every top candidate
    tops: Vec<(f32, bool)>,
    in_candidates: usize,
    times: Vec<Duration>,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally { n: 0, spoke: 0, right: 0, tops: Vec::new(), in_candidates: 0, times: Vec::new() }
    }
}

struct Args {
    data: PathBuf,
    sample: usize,
    dump: Option<PathBuf>,
    bar: f32,
    show: usize,
}

fn main() -> Result<()> {
    let Some(args) = arguments()? else {
        println!("quality: skipped: no data (--data DIR or FORETYPE_GIT_EDITS)");
        return Ok(());
    };
    let mut dump =
        args.dump.as_ref().map(|path| std::fs::File::create(path).map(std::io::BufWriter::new)).transpose()?;
    let mut names: Vec<PathBuf> = std::fs::read_dir(&args.data)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.to_string_lossy().ends_with(".jsonl.gz"))
        .collect();
    names.sort();
    let mut tallies: BTreeMap<(String, usize), Tally> = BTreeMap::new();
    for path in names {
        let name = path.file_name().unwrap().to_string_lossy().trim_end_matches(".jsonl.gz").to_owned();
        let tree = tempfile::tempdir()?;
        let status = Command::new("tar")
            .arg("-xzf")
            .arg(args.data.join(format!("{name}.snapshot.tar.gz")))
            .arg("-C")
            .arg(tree.path())
            .status()?;
        anyhow::ensure!(status.success(), "tar failed on {name}");
        let started = Clock::now();
        let index = index(tree.path());
        println!("{name}: {} files, {} bytes, index in {:?}", index.n_files(), index.n_bytes(), started.elapsed());
        for (i, edit) in edits(&path)?.into_iter().enumerate() {
            ask_edit(&args, &name, tree.path(), &index, i, &edit, &mut tallies, &mut dump)?;
        }
    }
    report(&args, &mut tallies);
    Ok(())
}

fn arguments() -> Result<Option<Args>> {
    let mut data = std::env::var_os("FORETYPE_GIT_EDITS").map(PathBuf::from);
    let mut args = Args { data: PathBuf::new(), sample: 1, dump: None, bar: -1.0, show: 0 };
    let mut given = std::env::args().skip(1);
    while let Some(arg) = given.next() {
        let mut value = || given.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--data" => data = Some(value()?.into()),
            "--sample" => args.sample = value()?.parse()?,
            "--dump" => args.dump = Some(value()?.into()),
            "--bar" => args.bar = value()?.parse()?,
            "--show" => args.show = value()?.parse()?,
            _ => {}
        }
    }
    Ok(data.map(|data| Args { data, ..args }))
}

fn edits(path: &Path) -> Result<Vec<Edit>> {
    let mut child = Command::new("gzip").arg("-dc").arg(path).stdout(Stdio::piped()).spawn()?;
    let lines = BufReader::new(child.stdout.take().context("no output")?).lines();
    let edits = lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect();
    child.wait()?;
    edits
}

fn index(root: &Path) -> Index {
    let mut builder = Builder::default();
    let mut paths: Vec<PathBuf> = ignore::WalkBuilder::new(root)
        .build()
        .filter_map(|e| e.ok())
        .map(|e| e.into_path())
        .filter(|p| p.is_file())
        .collect();
    paths.sort();
    for path in paths {
        if let Ok(text) = std::fs::read_to_string(&path)
            && text.len() < 1 << 20
        {
            builder.add(Arc::from(path.strip_prefix(root).unwrap()), None, &text);
        }
    }
    builder.finish()
}

#[allow(clippy::too_many_arguments)]
fn ask_edit(
    args: &Args,
    repo: &str,
    _root: &Path,
    index: &Index,
    i_edit: usize,
    edit: &Edit,
    tallies: &mut BTreeMap<(String, usize), Tally>,
    dump: &mut Option<std::io::BufWriter<std::fs::File>>,
) -> Result<()> {
    let path: Arc<Path> = Arc::from(Path::new(&edit.path));
    let index = Arc::new(index.with(&[Changed { path: path.clone(), language: None, text: None }]));
    let source = index.clone();
    let engine = Instant::new(Options { min_confidence: 0.0 }, Arc::new(move || source.clone()));
    let old: Vec<&str> = edit.before.as_deref().unwrap_or_default().split_inclusive('\n').collect();
    let new: Vec<&str> = edit.after.split_inclusive('\n').collect();
    for hunk in &edit.hunks {
        for line_no in hunk.new[0]..hunk.new[1] {
            let line = new[line_no].trim_end();
            let content = line.trim_start();
            if content.is_empty() {
                continue;
            }
            if (i_edit * 7919 + line_no) % args.sample != 0 {
                continue;
            }
            for typed in TYPED {
                if content.chars().count() <= typed {
                    continue;
                }
                let n_typed: usize = content.chars().take(typed).map(char::len_utf8).sum();
                let (head, rest) = line.split_at(line.len() - content.len() + n_typed);
                let mut text = new[..line_no].concat();
                text.push_str(head);
                let offset = text.len();
                text.push('\n');
                // What is typed later is not there yet.
                text.push_str(&old[hunk.old[1].min(old.len())..].concat());
                let document = Snapshot {
                    id: DocumentId(Arc::from("file:///edited")),
                    path: Some(path.clone()),
                    language: None,
                    version: 1,
                    text: Text::new(&text),
                    tree: None,
                    clearance: Clearance::Cleared,
                };
                let ask = Ask { document: &document, offset, others: &[], max_lines: 1, n_candidates: 1 };
                let started = Clock::now();
                let weighed = engine.weigh(&ask, &Cancel::default());
                let took = started.elapsed();
                let tally = tallies.entry((repo.to_owned(), typed)).or_default();
                tally.n += 1;
                tally.times.push(took);
                tally.in_candidates += weighed.iter().any(|w| w.rest.trim_end() == rest) as usize;
                if let Some(top) = weighed.first() {
                    let right = top.rest.trim_end() == rest;
                    tally.tops.push((top.confidence, right));
                    if args.show > 0 && (i_edit + line_no) % args.show == 0 {
                        let rank = weighed.iter().position(|w| w.rest.trim_end() == rest);
                        println!(
                            "{} {:.2} {}|{} -> {} (rank {:?}) {}",
                            if right { "+" } else { "-" },
                            top.confidence,
                            head,
                            rest,
                            top.rest,
                            rank,
                            top.provenance
                        );
                    }
                }
                if let Some(dump) = dump {
                    let id = tallies.values().map(|t| t.n).sum::<usize>();
                    for w in weighed.iter().take(16) {
                        let label = (w.rest.trim_end() == rest) as u8 as f32;
                        for f in [id as f32, label, typed as f32].iter().chain(&w.features) {
                            dump.write_all(&f.to_le_bytes())?;
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

fn report(args: &Args, tallies: &mut BTreeMap<(String, usize), Tally>) {
    let bar = if args.bar >= 0.0 {
        args.bar
    } else {
        // The lowest bar at which 62 % of all shown are right.
        let mut all: Vec<(f32, bool)> = tallies.values().flat_map(|t| t.tops.iter().copied()).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut right, mut bar) = (0, 1.0);
        for (i, (confidence, ok)) in all.iter().enumerate() {
            right += *ok as usize;
            if right as f32 >= 0.62 * (i + 1) as f32 {
                bar = *confidence;
            }
        }
        bar
    };
    println!("bar {bar:.4}");
    println!(
        "| repository | typed | questions | spoken on | right of these | top right | among candidates | p50 | p99 |"
    );
    let mut total = (0, 0, 0);
    for ((repo, typed), t) in tallies.iter_mut() {
        t.times.sort();
        t.spoke = t.tops.iter().filter(|(c, _)| *c >= bar).count();
        t.right = t.tops.iter().filter(|(c, r)| *c >= bar && *r).count();
        let top = t.tops.iter().filter(|(_, r)| *r).count();
        total = (total.0 + t.n, total.1 + t.spoke, total.2 + t.right);
        let pct = |a: usize, b: usize| 100.0 * a as f32 / b.max(1) as f32;
        println!(
            "| {repo} | {typed} | {} | {:.1} % | {:.1} % | {:.1} % | {:.1} % | {:?} | {:?} |",
            t.n,
            pct(t.spoke, t.n),
            pct(t.right, t.spoke),
            pct(top, t.n),
            pct(t.in_candidates, t.n),
            t.times[t.times.len() / 2],
            t.times[t.times.len() * 99 / 100]
        );
    }
    println!(
        "all: {} questions, spoken on {:.1} %, right {:.1} %",
        total.0,
        100.0 * total.1 as f32 / total.0 as f32,
        100.0 * total.2 as f32 / total.1.max(1) as f32
    );
}

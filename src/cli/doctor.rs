//! `foretype doctor`: what is found, what is missing, what to do. Starts no program, waits for none, and
//! loads no model.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::output::{Output, Style};
use super::session::{Session, Wish};
use crate::config;
use crate::engine::local::backend::Backend;
use crate::engine::local::kernel::Isa;
use crate::engine::local::locate_in;
use crate::weights::{self, Store};
use crate::workspace;

/// One line of the report.
struct Finding {
    verdict: Verdict,
    what: &'static str,
    /// What was found, or what to do.
    say: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Fine,
    /// Works all the same.
    Note,
    /// Something must be done.
    Wrong,
}

/// The programs of the editors that there is something for.
const EDITORS: [(&str, &[&str]); 1] = [("Neovim", &["nvim"])];

pub fn run(output: &mut Output) -> Result<i32> {
    let here = std::env::current_dir().context("the current folder cannot be read; go to another one")?;
    let here = std::fs::canonicalize(&here).unwrap_or(here);
    let session = Session::around(&here, &Wish::default())?;
    let mut findings = settings(&session);
    findings.push(project(&session, &here));
    findings.extend(index(&session));
    findings.extend(symbols(&session));
    let model = model(&session);
    findings.push(engines(&session, &model));
    findings.push(model);
    findings.push(cpu(&session));
    findings.push(editors());

    writeln!(output, "{}", output.paint(Style::Bold, concat!("foretype ", env!("CARGO_PKG_VERSION"))))?;
    for Finding { verdict, what, say } in &findings {
        let mark = output.paint(verdict.style(), verdict.mark());
        writeln!(output, "  {mark}  {what:10}  {say}")?;
    }
    Ok(findings.iter().any(|finding| finding.verdict == Verdict::Wrong).into())
}

fn settings(session: &Session) -> Vec<Finding> {
    let what = "settings";
    let mut findings = Vec::new();
    let workspace_file = session.root.as_ref().map(|root| root.join(config::WORKSPACE_FILE));
    for file in [config::user_file(), workspace_file].into_iter().flatten().filter(|file| file.exists()) {
        findings.push(Finding { verdict: Verdict::Fine, what, say: file.display().to_string() });
    }
    if findings.is_empty() {
        let say = match config::user_file() {
            Some(file) => format!("the defaults; to change them, write {}", file.display()),
            None => "the defaults; to change them, set HOME and see `foretype config path`".to_string(),
        };
        findings.push(Finding { verdict: Verdict::Fine, what, say });
    }
    let wrong = |problem: &config::Problem| Finding { verdict: Verdict::Wrong, what, say: problem.to_string() };
    findings.extend(session.problems.iter().map(wrong));
    findings
}

fn project(session: &Session, here: &Path) -> Finding {
    match &session.root {
        Some(root) => Finding { verdict: Verdict::Fine, what: "project", say: root.display().to_string() },
        None => {
            let say = format!("{} is no project: open files are completed from their own text alone", here.display());
            Finding { verdict: Verdict::Note, what: "project", say }
        }
    }
}

fn index(session: &Session) -> Vec<Finding> {
    let Some(root) = &session.root else { return Vec::new() };
    let Some(summary) = &session.summary else {
        let say = format!("{} took too long to read; name its large folders in .foretypeignore", root.display());
        return vec![Finding { verdict: Verdict::Wrong, what: "index", say }];
    };
    if summary.n_files == 0 {
        let say = "no file to learn from; run this in a project, and see `workspace.index` in the settings".to_string();
        return vec![Finding { verdict: Verdict::Note, what: "index", say }];
    }
    let (files, size, took) = (summary.n_files, size(summary.n_bytes), summary.took.as_secs_f64());
    let say = format!("{files} files, {size}, read in {took:.2} s");
    let mut findings = vec![Finding { verdict: Verdict::Fine, what: "index", say }];
    if !summary.left_out.is_empty() {
        let reasons: Vec<String> = summary.left_out.iter().map(|(why, n)| format!("{why} ({n})")).collect();
        findings.push(Finding { verdict: Verdict::Fine, what: "left out", say: reasons.join(", ") });
    }
    findings.push(Finding { verdict: Verdict::Fine, what: "languages", say: languages(session) });
    findings
}

fn symbols(session: &Session) -> Option<Finding> {
    let what = "symbols";
    let Some(outlined) = &session.outlined else {
        session.summary.as_ref()?;
        let say = "the files took too long to parse; name large folders in .foretypeignore".to_string();
        return Some(Finding { verdict: Verdict::Wrong, what, say });
    };
    if outlined.n_files == 0 {
        return None;
    }
    let (n_symbols, n_files, took) =
        (session.project.symbols.n_symbols(), outlined.n_files, outlined.took.as_secs_f64());
    let parsed = match outlined.n_parsed {
        0 => "none parsed anew".to_string(),
        n => format!("{n} parsed anew"),
    };
    let kept = match &outlined.cache {
        None => format!("not kept, as {} names no folder", workspace::symbols::FOLDER_VARIABLE),
        Some(file) => match std::fs::metadata(file) {
            Ok(metadata) => format!("kept in {} ({})", file.display(), size(metadata.len() as usize)),
            Err(error) => format!("not kept: {}: {error}", file.display()),
        },
    };
    let say = format!("{n_symbols} in {n_files} files, {parsed}, in {took:.2} s; {kept}");
    Some(Finding { verdict: Verdict::Fine, what, say })
}

/// The most common ones, with their numbers of files.
fn languages(session: &Session) -> String {
    let mut counts = BTreeMap::<&str, usize>::new();
    for file in session.project.index.files() {
        *counts.entry(file.language.map_or("other", |language| language.id())).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let named: Vec<String> = counts.iter().take(8).map(|(language, n)| format!("{n} {language}")).collect();
    named.join(", ")
}

fn engines(session: &Session, model: &Finding) -> Finding {
    let describe = |engine: &&'static str| match *engine {
        "instant" => "instant (works offline, nothing to download)".to_string(),
        "local" if model.verdict != Verdict::Fine => "local (silent: see `model`)".to_string(),
        other => other.to_string(),
    };
    let engines: Vec<String> = session.engines.iter().map(describe).collect();
    Finding { verdict: Verdict::Fine, what: "engines", say: engines.join(", then ") }
}

/// The models that are here, and which of them the local engine takes.
fn model(session: &Session) -> Finding {
    let what = "model";
    let store = match Store::open() {
        Ok(store) => store,
        Err(error) => return Finding { verdict: Verdict::Note, what, say: format!("{error:#}") },
    };
    if !session.local.enabled {
        let say = format!("switched off by `local.enabled`; here: {}", listed(&present(&store, &[])));
        return Finding { verdict: Verdict::Note, what, say };
    }
    let used: Vec<String> = match locate_in(&store, &session.local) {
        Ok(models) => models.into_iter().map(|(name, _)| name).collect(),
        Err(error) => {
            // Without a choice of the user's, there being none is nothing wrong.
            let verdict = if session.local.model.is_empty() { Verdict::Note } else { Verdict::Wrong };
            return Finding { verdict, what, say: format!("{error:#}") };
        }
    };
    let mut say = used.join(", or where that is too slow ");
    let unused = present(&store, &used);
    if !unused.is_empty() {
        say.push_str(&format!("; not used: {}", listed(&unused)));
    }
    Finding { verdict: Verdict::Fine, what, say: format!("{say}; in {}", store.folder().display()) }
}

/// The models that are here, other than those.
fn present(store: &Store, others: &[String]) -> Vec<String> {
    let here = store.models().into_iter().filter(|model| store.holds(model).is_some() && !others.contains(&model.name));
    here.map(|model| format!("{} ({})", model.name, weights::size(model.n_bytes))).collect()
}

fn listed(models: &[String]) -> String {
    if models.is_empty() { "none".to_string() } else { models.join(", ") }
}

/// What makes a local model fast, or not.
fn cpu(session: &Session) -> Finding {
    let what = "cpu";
    let (backend, features) = (Backend::best(), Isa::features().join(", "));
    let has = if features.is_empty() { String::new() } else { format!(" (of {features})") };
    let threads = match session.local.n_threads {
        1 => "1 thread".to_string(),
        n => format!("{n} threads"),
    };
    let say = match &backend {
        Backend::Packed(isa) => format!("{} kernels{has} on {threads} for a model", isa.name()),
        Backend::Tensors(_) => format!("{} for a model", backend.name()),
    };
    if backend.is_slow() {
        let say = format!("{say}; there is nothing faster for this CPU, so a model is slow");
        return Finding { verdict: Verdict::Note, what, say };
    }
    Finding { verdict: Verdict::Fine, what, say }
}

fn editors() -> Finding {
    let found: Vec<String> = EDITORS
        .iter()
        .filter_map(|(name, programs)| {
            let path = programs.iter().find_map(|program| on_path(program))?;
            Some(format!("{name} ({})", path.display()))
        })
        .collect();
    match found.is_empty() {
        false => Finding { verdict: Verdict::Fine, what: "editors", say: found.join(", ") },
        true => {
            let say = "none found on the PATH; editors/neovim/README.md says how to set up Neovim".to_string();
            Finding { verdict: Verdict::Note, what: "editors", say }
        }
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    let program = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(&program)).find(|path| path.is_file())
}

fn size(n_bytes: usize) -> String {
    match n_bytes {
        0..10_000 => format!("{n_bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", n_bytes / 1000),
        _ => format!("{} MB", n_bytes / 1_000_000),
    }
}

impl Verdict {
    fn mark(self) -> &'static str {
        match self {
            Verdict::Fine => "ok  ",
            Verdict::Note => "note",
            Verdict::Wrong => "FIX ",
        }
    }

    fn style(self) -> Style {
        match self {
            Verdict::Fine => Style::Good,
            Verdict::Note => Style::Bold,
            Verdict::Wrong => Style::Bad,
        }
    }
}

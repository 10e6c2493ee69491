//! `foretype agent run`: a hand-off in the foreground. Questions are asked in the terminal; without one they are denied.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use crate::agent::{Agent, Desk, HandOff, Part, Question, State, Store, Task, Terms};
use crate::cli::input::{self, File};
use crate::cli::output::{self, Output, Style};
use crate::config::{self, Settings};
use crate::ledger;
use crate::privacy::{self, Level, Privacy};

#[derive(clap::Args)]
pub struct Arguments {
    /// What is to be done
    instruction: String,
    /// The agent, by its name in your settings; the first of them by default
    #[arg(long)]
    agent: Option<String>,
    /// What it is about: a file, or lines of one (`src/lib.rs:10-20`)
    #[arg(long, value_name = "FILE[:FROM-TO]")]
    about: Vec<String>,
    /// Print the hand-off as one JSON object at the end
    #[arg(long)]
    json: bool,
}

/// How often Ctrl-C is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub fn run(arguments: Arguments, store: Store, output: &mut Output) -> Result<i32> {
    let here = std::env::current_dir()?.canonicalize()?;
    let root = input::root_of(&here).context("a home or a whole disk is no project; go to a folder of one")?;
    let (settings, problems) = config::load(Some(&root), None);
    problems.iter().for_each(|problem| output::warn(&problem.to_string()));
    let agent = chosen(&settings, arguments.agent.as_deref())?;
    let privacy = Arc::new(Privacy::new(&settings.privacy).map_err(|why| anyhow!("privacy: {why}"))?);
    let mut task = Task { workspace: root.clone(), instruction: arguments.instruction, ..Task::default() };
    for about in &arguments.about {
        task.parts.push(part(about, &root, &privacy)?);
    }
    let mut options = settings.agents;
    let can_ask = io::stdin().is_terminal();
    if !can_ask {
        // Nobody will answer.
        options.ask_s = 0;
    }
    let terms = Terms { agent, options, money: settings.money, privacy };
    let ledger = ledger::usual_file().filter(|_| settings.ledger.enabled || terms.options.per_day_usd.is_some());
    let (send, news) = channel();
    let desk = Desk::new(store, ledger, move |hand_off| drop(send.send(hand_off)));
    let stop = interrupted();
    let begun = desk.start(task, terms)?;
    output::warn(&format!("{} begins; Ctrl-C ends it", begun.id));
    let (mut said, mut answered, mut is_stopping) = (String::new(), 0, false);
    let last = loop {
        if stop() && !std::mem::replace(&mut is_stopping, true) {
            // It may have ended meanwhile.
            let _ = desk.cancel(&begun.id);
        }
        match news.recv_timeout(LOOK_EVERY) {
            Ok(now) if !now.state.is_running() => break now,
            Ok(now) => {
                let line = now.line();
                if line != said {
                    eprintln!("  {line}");
                    said = line;
                }
                if let Some(question) = now.question.as_ref().filter(|question| can_ask && question.number > answered) {
                    answered = question.number;
                    desk.permit(&now.id, question.number, permits(question)?)?;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => bail!("the agents' thread has ended; see the log of `{}`", begun.id),
        }
    };
    // With it goes what is still to be written down.
    drop(desk);
    if arguments.json {
        serde_json::to_writer_pretty(&mut *output, &last).map_err(io::Error::from)?;
        writeln!(output)?;
    } else {
        print(&last, output)?;
    }
    Ok(i32::from(last.state != State::Review))
}

fn chosen(settings: &Settings, name: Option<&str>) -> Result<Agent> {
    let agents = &settings.agents.agents;
    let found = agents.iter().find(|agent| name.is_none_or(|name| agent.name == name)).cloned();
    found.ok_or_else(|| match name {
        Some(name) => anyhow!("no agent `{name}` is in `agents.use` of your settings"),
        None => anyhow!("no agent is chosen; name one in your settings, such as agents.use = [\"claude\"]"),
    })
}

/// A file, or some lines of it, as it may leave.
fn part(about: &str, root: &Path, privacy: &Privacy) -> Result<Part> {
    let lines = about.rsplit_once(':').and_then(|(file, lines)| {
        let (from, to) = lines.split_once('-').unwrap_or((lines, lines));
        Some((file, from.parse::<usize>().ok()?, to.parse::<usize>().ok()?))
    });
    let file = File::read(Path::new(lines.map_or(about, |(file, ..)| file)))?;
    match privacy.level(Some(root), &file.path) {
        Level::MayLeave => {}
        Level::Blocked(why) => bail!("{about} is not handed over: {why}"),
        Level::Local(why) => bail!("{about} is not handed over: {why}"),
    }
    let within = file.path.strip_prefix(root).map_err(|_| anyhow!("{about} is not in {}", root.display()))?;
    let path = PathBuf::from(within).to_string_lossy().replace('\\', "/");
    let (text, lines) = match lines {
        None => (file.text, None),
        Some((_, from, to)) if from >= 1 && from <= to => {
            let all: Vec<&str> = file.text.split_inclusive('\n').collect();
            let to = to.min(all.len());
            let some = all.get(from - 1..to).with_context(|| format!("{about}: the file has {} lines", all.len()))?;
            (some.concat(), Some(from - 1..to))
        }
        Some(_) => bail!("{about}: lines count from 1, such as src/lib.rs:10-20"),
    };
    if let Err(found) = privacy::clear_piece(&text) {
        bail!("{about} is not handed over: line {} of it looks like a {}", found.line(&text), found.kind);
    }
    Ok(Part { path, lines, text, what: "what it is about".to_string() })
}

fn permits(question: &Question) -> Result<bool> {
    eprint!("It wants to {}. Allow it, this once? [y/N] ", question.text);
    io::stderr().flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

fn print(last: &HandOff, output: &mut Output) -> Result<()> {
    let HandOff { id, state, reason, files, answer, usage, .. } = last;
    if !answer.trim().is_empty() {
        writeln!(output, "{}\n", answer.trim())?;
    }
    for file in files {
        writeln!(output, "  {}", file.display())?;
    }
    let style = if *state == State::Review { Style::Good } else { Style::Bad };
    let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    let cost = Some(usage.describe()).filter(|cost| !cost.is_empty()).map(|cost| format!(" · {cost}"));
    writeln!(output, "{}{because}{}", output.paint(style, state.name()), cost.unwrap_or_default())?;
    if state.is_reviewable() && !files.is_empty() {
        writeln!(output, "foretype agent show {id} shows what it has made, foretype agent apply {id} takes it over")?;
    }
    Ok(())
}

/// Whether Ctrl-C was pressed. The first time ends the agent, not us.
#[cfg(unix)]
fn interrupted() -> impl Fn() -> bool {
    let flag = Arc::new(std::sync::atomic::AtomicBool::new(false));
    // Without it, Ctrl-C ends us, and with us the agent.
    let _ = signal_hook::flag::register(2, flag.clone());
    move || flag.load(std::sync::atomic::Ordering::Relaxed)
}

#[cfg(not(unix))]
fn interrupted() -> impl Fn() -> bool {
    || false
}

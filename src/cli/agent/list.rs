//! `foretype agent list`: who works, who waits for you, who is stuck, and what it cost.

use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;

use crate::agent::{HandOff, State, Store};
use crate::cli::output::{self, Output, Style};

#[derive(clap::Args)]
pub struct Arguments {
    /// With the hidden ones
    #[arg(long)]
    all: bool,
    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments, store: &Store, output: &mut Output) -> Result<i32> {
    let mut all = store.recover();
    all.retain(|hand_off| arguments.all || hand_off.is_visible);
    if arguments.json {
        serde_json::to_writer_pretty(&mut *output, &all).map_err(io::Error::from)?;
        writeln!(output)?;
        return Ok(0);
    }
    if all.is_empty() {
        output::warn("nothing was handed over; `foretype agent run` hands a task to an agent of your settings");
        return Ok(1);
    }
    for hand_off in &all {
        print(hand_off, output)?;
    }
    Ok(0)
}

fn print(hand_off: &HandOff, output: &mut Output) -> io::Result<()> {
    let HandOff { id, title, agent, skill, state, reason, .. } = hand_off;
    let style = match state {
        State::Starting | State::Working => Style::Plain,
        State::Review | State::Applied => Style::Good,
        State::Waiting | State::Stalled | State::Failed | State::AuthRequired | State::OverBudget => Style::Bad,
        State::Cancelled | State::Discarded => Style::Dim,
    };
    let stand = output.paint(style, &format!("{:13}", state.name()));
    let (id, title) = (output.paint(Style::Bold, id), output.paint(Style::Plain, title));
    let skill = skill.as_ref().map(|skill| format!(" with {skill}")).unwrap_or_default();
    writeln!(output, "{stand} {id}  {title}")?;
    let since = ago(hand_off.ended.unwrap_or(hand_off.heard));
    let heard = if hand_off.ended.is_some() { "ended" } else { "heard of" };
    let mut facts = vec![format!("{agent}{skill}"), format!("{heard} {since} ago")];
    if state.is_running() {
        facts.push(hand_off.line());
    } else {
        facts.push(hand_off.n_files());
    }
    facts.extend(Some(hand_off.usage.describe()).filter(|usage| !usage.is_empty()));
    writeln!(output, "{:13} {}", "", output.paint(Style::Dim, &facts.join(" · ")))?;
    if !reason.is_empty() {
        writeln!(output, "{:13} {reason}", "")?;
    }
    Ok(())
}

fn ago(at: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let s = now.saturating_sub(Duration::from_millis(at.max(0) as u64)).as_secs();
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min", s / 60),
        3600..86_400 => format!("{} h", s / 3600),
        _ => format!("{} days", s / 86_400),
    }
}

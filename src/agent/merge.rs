//! Three-way merge of one text: what the agent changed, put onto what the user has now. Pure.
//!
//! Lines are the unit. Where both sides changed the same lines, or lines next to each other, in different ways, that is a
//! clash, and nothing at all is merged: no side is ever preferred.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use super::hunks::{Hunk, Lines, hunks};

/// Whole lines of the user's text, replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Bytes of the user's text.
    pub range: Range<usize>,
    pub text: String,
}

/// Lines that both sides changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// Where it begins in the user's text, 1-based.
    pub line: usize,
    pub base: String,
    pub ours: String,
    pub theirs: String,
}

/// What of a file's hunks is wanted, by their numbers from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    #[default]
    All,
    Some(BTreeSet<usize>),
}

/// The edits that bring the agent's changes (from `base` to `theirs`) into `ours`, by their places, none overlapping; none
/// where `ours` has them already. Line endings and byte order marks follow `ours` where an editor has changed all of them.
pub fn merge(base: &str, ours: &str, theirs: &str) -> Result<Vec<Edit>, Vec<Clash>> {
    let [base, theirs] = in_the_manner_of(ours, base, theirs);
    let (by_user, by_agent) = (hunks(&base, ours), hunks(&base, &theirs));
    let (base, ours, theirs) = (Lines::of(&base), Lines::of(ours), Lines::of(&theirs));
    let (mut edits, mut clashes) = (Vec::new(), Vec::new());
    // Lines that the user's text is ahead of the base, and the agent's, up to the group.
    let (mut user_shift, mut agent_shift) = (0, 0);
    for Group { user, agent } in groups(&by_user, &by_agent) {
        let all = || user.iter().chain(agent);
        let start = all().map(|hunk| hunk.old.start).min().unwrap_or_default();
        let end = all().map(|hunk| hunk.old.end).max().unwrap_or_default();
        let (user_start, agent_start) = (moved(start, user_shift), moved(start, agent_shift));
        user_shift += user.iter().map(growth).sum::<isize>();
        agent_shift += agent.iter().map(growth).sum::<isize>();
        let user_lines = user_start..moved(end, user_shift);
        let is_same = ours.slice(user_lines.clone()) == theirs.slice(agent_start..moved(end, agent_shift));
        if agent.is_empty() || is_same {
            continue;
        }
        let text = theirs.slice(agent_start..moved(end, agent_shift)).to_string();
        if user.is_empty() {
            edits.push(Edit { range: ours.bytes(user_lines), text });
        } else {
            let (line, was) = (user_lines.start + 1, base.slice(start..end).to_string());
            clashes.push(Clash { line, base: was, ours: ours.slice(user_lines).to_string(), theirs: text });
        }
    }
    if clashes.is_empty() { Ok(edits) } else { Err(clashes) }
}

/// The base with only the wanted hunks of the agent's.
pub fn pick(base: &str, theirs: &str, wanted: &Wanted) -> String {
    let Wanted::Some(wanted) = wanted else { return theirs.to_string() };
    let (old, new) = (Lines::of(base), Lines::of(theirs));
    let (mut picked, mut done) = (String::new(), 0);
    for (_, hunk) in hunks(base, theirs).into_iter().enumerate().filter(|(i, _)| wanted.contains(i)) {
        picked.push_str(old.slice(done..hunk.old.start));
        picked.push_str(new.slice(hunk.new));
        done = hunk.old.end;
    }
    picked.push_str(old.slice(done..old.len()));
    picked
}

/// The text after the edits.
pub fn edited(text: &str, edits: &[Edit]) -> String {
    let (mut result, mut done) = (String::new(), 0);
    for Edit { range, text: with } in edits {
        result.push_str(&text[done..range.start]);
        result.push_str(with);
        done = range.end;
    }
    result.push_str(&text[done..]);
    result
}

/// Hunks of both sides that touch one another.
struct Group<'a> {
    user: &'a [Hunk],
    agent: &'a [Hunk],
}

fn groups<'a>(user: &'a [Hunk], agent: &'a [Hunk]) -> Vec<Group<'a>> {
    let (mut u, mut a) = (0, 0);
    let mut groups = Vec::new();
    while u < user.len() || a < agent.len() {
        let (u_start, a_start) = (u, a);
        let first = [user.get(u), agent.get(a)].into_iter().flatten().map(|hunk| hunk.old.start).min();
        let mut end = first.unwrap_or_default();
        let touches = |hunk: Option<&Hunk>, end: usize| hunk.is_some_and(|hunk| hunk.old.start <= end);
        loop {
            if touches(user.get(u), end) {
                end = end.max(user[u].old.end);
                u += 1;
            } else if touches(agent.get(a), end) {
                end = end.max(agent[a].old.end);
                a += 1;
            } else {
                break;
            }
        }
        groups.push(Group { user: &user[u_start..u], agent: &agent[a_start..a] });
    }
    groups
}

fn growth(hunk: &Hunk) -> isize {
    hunk.new.len() as isize - hunk.old.len() as isize
}

fn moved(line: usize, shift: isize) -> usize {
    line.saturating_add_signed(shift)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Lf,
    CrLf,
    /// Both, or no line ends at all.
    Unclear,
}

fn ending(text: &str) -> Ending {
    let n_lines = memchr::memchr_iter(b'\n', text.as_bytes()).count();
    match memchr::memmem::find_iter(text.as_bytes(), b"\r\n").count() {
        0 if n_lines > 0 => Ending::Lf,
        n if n == n_lines && n > 0 => Ending::CrLf,
        _ => Ending::Unclear,
    }
}

/// Editors keep texts without their byte order mark, and some with line ends of their own. That is no change of the
/// user's, and nothing to undo.
fn in_the_manner_of<'a>(ours: &str, base: &'a str, theirs: &'a str) -> [Cow<'a, str>; 2] {
    const MARK: char = '\u{feff}';
    let [mut base, mut theirs] = [Cow::Borrowed(base), Cow::Borrowed(theirs)];
    if !ours.starts_with(MARK) && base.starts_with(MARK) {
        base = base.trim_start_matches(MARK).to_string().into();
        theirs = theirs.trim_start_matches(MARK).to_string().into();
    }
    let ending_of_ours = ending(ours);
    if ending_of_ours == Ending::Unclear || ending_of_ours == ending(&base) {
        return [base, theirs];
    }
    let converted = |text: Cow<'a, str>| {
        let text = text.replace("\r\n", "\n");
        Cow::Owned(if ending_of_ours == Ending::CrLf { text.replace('\n', "\r\n") } else { text })
    };
    [converted(base), converted(theirs)]
}

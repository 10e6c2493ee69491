//! What llama.vim keeps, shows and asks. Pure.

use std::time::Duration;

use serde_json::{Value, json};

use crate::text::Text;

/// Its defaults.
const N_PREFIX_LINES: usize = 256;
const N_SUFFIX_LINES: usize = 64;
const N_PREDICT: usize = 128;
const MAX_LINE_SUFFIX: usize = 8;
const MAX_CACHE_KEYS: usize = 250;
const WALK_BACK_BYTES: usize = 128;
/// An answer is also kept as if up to so many lines at the top were gone.
const N_SCROLLED: usize = 3;
const FIRST: Duration = Duration::from_millis(250);
const SPECULATIVE: Duration = Duration::from_millis(1000);
const MAX_PROMPT_MS: u64 = 500;

/// A cursor; the column in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

/// A wish to ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// Where the cursor is when it is asked, unless it is said here.
    pub place: Option<Place>,
    /// The lines of a suggestion that is taken to be accepted; empty for none.
    pub taken: Vec<String>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    context: Context,
    within: Duration,
}

/// The text around a place, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Context {
    prefix: String,
    middle: String,
    suffix: String,
    line_suffix: String,
    indent: usize,
}

/// A suggestion on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Behind the cursor; empty where it has been discarded.
    pub ghost: String,
    /// As it is taken to be accepted: with the rest of the line.
    pub lines: Vec<String>,
}

#[derive(Default)]
pub struct Policy {
    /// Oldest use first. The texts stand for their hashes.
    cache: Vec<Kept>,
    is_visible: bool,
    /// Of the last request: a speculative one says the same.
    indent: usize,
}

struct Kept {
    before: String,
    suffix: String,
    content: String,
}

impl Place {
    pub fn of(text: &Text, cursor: usize) -> Place {
        let line = text.line_of(cursor);
        Place { line, column: cursor - text.line_range(line).start }
    }
}

impl Policy {
    pub fn is_visible(&self) -> bool {
        self.is_visible
    }

    pub fn hide(&mut self) {
        self.is_visible = false;
    }

    /// What the cache has for this place, the exact one or the longest rest of one from up to 128 bytes before.
    pub fn hint(&mut self, text: &Text, place: Place) -> Option<Shown> {
        let context = Context::new(text, place, &[]);
        let content = self.find(&context);
        self.is_visible = false;
        let shown = shown(&content?, text, place);
        self.is_visible = !shown.ghost.is_empty();
        Some(shown)
    }

    /// `None` where it is not asked: too much right of the cursor, or an answer is there.
    pub fn request(&mut self, text: &Text, cursor: Place, call: &Call) -> Option<Request> {
        let place = call.place.unwrap_or(cursor);
        let mut context = Context::new(text, place, &call.taken);
        if context.line_suffix.len() > MAX_LINE_SUFFIX {
            return None;
        }
        let is_kept = |before: &String| self.cache.iter().any(|kept| kept.is_for(before, &context.suffix));
        if context.befores().any(|before| is_kept(&before)) {
            return None;
        }
        if call.taken.is_empty() {
            self.indent = context.indent;
        }
        context.indent = self.indent;
        Some(Request { within: if call.taken.is_empty() { FIRST } else { SPECULATIVE }, context })
    }

    /// Keeps an answer under all its keys.
    pub fn keep(&mut self, request: &Request, content: &str) {
        let Request { context, .. } = request;
        for before in context.befores() {
            self.cache.retain(|kept| !kept.is_for(&before, &context.suffix));
            if self.cache.len() >= MAX_CACHE_KEYS {
                self.cache.remove(0);
            }
            self.cache.push(Kept { before, suffix: context.suffix.clone(), content: content.to_string() });
        }
    }

    fn find(&mut self, context: &Context) -> Option<String> {
        let now = format!("{}{}", context.prefix, context.middle);
        if let Some(i) = self.cache.iter().position(|kept| kept.is_for(&now, &context.suffix)) {
            let kept = self.cache.remove(i);
            let content = kept.content.clone();
            self.cache.push(kept);
            return Some(content);
        }
        let rests = self.cache.iter().filter(|kept| kept.suffix == context.suffix).filter_map(|kept| {
            let typed = now.strip_prefix(&kept.before).filter(|typed| typed.len() <= WALK_BACK_BYTES)?;
            kept.content.strip_prefix(typed).filter(|rest| !rest.is_empty())
        });
        rests.max_by_key(|rest| rest.len()).map(str::to_string)
    }
}

impl Kept {
    fn is_for(&self, before: &str, suffix: &str) -> bool {
        self.before == before && self.suffix == suffix
    }
}

impl Request {
    /// The body of llama-server's `/infill`.
    pub fn body(&self) -> Value {
        let Request { context, within } = self;
        json!({
            "input_prefix": context.prefix,
            "input_suffix": context.suffix,
            "input_extra": [],
            "prompt": context.middle,
            "n_predict": N_PREDICT,
            "n_indent": context.indent,
            "top_k": 40,
            "top_p": 0.90,
            "samplers": ["top_k", "top_p", "infill"],
            "stream": false,
            "cache_prompt": true,
            "t_max_prompt_ms": MAX_PROMPT_MS,
            "t_max_predict_ms": within.as_millis() as u64,
        })
    }
}

impl Context {
    fn new(text: &Text, place: Place, taken: &[String]) -> Context {
        let line_at = |n: usize| text.slice(text.line_range(n)).into_owned();
        let lines = |range: std::ops::Range<usize>| range.map(line_at).collect::<Vec<String>>();
        let here = line_at(place.line);
        let suffix_end = text.n_lines().min(place.line + 1 + N_SUFFIX_LINES);
        let after = lines(place.line + 1..suffix_end).join("\n");
        let n_before = N_PREFIX_LINES.saturating_sub(taken.len().saturating_sub(1));
        let mut before = lines(place.line.saturating_sub(n_before)..place.line);

        let is_blank = here.trim().is_empty();
        let at = here.floor_char_boundary(place.column);
        let (middle, line_suffix) = match taken {
            [] if is_blank => (String::new(), String::new()),
            [] => (here[..at].to_string(), here[at..].to_string()),
            [only] => (format!("{here}{only}"), String::new()),
            [first, between @ .., last] => {
                before.push(format!("{here}{first}"));
                before.extend(between.iter().cloned());
                (last.clone(), String::new())
            }
        };
        let indent = if is_blank { 0 } else { here.len() - here.trim_start().len() };
        let prefix = format!("{}\n", before.join("\n"));
        Context { prefix, middle, suffix: format!("{line_suffix}\n{after}\n"), line_suffix, indent }
    }

    /// What stands before the place, whole and without its first lines.
    fn befores(&self) -> impl Iterator<Item = String> {
        let mut rest = Some(&*self.prefix);
        let prefixes = std::iter::from_fn(move || {
            let now = rest?;
            rest = now.split_once('\n').map(|(_, rest)| rest).filter(|rest| !rest.is_empty());
            Some(now)
        });
        prefixes.take(1 + N_SCROLLED).map(|prefix| format!("{prefix}{}", self.middle))
    }
}

/// How an answer is drawn; what repeats the text that is there already is discarded.
fn shown(content: &str, text: &Text, place: Place) -> Shown {
    let line_at = |n: usize| text.slice(text.line_range(n)).into_owned();
    let here = line_at(place.line);
    let mut lines: Vec<String> = content.split('\n').map(str::to_string).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    if lines.is_empty() {
        lines.push(String::new());
    }
    let at = here.floor_char_boundary(place.column);
    let (before, rest) = if here.trim().is_empty() {
        let n_blank = lines[0].len() - lines[0].trim_start_matches([' ', '\t']).len();
        let lead = lines[0].drain(..n_blank.min(here.len())).collect::<String>();
        (lead, String::new())
    } else {
        (here[..at].to_string(), here[at..].to_string())
    };
    if repeats(&lines, &before, &rest, text, place) {
        lines = vec![String::new()];
    }
    let ghost = lines.join("\n");
    if let Some(last) = lines.last_mut() {
        last.push_str(&rest);
    }
    Shown { ghost: if ghost.trim().is_empty() { String::new() } else { ghost }, lines }
}

fn repeats(lines: &[String], before: &str, rest: &str, text: &Text, place: Place) -> bool {
    let line_at = |n: usize| (n < text.n_lines()).then(|| text.slice(text.line_range(n)).into_owned());
    let follows = |wanted: &[String], from: usize| {
        wanted.iter().enumerate().all(|(i, line)| line_at(from + i).is_some_and(|there| there == *line))
    };
    if lines.len() > 1 && lines[0].is_empty() && follows(&lines[1..], place.line + 1) {
        return true;
    }
    if lines.len() == 1 && lines[0] == rest {
        return true;
    }
    let is_blank = |n: &usize| line_at(*n).is_some_and(|line| line.trim().is_empty());
    let next = (place.line + 1..text.n_lines()).find(|n| !is_blank(n)).unwrap_or(text.n_lines());
    if line_at(next).is_none_or(|there| there != format!("{before}{}", lines[0])) {
        return false;
    }
    match lines {
        [_] => true,
        [_, second] => line_at(next + 1).is_some_and(|there| there.starts_with(second.as_str())),
        [_, more @ ..] => follows(more, next + 1),
        [] => false,
    }
}

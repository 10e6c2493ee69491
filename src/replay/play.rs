//! Plays one trace against one server.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use url::Url;

use super::client::{Answer, Client};
use super::future::Future;
use super::screen::{self, Key, Seen, Show};
use super::trace::{Edit, Trace};
use super::usage::{Usage, usage};
use super::{Habit, Options};
use crate::syntax::Language;
use crate::text::{Encoding, Position, Text};

/// What was seen of one trace.
pub struct Played {
    pub name: String,
    pub seen: Vec<Seen>,
    pub keys: Vec<Key>,
    /// What the server says of the session, if it does.
    pub session: Value,
    /// While keys were played, and in the seconds of rest after them.
    pub busy: Option<Usage>,
    pub rest: Option<Usage>,
    /// How late the latest key went out.
    pub latest_ms: f64,
}

/// Neovim's `vim.lsp.inline_completion` asks when nothing was typed for so long.
const NEOVIM_DEBOUNCE: Duration = Duration::from_millis(200);

/// A model may have to be loaded: it has so long before the first key.
const WARM_UP: Duration = Duration::from_secs(20);
/// Whether there is rest is looked at so long after the last key, for so long.
const AFTER_LAST: Duration = Duration::from_secs(5);
const REST: Duration = Duration::from_secs(5);

struct Player<'a> {
    client: Client,
    options: &'a Options,
    uri: String,
    text: Text,
    version: i32,
    keys: Vec<Key>,
    /// The number of each request, with the key that it is for.
    asked: Vec<(u64, usize)>,
}

pub fn play(trace: &Trace, options: &Options) -> Result<Played> {
    let mut player = Player::start(trace, options)?;
    player.warm_up()?;
    let pid = player.client.pid();
    let before = usage(pid);
    let started = Instant::now() + Duration::from_millis(50);
    let mut latest = Duration::ZERO;
    for i in 0..trace.edits.len() {
        if !options.waits {
            latest = latest.max(sleep_until(started + Duration::from_secs_f64(trace.edits[i].at)));
        }
        player.press(&trace.edits, i)?;
        let gap = trace.edits.get(i + 1).map_or(f64::INFINITY, |next| next.at - trace.edits[i].at);
        player.ask(gap, options.waits)?;
    }
    let after = usage(pid);
    std::thread::sleep(if options.waits { Duration::ZERO } else { AFTER_LAST });
    let before_rest = usage(pid);
    std::thread::sleep(if options.waits { Duration::ZERO } else { REST });
    let rest = before_rest.zip(usage(pid)).map(|(a, b)| b.since(&a));
    let busy = before.zip(after).map(|(a, b)| b.since(&a));
    player.finish(trace, busy, rest, latest)
}

impl<'a> Player<'a> {
    fn start(trace: &Trace, options: &'a Options) -> Result<Player<'a>> {
        let mut words = options.server.iter();
        let mut command = match words.next() {
            Some(program) => Command::new(program),
            None => Command::new(std::env::current_exe().context("this program's own file is not known")?),
        };
        // A replay is nobody's typing: it must not be learned from.
        command.args(words).env("FORETYPE_LEDGER", "");
        let client = Client::start(command, None, &options.settings)?;
        // Nobody's file: the text is in the trace alone.
        let folder = std::env::temp_dir().join("foretype-replay");
        let uri = Url::from_file_path(folder.join(&trace.path)).map_or("untitled:replay".to_string(), String::from);
        let (text, keys, asked) = (Text::new(&trace.text), Vec::new(), Vec::new());
        let mut player = Player { client, options, uri, text, version: 1, keys, asked };
        let language = Language::from_path(&PathBuf::from(&trace.path)).map_or("plaintext", Language::id);
        let item = json!({"uri": player.uri, "languageId": language, "version": 1, "text": trace.text});
        player.client.notify("textDocument/didOpen", json!({"textDocument": item}))?;
        Ok(player)
    }

    /// Asks in the middle of the text until many answers in a row are quick: by then what is to be loaded is.
    fn warm_up(&mut self) -> Result<()> {
        let started = Instant::now();
        let mut n_quick = 0;
        while n_quick < 20 && started.elapsed() < WARM_UP {
            let asked = Instant::now();
            let id = self.request(self.text.floor_char_boundary(self.text.len() / 2), 1)?;
            self.client.wait(id)?;
            n_quick = if asked.elapsed() < Duration::from_millis(500) { n_quick + 1 } else { 0 };
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    fn press(&mut self, edits: &[Edit], i: usize) -> Result<()> {
        let edit = &edits[i];
        let end = edit.offset + edit.n_deleted;
        let range = json!({"start": self.position(edit.offset), "end": self.position(end)});
        self.text.replace(edit.offset..end, &edit.inserted);
        self.version += 1;
        let document = json!({"uri": self.uri, "version": self.version});
        let changes = json!([{"range": range, "text": edit.inserted}]);
        self.client.notify("textDocument/didChange", json!({"textDocument": document, "contentChanges": changes}))?;
        self.keys.push(Key {
            at: Instant::now(),
            offset: edit.offset + edit.inserted.len(),
            start: edit.offset,
            n_deleted: edit.n_deleted,
            inserted: edit.inserted.clone(),
            is_asked: edit.is_typed(),
            future: Future::after(edits, i),
        });
        Ok(())
    }

    /// As the editor does, for the last key; the next one comes after `gap` seconds.
    fn ask(&mut self, gap: f64, waits: bool) -> Result<()> {
        let Some(key) = self.keys.last().filter(|key| key.is_asked) else { return Ok(()) };
        let (at, offset) = (key.at, key.offset);
        if self.options.habit == Habit::Neovim && !waits {
            if gap < NEOVIM_DEBOUNCE.as_secs_f64() {
                return Ok(());
            }
            sleep_until(at + NEOVIM_DEBOUNCE);
        }
        if let (Habit::Vscode, false, Some((before, _))) = (self.options.habit, waits, self.asked.last()) {
            self.client.cancel(*before)?;
        }
        let id = self.request(offset, 2)?;
        self.asked.push((id, self.keys.len() - 1));
        if waits {
            self.client.wait(id)?;
        }
        Ok(())
    }

    fn request(&mut self, offset: usize, trigger: u8) -> Result<u64> {
        let params = json!({
            "textDocument": {"uri": self.uri}, "position": self.position(offset), "context": {"triggerKind": trigger},
        });
        self.client.request("textDocument/inlineCompletion", params)
    }

    fn position(&self, offset: usize) -> Value {
        let Position { line, character } = self.text.position(offset, self.client.encoding);
        json!({"line": line, "character": character})
    }

    fn finish(mut self, trace: &Trace, busy: Option<Usage>, rest: Option<Usage>, latest: Duration) -> Result<Played> {
        let command = json!({"command": "foretype.session", "arguments": []});
        let session = self.client.ask("workspace/executeCommand", command).unwrap_or_default();
        let answers = self.client.answers();
        let mut text = Text::new(&trace.text);
        let mut asked = self.asked.iter().peekable();
        let mut shows = Vec::new();
        for (i, edit) in trace.edits.iter().enumerate() {
            text.replace(edit.offset..edit.offset + edit.n_deleted, &edit.inserted);
            while let Some((id, _)) = asked.next_if(|(_, key)| *key == i) {
                let answer = answers.get(id).filter(|answer| answer.message.get("result").is_some());
                shows.extend(answer.map(|answer| show(answer, i, &text, self.keys[i].offset, self.client.encoding)));
            }
        }
        shows.sort_by_key(|show| show.at);
        let seen = screen::watch(&self.keys, &shows, self.options.habit == Habit::Neovim);
        let latest_ms = latest.as_secs_f64() * 1e3;
        Ok(Played { name: trace.name.clone(), seen, keys: self.keys, session, busy, rest, latest_ms })
    }
}

/// An answer as the editor would take it, in the text that its key left.
fn show(answer: &Answer, key: usize, text: &Text, offset: usize, encoding: Encoding) -> Show {
    let result = &answer.message["result"];
    let items = result.as_array().or(result["items"].as_array());
    let item = items.and_then(|items| items.first());
    let insert = item.and_then(|item| item["insertText"].as_str().or(item["insertText"]["value"].as_str()));
    let (mut fits, mut shown) = (true, insert.map(str::to_string));
    if let (Some(item), Some(insert)) = (item, insert)
        && item["range"].is_object()
    {
        let at = |end: &str| {
            let number = |name: &str| item["range"][end][name].as_u64().unwrap_or_default() as u32;
            let position = Position { line: number("line"), character: number("character") };
            (position.line, text.offset(position, encoding))
        };
        let ((first, start), (last, end)) = (at("start"), at("end"));
        // What the range holds before the cursor is there already.
        let before = text.slice(start.min(offset)..offset);
        let is_around = start <= offset && end >= offset && first == last;
        let rest = insert.strip_prefix(&*before);
        fits = is_around && rest.is_some();
        let after = text.slice(offset..end.max(offset));
        shown = rest.map(|rest| rest.strip_suffix(&*after).unwrap_or(rest).to_string());
    }
    let source = item.and_then(|item| item["command"]["arguments"][1].as_str()).unwrap_or("unknown").to_string();
    Show { key, at: answer.at, text: shown.filter(|text| !text.is_empty()), source, fits }
}

/// How late it is already.
pub fn sleep_until(at: Instant) -> Duration {
    let now = Instant::now();
    if at > now {
        std::thread::sleep(at - now);
    }
    Instant::now().saturating_duration_since(at)
}

//! An imitated editor with its language server.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use serde_json::{Map, Value, json};
use url::Url;

use super::client::{Client, Message, Reply};
use super::habits::{self, Habits};
use super::log::{Answer, Given, Item, Log};
use super::play::Player;
use super::script::{Action, Moment, Script};
use crate::text::{Encoding, Position, Text};

pub struct Editor<'a> {
    script: &'a Script,
    client: Client,
    habits: Habits,
    encoding: Encoding,
    start: Instant,
    uris: Vec<String>,
    is_open: Vec<bool>,
    /// As the server has them.
    texts: Vec<Text>,
    version: i32,
    /// The moments of requests without an answer, and whether each was asked for once more.
    asked: HashMap<u64, (usize, bool)>,
    /// The moment that was played last, and whether it was answered.
    now: Option<usize>,
    is_answered: bool,
    has_session: bool,
}

/// Who is imitated.
#[derive(Clone, Copy, Debug)]
pub struct Imitated {
    pub client: habits::Client,
    /// Asks again when the server says that there is more, as our clients for the editors do ([`MORE`]).
    pub hears_of_more: bool,
}

/// Our own notification, and the experimental capability of those who know it.
const MORE: &str = "foretype/suggestionReady";
const MORE_CAPABILITY: &str = "foretypeSuggestionReady";

/// The command that a server may have to tell what it did: it answers an object of numbers.
const SESSION: &str = "foretype.session";

impl<'a> Editor<'a> {
    /// Starts the server in `folder`, an empty project, past `initialize`.
    pub fn start(
        script: &'a Script,
        (name, command): (&str, Command),
        imitated: Imitated,
        folder: &Path,
        settings: &Value,
    ) -> Result<Editor<'a>> {
        let mut client = Client::start(name, command)?;
        let url = |path: &Path| Url::from_file_path(path).map_err(|()| anyhow!("{}: no absolute path", path.display()));
        let root = url(folder)?;
        let result = client.ask(
            "initialize",
            &json!({
                "processId": std::process::id(),
                "clientInfo": {"name": "foretype replay"},
                "rootUri": root,
                "workspaceFolders": [{"uri": root, "name": "replay"}],
                "initializationOptions": settings,
                "capabilities": {
                    "general": {"positionEncodings": ["utf-8", "utf-16"]},
                    "textDocument": {"inlineCompletion": {"dynamicRegistration": false}},
                    "experimental": {MORE_CAPABILITY: imitated.hears_of_more},
                },
            }),
        )?;
        let capabilities = &result["capabilities"];
        if matches!(capabilities["inlineCompletionProvider"], Value::Null | Value::Bool(false)) {
            bail!(
                "`{name}` does not say `inlineCompletionProvider` in its capabilities; give `--server` one that \
                 answers textDocument/inlineCompletion"
            );
        }
        let encoding = match capabilities["positionEncoding"].as_str() {
            Some("utf-8") => Encoding::Utf8,
            Some("utf-32") => Encoding::Utf32,
            _ => Encoding::Utf16,
        };
        let commands = capabilities["executeCommandProvider"]["commands"].as_array();
        let has_session = commands.is_some_and(|commands| commands.iter().any(|command| command == SESSION));
        client.notify("initialized", &json!({}))?;
        let uris = script.documents.iter().map(|document| Ok(url(&folder.join(&document.path))?.to_string()));
        Ok(Editor {
            uris: uris.collect::<Result<_>>()?,
            is_open: vec![false; script.documents.len()],
            texts: vec![Text::default(); script.documents.len()],
            habits: Habits::new(imitated.client),
            script,
            client,
            encoding,
            start: Instant::now(),
            version: 1,
            asked: HashMap::new(),
            now: None,
            is_answered: false,
            has_session,
        })
    }

    /// Opens what the script opens first and asks once, for whatever a server does before its first answer; the clock
    /// starts then.
    pub fn warm_up(&mut self) -> Result<Instant> {
        let place = self.script.moments.iter().find(|moment| moment.action == Action::Open);
        if let Some(moment) = place {
            self.open(moment)?;
            // That it fails is for the measured requests to show.
            let params = self.place(moment);
            let id = self.client.request("textDocument/inlineCompletion", &params)?;
            let end = Instant::now() + Duration::from_secs(30);
            let is_it = |message: &Message| matches!(message, Message::Reply(reply) if reply.id == id);
            while self.client.next(end)?.is_some_and(|message| !is_it(&message)) {}
            self.close(moment.document)?;
        }
        self.start = Instant::now();
        Ok(self.start)
    }

    /// Asks the server what it did, and lets it go.
    pub fn finish(mut self) -> Map<String, Value> {
        let asked = self
            .has_session
            .then(|| self.client.ask("workspace/executeCommand", &json!({"command": SESSION, "arguments": []})));
        self.client.shut_down();
        match asked {
            Some(Ok(Value::Object(session))) => session,
            _ => Map::new(),
        }
    }

    fn open(&mut self, moment: &Moment) -> Result<()> {
        if self.is_open[moment.document] {
            self.close(moment.document)?;
        }
        self.is_open[moment.document] = true;
        let (uri, language) = (&self.uris[moment.document], &self.script.documents[moment.document].language);
        let text = moment.text.to_string();
        self.texts[moment.document] = moment.text.clone();
        let item = json!({"uri": uri, "languageId": language, "version": self.version, "text": text});
        self.client.notify("textDocument/didOpen", &json!({"textDocument": item}))
    }

    fn close(&mut self, document: usize) -> Result<()> {
        let uri = &self.uris[document];
        self.is_open[document] = false;
        self.client.notify("textDocument/didClose", &json!({"textDocument": {"uri": uri}}))
    }

    fn change(&mut self, moment: &Moment, edits: &[crate::typing::Edit]) -> Result<()> {
        let text = &mut self.texts[moment.document];
        let mut changes = Vec::with_capacity(edits.len());
        for edit in edits {
            let range = edit.offset..edit.offset + edit.delete;
            let (start, end) = (text.position(range.start, self.encoding), text.position(range.end, self.encoding));
            changes.push(json!({"range": {"start": wire(start), "end": wire(end)}, "text": edit.insert}));
            text.replace(range, &edit.insert);
        }
        self.version += 1;
        let document = json!({"uri": self.uris[moment.document], "version": self.version});
        self.client.notify("textDocument/didChange", &json!({"textDocument": document, "contentChanges": changes}))
    }

    fn place(&self, moment: &Moment) -> Value {
        json!({
            "textDocument": {"uri": self.uris[moment.document]},
            "position": wire(moment.text.position(moment.cursor, self.encoding)),
            "context": {"triggerKind": 2},
        })
    }

    fn ask_due(&mut self) -> Result<()> {
        if let Some(i) = self.habits.take_due(self.start.elapsed()) {
            let params = self.place(&self.script.moments[i]);
            let id = self.client.request("textDocument/inlineCompletion", &params)?;
            self.habits.asked(id);
            self.asked.insert(id, (i, self.is_answered));
        }
        Ok(())
    }

    fn take(&mut self, reply: Reply, log: &mut Log) {
        self.habits.answered(reply.id);
        let Some((moment, is_again)) = self.asked.remove(&reply.id) else { return };
        self.is_answered |= self.now == Some(moment);
        let given = match reply.result {
            Ok(result) => given(&result, &self.script.moments[moment], self.encoding),
            Err(_) => Given::Failed,
        };
        log.answers.push(Answer { moment, at: reply.at.saturating_duration_since(self.start), is_again, given });
    }

    /// The server has more than it has answered, which holds for one place of one version.
    fn hear_of_more(&mut self, params: &Value) {
        let Some(i) = self.now.filter(|_| params["textDocument"]["version"] == self.version) else { return };
        let moment = &self.script.moments[i];
        let is_here = place(&params["position"]) == Some(moment.text.position(moment.cursor, self.encoding));
        if moment.is_key && is_here && params["textDocument"]["uri"] == self.uris[moment.document] {
            self.habits.told(i, self.start.elapsed());
        }
    }
}

impl Player for Editor<'_> {
    fn play(&mut self, i: usize, moment: &Moment, log: &mut Log) -> Result<()> {
        let now = self.start.elapsed();
        log.played.push(now);
        (self.now, self.is_answered) = (Some(i), false);
        for id in self.habits.played(i, moment.is_key, now) {
            self.client.notify("$/cancelRequest", &json!({"id": id}))?;
        }
        match &moment.action {
            Action::Open => self.open(moment)?,
            Action::Edit(edits) => self.change(moment, edits)?,
        }
        self.ask_due()
    }

    fn listen(&mut self, end: Instant, log: &mut Log) -> Result<()> {
        loop {
            let until = self.habits.due().map_or(end, |due| end.min(self.start + due));
            match self.client.next(until)? {
                Some(Message::Reply(reply)) => self.take(reply, log),
                Some(Message::Notification { method, params }) if method == MORE => self.hear_of_more(&params),
                Some(Message::Notification { .. }) => {}
                None => self.ask_due()?,
            }
            if Instant::now() >= end && self.habits.due().is_none_or(|due| self.start + due > end) {
                return Ok(());
            }
        }
    }

    fn is_waiting(&self) -> bool {
        self.habits.is_waiting()
    }

    fn process_id(&self) -> u32 {
        self.client.process_id()
    }
}

/// The first item of an answer, checked against the text that it was asked for.
pub fn given(result: &Value, moment: &Moment, encoding: Encoding) -> Given {
    let items = result.as_array().or_else(|| result["items"].as_array());
    let Some(item) = items.and_then(|items| items.first()) else { return Given::Nothing };
    let text = item["insertText"].as_str().or_else(|| item["insertText"]["value"].as_str());
    let Some(text) = text else { return Given::Misfit("it has no `insertText`".to_string()) };
    let range = &item["range"];
    let (start, end) = match (place(&range["start"]), place(&range["end"])) {
        (Some(start), Some(end)) => (start, end),
        _ => (moment.text.position(moment.cursor, encoding), moment.text.position(moment.cursor, encoding)),
    };
    let offset = |position| moment.text.offset(position, encoding);
    if [start, end].iter().any(|place| moment.text.position(offset(*place), encoding) != *place) {
        return Given::Misfit("its range is outside the text".to_string());
    }
    let range = offset(start)..offset(end);
    if start.line != end.line || range.start > moment.cursor || range.end < moment.cursor {
        return Given::Misfit("its range is not around the cursor, on one line".to_string());
    }
    if !text.starts_with(&*moment.text.slice(range.start..moment.cursor)) {
        return Given::Misfit("it does not begin with what it replaces left of the cursor".to_string());
    }
    let source = item["command"]["arguments"][1].as_str().unwrap_or("unknown").to_string();
    if text.len() == moment.cursor - range.start {
        return Given::Nothing;
    }
    Given::Item(Item { start: range.start, end: range.end, text: text.to_string(), source })
}

fn place(wire: &Value) -> Option<Position> {
    let number = |key: &str| u32::try_from(wire[key].as_u64()?).ok();
    Some(Position { line: number("line")?, character: number("character")? })
}

fn wire(position: Position) -> Value {
    json!({"line": position.line, "character": position.character})
}

//! A question that came over HTTP, answered as the editor's own would be: for the open document that it is from, else
//! for a text of its own, which has passed the same privacy rules.

use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use super::excerpt::{self, Found};
use super::handlers::inline_completion::{Asked, record};
use super::state::{State, WeakState};
use crate::document::{Clearance, DocumentId, Snapshot};
use crate::http::{Filled, Question, Session};
use crate::ledger::{self, totals};
use crate::predictor::outcome::Surface;
use crate::predictor::{Request, Trigger};
use crate::suggestion::Suggestion;
use crate::syntax::{Language, Tree};
use crate::text::Text;

pub struct Filler(pub WeakState);

/// Of a text of its own, the beginning tells it from others while somebody types.
const NAMING_BYTES: usize = 64;

/// The scheme of texts of their own.
const SCHEME: &str = "foretype-http:";

impl Session for Filler {
    fn fill(&self, question: Question) -> Filled {
        let state = self.0.clone();
        Box::pin(async move {
            let Some(state) = state.upgrade() else { return String::new() };
            fill(state, question).await.unwrap_or_default()
        })
    }

    fn metrics(&self) -> String {
        self.0.upgrade().map(|state| metrics(&state)).unwrap_or_default()
    }
}

async fn fill(state: State, question: Question) -> Option<String> {
    let arrived = Instant::now();
    state.recorder.count(totals::REQUESTS);
    let services = state.services()?;
    let request = {
        let state = state.clone();
        // Searching and parsing would hold up the reader of messages.
        tokio::task::spawn_blocking(move || request(&state, &question)).await.ok()??
    };
    let is_open = !request.document.id.0.starts_with(SCHEME);
    // Superseded: nobody waits for the text any more.
    let answered = Asked::start(&state, services, request, arrived).answer(&state).await.ok()??;
    if is_open {
        record(&state, &answered, Surface::Text);
    }
    let right = answered.document.text.slice(answered.offset..answered.document.text.len());
    insertable(answered.suggestions.first()?, &right).map(str::to_string)
}

/// `None` where nothing may be answered.
fn request(state: &State, question: &Question) -> Option<Request> {
    let others = state.documents.lock().snapshots();
    let (document, offset) = match excerpt::find(&others, &question.prefix, &question.suffix) {
        Found::At(number, offset) => (others[number].clone(), offset),
        Found::Denied => return None,
        Found::Nowhere => (own_document(state, question), question.prefix.len()),
    };
    Some(Request { document, offset, others, trigger: Trigger::Automatic, selected: None, takes_beginnings: false })
}

/// A document that is made of the question alone.
fn own_document(state: &State, question: &Question) -> Snapshot {
    let path = question.path.as_ref().map(|path| absolute(&state.folders(), Path::new(path)));
    let language = question.language.or_else(|| Language::from_path(path.as_deref()?));
    let text = Text::new(&[question.prefix.as_str(), question.suffix.as_str()].concat());
    let tree = language.and_then(|language| Tree::parse(&text, language, None, &mut || false).ok());
    let mut document = Snapshot {
        id: own_id(question),
        path: path.map(Arc::from),
        language,
        version: 0,
        text,
        tree,
        clearance: Clearance::Pending,
        edited: Arc::default(),
    };
    document.clearance = state.analysis.judge(&document);
    document
}

/// The same while somebody types, so that the cache serves it and the newest request wins; no text can be read from it.
fn own_id(question: &Question) -> DocumentId {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    let beginning = &question.prefix[..question.prefix.floor_char_boundary(NAMING_BYTES)];
    let named = question.path.as_deref().unwrap_or_else(|| beginning.lines().next().unwrap_or_default());
    DocumentId(format!("{SCHEME}{:016x}", KEY.hash_one((question.path.is_some(), named))).into())
}

fn absolute(folders: &[PathBuf], path: &Path) -> PathBuf {
    folders.first().map_or_else(|| path.to_path_buf(), |folder| folder.join(path))
}

/// What can be put in at the cursor and leaves the rest as it is: where the suggestion replaces what stands right of
/// the cursor, it ends before that.
fn insertable<'s>(suggestion: &'s Suggestion, right: &str) -> Option<&'s str> {
    let replaced = right.get(..suggestion.n_replaced)?;
    let end = if replaced.is_empty() { suggestion.text.len() } else { suggestion.text.rfind(replaced)? };
    Some(&suggestion.text[..end])
}

/// What a session counts, in Prometheus's text format.
fn metrics(state: &State) -> String {
    let Some(services) = state.services() else { return String::new() };
    let tally = services.predictor.tally();
    let mut text = String::from(
        "# HELP foretype_predictions_total Requests since the settings were read, by what they came to.\n\
         # TYPE foretype_predictions_total counter\n",
    );
    let outcomes = [
        ("cache", tally.n_cache),
        ("instant", tally.n_instant),
        ("adopted", tally.n_adopted),
        ("model", tally.n_model),
        ("nothing", tally.n_nothing),
        ("cancelled", tally.n_cancelled),
    ];
    for (outcome, n) in outcomes {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "foretype_predictions_total{{outcome=\"{outcome}\"}} {n}");
    }
    let costs = state.recorder.place().map(|file| ledger::metrics(&file));
    match costs.transpose() {
        Ok(costs) => text + &costs.unwrap_or_default(),
        Err(error) => {
            tracing::warn!("no costs among the metrics: {error:#}");
            text
        }
    }
}

//! The remote engine, against a provider that does what the test says.

mod bill;
#[cfg(feature = "otlp")]
mod collector;
mod events;
mod faults;
mod keys;
mod otlp;
mod outage;
mod outage_model;
mod pace;
mod protocols;
pub mod provider;
mod recipes;
#[cfg(target_os = "linux")]
mod sealed;
mod server_model;
mod tls;
mod told;
mod whole;
mod words;

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use foretype::context::{Gathered, Place};
use foretype::document::{Clearance, DocumentId, Snapshot};
use foretype::engine::purse::{Planned, Purse, Receipt, Used};
use foretype::engine::remote::{Endpoint, Net, Protocol, Remote};
use foretype::engine::{Ask, Cancel, Candidate, Engine, Failure, Finish};
use foretype::syntax::Language;
use foretype::text::Text;

/// Where the tests ask.
const BEFORE: &str = "fn add(a: u32, b: u32) -> u32 {\n    ";
const AFTER: &str = "\n}\n";

/// Longer than a question ever waits, so that it is sent at once.
const CLIENT_WAITS: Duration = Duration::from_secs(1);

fn endpoint(protocol: Protocol, url: &str) -> Endpoint {
    let (url, model) = (url.to_string(), "small".to_string());
    Endpoint { url, model, timeout_ms: 200, ..Endpoint::new("team", protocol) }
}

fn remote(endpoint: Endpoint) -> Remote {
    paid_by(endpoint, None)
}

fn paid_by(endpoint: Endpoint, purse: Option<Arc<dyn Purse>>) -> Remote {
    let contexts = Arc::new(|_: &Place| Gathered::default());
    Remote::new(endpoint, Arc::new(Net::start().unwrap()), contexts, purse, CLIENT_WAITS).unwrap()
}

fn document(text: &str) -> Snapshot {
    Snapshot {
        id: DocumentId("file:///a.rs".into()),
        path: None,
        language: Language::from_id("rust"),
        version: 0,
        text: Text::new(text),
        tree: None,
        clearance: Clearance::Cleared,
        edited: Arc::default(),
    }
}

/// All that is said between [`BEFORE`] and [`AFTER`], and how it ends.
fn ask(engine: &Remote, cancel: &Cancel) -> (Vec<Candidate>, Finish) {
    let document = document(&format!("{BEFORE}{AFTER}"));
    let offset = BEFORE.len();
    let ask = Ask { max_lines: 3, ..Ask::at(&document, offset) };
    let mut said = Vec::new();
    let finish = engine.generate(&ask, cancel, &mut |candidate| {
        said.push(candidate);
        ControlFlow::Continue(())
    });
    (said, finish)
}

/// The text that is whole, or why there is none.
fn text(engine: &Remote) -> Result<String, Finish> {
    match ask(engine, &Cancel::default()) {
        (said, Finish::Done) => Ok(said.into_iter().find(|said| !said.is_growing).unwrap().text),
        (_, finish) => Err(finish),
    }
}

fn failure(engine: &Remote) -> Failure {
    match text(engine) {
        Err(Finish::Failed(failure)) => failure,
        other => panic!("{other:?}"),
    }
}

/// Remembers what was reserved and settled.
#[derive(Default)]
struct Book {
    planned: Mutex<Vec<Planned>>,
    used: Mutex<Vec<(i64, Used)>>,
}

impl Purse for Book {
    fn reserve(&self, planned: &Planned) -> Result<Receipt, Failure> {
        let mut all = self.planned.lock().unwrap();
        all.push(planned.clone());
        Ok(Receipt(all.len() as i64))
    }

    fn settle(&self, receipt: Receipt, used: Used) {
        self.used.lock().unwrap().push((receipt.0, used));
    }
}

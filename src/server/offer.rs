//! The offer to download a model, made once to whoever has none: the question, and the pull that a yes begins. A pull
//! can also be asked for by name ([`Offering::pull`]).
//!
//! The user may take any time to answer, so the question has a task of its own; a pull has its own thread. Nothing
//! waits for either, but the server's end for the pull's. Read [`Offering::make`] first.

use std::cell::Cell;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tower_lsp::Client;

use super::client::{self, Abilities};
use super::progress::Bar;
use crate::config::Settings;
use crate::engine::local;
use crate::weights::{Failure, Model, Options, Progress, Pull, Store, size, table};

/// The bar's token: by it the client stops the pull.
pub const TOKEN: &str = "foretype.model";

const DOWNLOAD: &str = "Download";
const NOT_NOW: &str = "Not now";
const NEVER: &str = "Never";

/// A pull that was told to stop does so within some 50 ms; the end of the server waits no longer than this.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// What is offered, where it goes, and how its sources are asked.
#[derive(Clone)]
pub struct Offer {
    pub model: Model,
    pub store: Store,
    pub options: Options,
}

/// The one offer of a server.
pub struct Offering {
    /// Absent where models have no place.
    offer: Option<Offer>,
    is_made: AtomicBool,
    pulling: Arc<Pulling>,
}

/// The pull, of which there is at most one.
#[derive(Default)]
struct Pulling {
    stop: AtomicBool,
    /// Disconnected when the thread has ended.
    ended: Mutex<Option<mpsc::Receiver<Infallible>>>,
}

/// What the pull's thread says.
enum News {
    Percent(u64),
    Doing(String),
    Ended(Result<PathBuf, Failure>),
}

impl Offer {
    /// The first model of the table, for the user's folder.
    pub fn usual() -> Result<Offer> {
        let model = table().first().cloned().ok_or_else(|| anyhow!("the table of models is empty"))?;
        Ok(Offer { model, store: Store::open()?, options: Options::from_environment() })
    }

    /// Whether there is no model, nobody is getting it, and the user has not said never. Looks at the disk.
    fn is_wanted(&self, settings: &local::Options) -> bool {
        let is_missing = local::locate_in(&self.store, settings).is_err() && self.store.holds(&self.model).is_none();
        is_missing && !self.store.is_declined() && !self.store.is_locked(&self.model.name)
    }

    fn question(&self) -> String {
        let Model { name, n_bytes, card, .. } = &self.model;
        let licence = card.map(|card| format!(", licence {}", card.licence)).unwrap_or_default();
        let size = size(*n_bytes);
        format!(
            "foretype: a code model on this machine makes better suggestions, and nothing that you write is sent \
             anywhere. Download {name} ({size}{licence})?"
        )
    }

    /// Starts the pull's thread.
    fn start(self, pulling: &Arc<Pulling>) -> UnboundedReceiver<News> {
        let (send, news) = unbounded_channel();
        let (alive, ended) = mpsc::channel();
        *pulling.ended.lock() = Some(ended);
        pulling.stop.store(false, Ordering::Relaxed);
        let pulling = pulling.clone();
        let run = move || {
            self.fetch(&pulling.stop, &send);
            drop(alive);
        };
        // Without the thread there is no news, and `follow` says so.
        let _ = std::thread::Builder::new().name("model pull".to_string()).spawn(run);
        news
    }

    fn fetch(&self, stop: &AtomicBool, news: &UnboundedSender<News>) {
        // A whole percent at a time: chunks come thousands of times.
        let percent = Cell::new(0);
        // The receiver ends with the server.
        let say = |said| drop(news.send(said));
        let report = |progress: Progress| match progress {
            Progress::Bytes(n_bytes) => {
                let now = n_bytes * 100 / self.model.n_bytes.max(1);
                if percent.replace(now) != now {
                    say(News::Percent(now));
                }
            }
            Progress::Trying(source) => say(News::Doing(format!("from {source}"))),
            Progress::Verifying => say(News::Doing("checking".to_string())),
            Progress::GaveUp(_) => {}
        };
        let pull = Pull { store: &self.store, options: &self.options, stop, report: &report };
        say(News::Ended(pull.fetch(&self.model)));
    }
}

impl Offering {
    pub fn new(offer: Option<Offer>) -> Offering {
        Offering { offer, is_made: AtomicBool::new(false), pulling: Arc::default() }
    }

    /// Asks, if there is something to ask and somebody who answers. Only the first call does anything.
    pub fn make(&self, client: &Client, abilities: Abilities, settings: &Settings) {
        let Some(offer) = self.offer.clone().filter(|_| !self.is_made.swap(true, Ordering::Relaxed)) else { return };
        let may_ask = settings.asks_for_model && settings.local.enabled && settings.local.model.is_empty();
        if may_ask && abilities.message_actions {
            tokio::spawn(make(offer, client.clone(), abilities, settings.local.clone(), self.pulling.clone()));
        }
    }

    /// Every model that can be pulled by name, for a list to choose from. Looks at the disk.
    pub fn models(&self) -> Vec<Value> {
        let store = self.offer.iter().map(|offer| &offer.store);
        let row = |store: &Store, model: Model| {
            let card = model.card;
            json!({
                "name": model.name,
                "size": size(model.n_bytes),
                "licence": card.map(|card| card.licence),
                "about": card.map(|card| card.about),
                "is_here": store.holds(&model).is_some(),
            })
        };
        store.flat_map(|store| store.models().into_iter().map(|model| row(store, model))).collect()
    }

    /// Begins to pull a model because the user said so. `Err` holds the sentence for the user.
    pub fn pull(&self, name: &str, client: &Client, abilities: Abilities) -> Result<(), String> {
        let Some(offer) = self.offer.clone() else {
            return Err("there is no place for models; set HOME, or FORETYPE_MODELS to a folder".to_string());
        };
        let Some(model) = offer.store.model(name) else {
            let names: Vec<String> = offer.store.models().into_iter().map(|model| model.name).collect();
            return Err(format!("there is no model `{name}`; there are {}", names.join(", ")));
        };
        if offer.store.holds(&model).is_some() {
            return Err(format!("the model `{name}` is here already"));
        }
        if self.pulling.is_under_way() {
            return Err("a model is being downloaded already; let it end, or cancel it".to_string());
        }
        let (offer, client, pulling) = (Offer { model, ..offer }, client.clone(), self.pulling.clone());
        tokio::spawn(async move { pull(offer, &client, abilities, &pulling).await });
        Ok(())
    }

    /// Ends the pull, if there is one; what came so far is kept.
    pub fn stop(&self) {
        self.pulling.stop.store(true, Ordering::Relaxed);
    }
}

impl Pulling {
    fn is_under_way(&self) -> bool {
        self.ended.lock().as_ref().is_some_and(|ended| ended.try_recv() == Err(mpsc::TryRecvError::Empty))
    }
}

impl Drop for Offering {
    fn drop(&mut self) {
        self.stop();
        // Else the process may end before a program that the pull has started.
        if let Some(ended) = self.pulling.ended.lock().take() {
            let _ = ended.recv_timeout(LAST_WAIT);
        }
    }
}

async fn make(
    offer: Offer,
    client: Client,
    abilities: Abilities,
    settings: local::Options,
    pulling: Arc<Pulling>,
) -> Option<()> {
    let judge = move || offer.is_wanted(&settings).then_some(offer);
    let offer = tokio::task::spawn_blocking(judge).await.ok()??;
    let answer = client::ask(&client, offer.question(), &[DOWNLOAD, NOT_NOW, NEVER]).await?;
    match answer.as_str() {
        DOWNLOAD => pull(offer, &client, abilities, &pulling).await,
        NEVER => {
            let declined = tokio::task::spawn_blocking(move || offer.store.decline()).await.ok()?;
            if let Err(error) = declined {
                client::show_warning(&client, format!("foretype: your answer is not kept: {error:#}")).await;
            }
        }
        _ => {}
    }
    Some(())
}

/// Pulls the model, and says how it goes.
async fn pull(offer: Offer, client: &Client, abilities: Abilities, pulling: &Arc<Pulling>) {
    let name = offer.model.name.clone();
    let begin = json!({"title": format!("foretype: downloading {name}"), "cancellable": true, "percentage": 0});
    let bar = Bar::begin(client, abilities, TOKEN, begin).await;
    let ended = follow(offer.start(pulling), bar.as_ref()).await;
    let (message, is_failure) = match ended {
        Ok(_) => (format!("{name} is here, and used from now on"), false),
        Err(Failure::Stopped) => (Failure::Stopped.to_string(), false),
        Err(failure) => (format!("{failure}. To try again, run `foretype model pull {name}`"), true),
    };
    match bar {
        Some(bar) if is_failure => bar.end("not downloaded").await,
        Some(bar) => return bar.end(&message).await,
        None => {}
    }
    let message = format!("foretype: {message}");
    if is_failure { client::show_warning(client, message).await } else { client::show_info(client, message).await }
}

/// Forwards the news to the bar, until the last of them.
async fn follow(mut news: UnboundedReceiver<News>, bar: Option<&Bar>) -> Result<PathBuf, Failure> {
    while let Some(said) = news.recv().await {
        let report = match said {
            News::Percent(percent) => json!({"percentage": percent}),
            News::Doing(what) => json!({"message": what}),
            News::Ended(ended) => return ended,
        };
        if let Some(bar) = bar {
            bar.report(report).await;
        }
    }
    Err(Failure::Here(anyhow!("the download has ended by itself; restart the server and report this")))
}

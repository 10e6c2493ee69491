//! What we add to a request to an endpoint: from the question to the first words, beside the bare exchange of the same
//! bytes.
//!
//! `cargo bench --bench remote`. The provider is a server on loopback that answers at once, behind a proxy's address, so
//! that it counts as another machine and the prompt is looked through for secrets. Each question is asked in turns: bare,
//! by the engine alone, with its cost written down, and by the router before all that. Prints one table.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

use std::ops::ControlFlow;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router as App;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use foretype::context::{Gathered, Place};
use foretype::document::{Clearance, DocumentId, Snapshot};
use foretype::engine::purse::Purse;
use foretype::engine::remote::{Endpoint, Net, Protocol, Remote};
use foretype::engine::scripted::Scripted;
use foretype::engine::{Ask, Cancel, Engine, Finish};
use foretype::ledger::Till;
use foretype::ledger::money::{Budget, Options as Money};
use foretype::ledger::prices::Price;
use foretype::router::{Options, Route, Router};
use foretype::syntax::Language;
use foretype::text::Text;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const N_QUESTIONS: usize = 1000;
const N_WARM: usize = 50;

/// Reached through the proxy alone.
const URL: &str = "http://models.example/v1";
const MODEL: &str = "model";

/// Longer than a question ever waits for the next key, so that it is sent at once.
const CLIENT_WAITS: Duration = Duration::from_secs(1);

/// What the provider was sent last.
type Seen = Arc<Mutex<(HeaderMap, Bytes)>>;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("the threads of a runtime");
    if std::env::args().any(|arg| arg == ASKER) {
        return ask_all(&runtime);
    }
    // The proxy is the environment's, and that is set before a process begins.
    let proxy = runtime.block_on(provider());
    let this = std::env::current_exe().expect("the path of this program");
    let status = Command::new(this).arg(ASKER).env("http_proxy", proxy).env_remove("no_proxy").status();
    std::process::exit(status.expect("this program starts again").code().unwrap_or(1));
}

const ASKER: &str = "--asker";

/// Answers each request with a line, and a request for `/seen` with the one before; its URL.
async fn provider() -> String {
    let seen = Seen::default();
    let app = App::new().fallback(answer).with_state(seen);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async { axum::serve(listener, app).await });
    url
}

async fn answer(
    State(seen): State<Seen>,
    headers: HeaderMap,
    body: Bytes,
) -> ([(header::HeaderName, &'static str); 1], Bytes) {
    if body.is_empty() {
        return ([(header::CONTENT_TYPE, "application/json")], seen.lock().expect("no panic").1.clone());
    }
    *seen.lock().expect("no panic") = (headers, body);
    let words = "data: {\"choices\":[{\"text\":\"items.len();\",\"finish_reason\":\"stop\"}],\
                 \"usage\":{\"prompt_tokens\":1500,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n";
    ([(header::CONTENT_TYPE, "text/event-stream")], Bytes::from_static(words.as_bytes()))
}

fn ask_all(runtime: &Runtime) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let till = Arc::new(Till::new(&folder.path().join("ledger.sqlite"), money(), |notice| eprintln!("{notice}")));
    let alone = Remote::new(endpoint(), net(), contexts(), None, CLIENT_WAITS).expect("an engine");
    let purse: Option<Arc<dyn Purse>> = Some(till);
    let counted = Arc::new(Remote::new(endpoint(), net(), contexts(), purse, CLIENT_WAITS).expect("an engine"));
    let router = router(counted.clone());
    let bare = reqwest::Client::builder().tcp_nodelay(true).build().expect("a client");

    let document = Document::new();
    let mut times: [Vec<Duration>; 4] = Default::default();
    for i in 0..N_WARM + N_QUESTIONS {
        let (snapshot, offset) = document.typed(i);
        let ask = Ask { max_lines: 3, ..Ask::at(&snapshot, offset) };
        let by_engine = first_words(&alone, &ask);
        let body = runtime.block_on(async { bare.get(URL).send().await?.bytes().await }).expect("the last body");
        let by_counted = first_words(counted.as_ref(), &ask);
        let by_router = first_words(&router, &ask);
        let exchange = runtime.block_on(exchange(&bare, body));
        if i >= N_WARM {
            for (times, took) in times.iter_mut().zip([exchange, by_engine, by_counted, by_router]) {
                times.push(took);
            }
        }
    }
    print_table(times);
}

/// From the question to the first candidate.
fn first_words(engine: &dyn Engine, ask: &Ask) -> Duration {
    let (started, mut first) = (Instant::now(), None);
    let finish = engine.generate(ask, &Cancel::default(), &mut |_| {
        first.get_or_insert_with(|| started.elapsed());
        ControlFlow::Continue(())
    });
    assert_eq!(finish, Finish::Done);
    first.expect("words")
}

/// From the request to the first bytes of its answer, on a warm connection.
async fn exchange(client: &reqwest::Client, body: Bytes) -> Duration {
    let started = Instant::now();
    let request = client.post(format!("{URL}/completions")).header(header::CONTENT_TYPE, "application/json");
    let mut response = request.body(body).send().await.expect("an answer");
    response.chunk().await.expect("a stream").expect("words");
    let took = started.elapsed();
    while response.chunk().await.expect("a stream").is_some() {}
    took
}

fn print_table([exchange, alone, counted, routed]: [Vec<Duration>; 4]) {
    println!(
        "| {N_QUESTIONS} questions, to the first words | p50 | p99 | above the bare exchange, p50 | p99 |\n|---|---|---|---|---|"
    );
    let ms = |time: f64| format!("{:.2} ms", time * 1e3);
    let percentile = |mut times: Vec<f64>, percent: usize| {
        times.sort_by(f64::total_cmp);
        times[(times.len() * percent).div_ceil(100) - 1]
    };
    let row = |what: &str, times: &[Duration]| {
        let seconds: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
        let above: Vec<f64> = seconds.iter().zip(&exchange).map(|(ours, bare)| ours - bare.as_secs_f64()).collect();
        let [p50, p99] = [50, 99].map(|percent| ms(percentile(seconds.clone(), percent)));
        let [above_50, above_99] = [50, 99].map(|percent| ms(percentile(above.clone(), percent)));
        println!("| {what} | {p50} | {p99} | {above_50} | {above_99} |");
    };
    row("the bare exchange of the same bytes", &exchange);
    row("the engine alone", &alone);
    row("with its cost written down before and after, under a budget", &counted);
    row("with the router before it, and a local model behind", &routed);
}

fn endpoint() -> Endpoint {
    let (url, model) = (URL.to_string(), MODEL.to_string());
    Endpoint { url, model, plain_http: true, ..Endpoint::new("team", Protocol::Completions) }
}

fn net() -> Arc<Net> {
    Arc::new(Net::start().expect("a thread"))
}

fn contexts() -> Arc<dyn Fn(&Place) -> Gathered + Send + Sync> {
    Arc::new(|_: &Place| Gathered::default())
}

fn money() -> Money {
    let price = Price { input: 0.3, cached_input: 0.03, output: 0.9 };
    let budget = Budget { provider: "team".to_string(), per_day_usd: Some(1000.0), per_month_usd: Some(1000.0) };
    Money { prices: vec![(MODEL.to_string(), price)], budgets: vec![budget], ..Money::default() }
}

fn router(engine: Arc<Remote>) -> Router {
    let (label, deadline) = ("team".into(), engine.endpoint().timeout());
    let team = Route { engine, label, deadline, is_remote: true, may_answer: None };
    let behind = Scripted::new(|_, _| Ok(vec!["local();".to_string()]));
    Router::new(vec![team, Route::local(Arc::new(behind))], Options::default(), |_| ())
}

/// A file of this project, in the middle of which a line is typed key by key, again and again.
struct Document {
    before: String,
    after: String,
}

const LINE: &str = "let mut considered = self.pieces.iter().filter(|piece| piece.is_whole()).collect::<Vec<_>>();";

impl Document {
    fn new() -> Document {
        let source = include_str!("../src/engine/remote.rs");
        let middle = source[..source.len() / 2].rfind('\n').map_or(0, |at| at + 1);
        Document { before: source[..middle].to_string() + "        ", after: format!("\n{}", &source[middle..]) }
    }

    /// After so many keys, and the cursor behind them.
    fn typed(&self, n_keys: usize) -> (Snapshot, usize) {
        let (n_lines, n_typed) = (n_keys / LINE.len(), n_keys % LINE.len());
        let before = format!("{}{}{}", self.before, format!("{LINE}\n        ").repeat(n_lines), &LINE[..n_typed]);
        let snapshot = Snapshot {
            id: DocumentId("file:///remote.rs".into()),
            path: None,
            language: Language::from_id("rust"),
            version: n_keys as i32,
            text: Text::new(&format!("{before}{}", self.after)),
            tree: None,
            clearance: Clearance::Cleared,
            edited: Arc::default(),
        };
        (snapshot, before.len())
    }
}

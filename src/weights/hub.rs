//! The model hub over HTTP: what it says of a file, and the file, from where the last pull stopped.
//!
//! The one place that is async: each entry runs a small runtime of its own and blocks.

use std::fmt;
use std::fs::File;
use std::future::Future;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use reqwest::header::{CONTENT_RANGE, HeaderMap, LOCATION, RANGE};
use reqwest::{Client, Response, StatusCode, Url, redirect};

use super::store::is_name;
use super::{Failure, Model, Progress, Pull, Source};

/// How often the stop switch is looked at while nothing comes.
const TICK: Duration = Duration::from_millis(50);

/// How often a cut connection is taken up again within one pull.
const N_RESUMES: usize = 3;

/// Most redirects that are followed within the hub on the way to what it says of a file.
const N_HOPS: usize = 4;

/// One file of a hub: `hf:OWNER/REPO/FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// `OWNER/REPO`.
    pub repository: String,
    /// May lie in folders.
    pub file: String,
}

/// How one connection ended.
enum End {
    Whole,
    Cut(anyhow::Error),
}

impl Reference {
    /// Reads `hf:OWNER/REPO/FILE`, of which every part is a plain name and the last ends in `.gguf`.
    pub fn read(text: &str) -> Result<Reference> {
        let wrong = || anyhow!("`{text}` is no file of the hub; write hf:OWNER/REPO/FILE.gguf");
        let path = text.strip_prefix("hf:").ok_or_else(wrong)?;
        let parts: Vec<&str> = path.split('/').collect();
        let [owner, repository, file @ ..] = parts.as_slice() else { return Err(wrong()) };
        if file.is_empty() || !path.ends_with(".gguf") || !parts.iter().all(|part| is_name(part)) {
            return Err(wrong());
        }
        Ok(Reference { repository: format!("{owner}/{repository}"), file: file.join("/") })
    }

    /// The name that the file gets here.
    pub fn name(&self) -> &str {
        let file = self.file.rsplit('/').next().unwrap_or(&self.file);
        file.strip_suffix(".gguf").unwrap_or(file)
    }

    fn url(&self, endpoint: &str) -> Result<Url> {
        let Reference { repository, file } = self;
        let url = format!("{endpoint}/{repository}/resolve/main/{file}");
        Url::parse(&url).with_context(|| format!("{url} is no address; set HF_ENDPOINT to one such as https://HOST"))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hf:{}/{}", self.repository, self.file)
    }
}

/// Fills the model's `.part` up.
pub fn download(pull: &Pull, reference: &Reference, model: &Model) -> Result<(), Failure> {
    let url = reference.url(&pull.options.endpoint).map_err(Failure::Source)?;
    block_on(async {
        let client = client(pull, redirect::Policy::limited(10))?;
        let mut cut = None;
        for _ in 0..=N_RESUMES {
            match connection(pull, &client, &url, model).await? {
                End::Whole => return Ok(()),
                End::Cut(cause) => cut = Some(cause),
            }
        }
        let cause = cut.unwrap_or_else(|| anyhow!("nothing came"));
        Err(Failure::Source(cause.context("the connection was cut again and again")))
    })
}

/// Size and SHA-256 of a file, in the hub's own words: the headers of the answer that points to its storage.
pub fn look_up(pull: &Pull, reference: &Reference) -> Result<Model, Failure> {
    let mut url = reference.url(&pull.options.endpoint).map_err(Failure::Source)?;
    block_on(async {
        let client = client(pull, redirect::Policy::none())?;
        for _ in 0..N_HOPS {
            let response = unless_stopped(pull, client.head(url.clone()).send()).await?.map_err(unreachable)?;
            if let Some((sha256, n_bytes)) = stated(response.headers()) {
                let sources = vec![Source::Hub(reference.clone())];
                return Ok(Model { name: reference.name().to_string(), n_bytes, sha256, sources, card: None });
            }
            match moved(&response) {
                Some(to) => url = to,
                None => return Err(Failure::Source(unstated(reference, response.status()))),
            }
        }
        Err(Failure::Source(anyhow!("{reference}: the hub sends from address to address; give the file's present one")))
    })
}

fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Here(anyhow!("no connection can be made: {error}; try again")))?;
    let ended = runtime.block_on(work);
    // A name look-up that hangs must not hold up the next source.
    runtime.shutdown_background();
    ended
}

fn client(pull: &Pull, redirects: redirect::Policy) -> Result<Client, Failure> {
    Client::builder()
        .user_agent(concat!("foretype/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(pull.options.connect_within)
        .read_timeout(pull.options.stalled_after)
        .redirect(redirects)
        // Offsets are those of the file, not of some encoding.
        .no_gzip()
        .build()
        .map_err(unreachable)
}

/// The result of `work`, unless the pull is stopped before.
async fn unless_stopped<T>(pull: &Pull<'_>, work: impl Future<Output = T>) -> Result<T, Failure> {
    tokio::pin!(work);
    loop {
        pull.go_on()?;
        if let Ok(done) = tokio::time::timeout(TICK, &mut work).await {
            return Ok(done);
        }
    }
}

/// Asks for the bytes that are missing and appends what comes.
async fn connection(pull: &Pull<'_>, client: &Client, url: &Url, model: &Model) -> Result<End, Failure> {
    let path = pull.store.part(&model.name);
    let n_there = std::fs::metadata(&path).map_or(0, |part| part.len());
    if n_there == model.n_bytes {
        return Ok(End::Whole);
    }
    // Longer than the file is no start of it.
    let from = if n_there < model.n_bytes { n_there } else { 0 };
    let mut request = client.get(url.clone());
    if from > 0 {
        request = request.header(RANGE, format!("bytes={from}-"));
    }
    let response = unless_stopped(pull, request.send()).await?.map_err(unreachable)?;
    let start = start_of(&response, from, model).map_err(Failure::Source)?;
    let part = open_at(&path, start).map_err(|error| pull.disk(model, &path, &error))?;
    receive(pull, response, model, part, start).await
}

/// Opened to be written from there on; what stood after that is gone.
fn open_at(path: &Path, offset: u64) -> io::Result<File> {
    let mut file = File::options().create(true).truncate(false).write(true).open(path)?;
    if file.metadata()?.len() != offset {
        file.set_len(offset)?;
    }
    file.seek(SeekFrom::Start(offset))?;
    Ok(file)
}

/// Writes the body. `n_there`: bytes of the file before it.
async fn receive(
    pull: &Pull<'_>,
    mut response: Response,
    model: &Model,
    mut part: File,
    mut n_there: u64,
) -> Result<End, Failure> {
    loop {
        (pull.report)(Progress::Bytes(n_there));
        match unless_stopped(pull, response.chunk()).await? {
            Ok(Some(chunk)) => {
                n_there += chunk.len() as u64;
                if n_there > model.n_bytes {
                    return Err(Failure::Source(wrong_size(model, "more")));
                }
                let written = part.write_all(&chunk);
                written.map_err(|error| pull.disk(model, &pull.store.part(&model.name), &error))?;
            }
            Ok(None) if n_there == model.n_bytes => return Ok(End::Whole),
            Ok(None) => return Ok(End::Cut(anyhow!("it ended at {n_there} of {} bytes", model.n_bytes))),
            Err(error) if error.is_timeout() => return Err(unreachable(error)),
            Err(error) => return Ok(End::Cut(anyhow!(error.without_url()))),
        }
    }
}

/// The offset in the file at which the answer's body starts: `from`, or 0 from a server that sends the whole file.
fn start_of(response: &Response, from: u64, model: &Model) -> Result<u64> {
    let (start, end) = match response.status() {
        StatusCode::OK => (0, response.content_length()),
        StatusCode::PARTIAL_CONTENT => {
            let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
            range.and_then(range_of).context("the server sent a part without saying which; pull again")?
        }
        status => return Err(refusal(status)),
    };
    if start != 0 && start != from {
        bail!("the server sent another part ({start}) than it was asked for ({from}); pull again");
    }
    match end {
        Some(end) if end != model.n_bytes => Err(wrong_size(model, &end.to_string())),
        _ => Ok(start),
    }
}

/// `bytes 5-9/10` starts at 5, in a file of 10.
fn range_of(header: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = header.strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split_once('-')?.0.parse().ok()?, total.parse().ok()))
}

fn wrong_size(model: &Model, found: &str) -> anyhow::Error {
    anyhow!("the hub's file has {found} bytes, the known one has {}: it is another file", model.n_bytes)
}

/// The SHA-256 and the size that the hub keeps of a large file.
fn stated(headers: &HeaderMap) -> Option<(String, u64)> {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let sha256 = header("x-linked-etag")?.trim_start_matches("W/").trim_matches('"').to_ascii_lowercase();
    let n_bytes = header("x-linked-size")?.parse().ok()?;
    // Small files are kept by another kind of hash.
    (sha256.len() == 64 && sha256.bytes().all(|digit| digit.is_ascii_hexdigit())).then_some((sha256, n_bytes))
}

/// The next address, for a repository that has another name by now. Other hosts know nothing of the file.
fn moved(response: &Response) -> Option<Url> {
    let to = response.headers().get(LOCATION)?.to_str().ok()?;
    let to = response.url().join(to).ok()?;
    (response.status().is_redirection() && to.origin() == response.url().origin()).then_some(to)
}

fn unstated(reference: &Reference, status: StatusCode) -> anyhow::Error {
    if status.is_client_error() || status.is_server_error() {
        return refusal(status).context(reference.to_string());
    }
    anyhow!(
        "{reference}: the hub states no SHA-256 for it, so it cannot be verified; fetch it yourself and give its path"
    )
}

fn refusal(status: StatusCode) -> anyhow::Error {
    let what = match status.as_u16() {
        401 | 403 => "the hub refuses it; it is misspelt, or for members only",
        404 => "the hub has no such file; check owner, repository and file",
        429 => "the hub has had too many requests from here; try later",
        500.. => "the hub is out of order; try later",
        _ => "the hub's answer makes no sense; try later",
    };
    anyhow!("{what} (HTTP {})", status.as_u16())
}

fn unreachable(error: reqwest::Error) -> Failure {
    let what = if error.is_timeout() { "the hub does not answer in time" } else { "the hub cannot be reached" };
    // The outer errors only repeat that, and one of them holds the storage's address with its token.
    let error = anyhow!(error.without_url());
    Failure::Source(anyhow!("{what}: {}; check the connection", error.root_cause()))
}

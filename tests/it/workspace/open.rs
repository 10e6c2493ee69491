//! Open documents: their text counts before it is saved, and their packages come first.

use foretype::document::{Clearance, DocumentId, Snapshot};
use foretype::privacy::Denied;
use foretype::syntax::Language;
use foretype::text::Text;
use foretype::workspace::{Project, Unsaved};

use super::*;

impl Running {
    fn document(&self, path: &str, version: i32, text: &str) -> Snapshot {
        let path = self.folder.path().join(path);
        Snapshot {
            id: DocumentId(path.display().to_string().into()),
            language: Language::from_path(&path),
            path: Some(path.into()),
            version,
            text: Text::new(text),
            tree: None,
            clearance: Clearance::Cleared,
            edited: Arc::default(),
        }
    }

    fn set_open(&self, documents: Vec<Snapshot>) -> Project {
        self.workspace.set_open(documents, Unsaved::Counts);
        self.wait();
        self.workspace.project()
    }
}

fn defines(project: &Project, name: &str) -> bool {
    let text = project.index.segments().into_iter().any(|(segment, dead)| {
        let mut live = (0..segment.files().len()).filter(|file| !dead.contains(file));
        live.any(|file| memchr::memmem::find(segment.folded(file), name.as_bytes()).is_some())
    });
    let symbol = project.symbols.named(name).next().is_some();
    assert_eq!(text, symbol, "the index and the symbols are of one text");
    text
}

#[test]
fn unsaved_text_counts_until_it_is_closed() {
    let running = Running::start(&[("a.rs", "fn on_disk() {}\n"), ("b.rs", "fn other() {}\n")]);
    let project = running.set_open(vec![running.document("a.rs", 2, "fn unsaved() {}\n")]);
    assert_eq!((defines(&project, "unsaved"), defines(&project, "on_disk")), (true, false));
    assert!(defines(&project, "other"));

    // What happens to the file on the disk does not count meanwhile.
    write(running.folder.path(), "a.rs", b"fn written() {}\n");
    running.check_after_change(&["a.rs"], &["a.rs", "b.rs"]);
    assert!(defines(&running.workspace.project(), "unsaved"));

    let project = running.set_open(Vec::new());
    assert_eq!((defines(&project, "unsaved"), defines(&project, "written")), (false, true));
}

#[test]
fn a_file_that_is_not_on_the_disk_yet_counts_once_it_is_open() {
    let running = Running::start(&[("a.rs", "fn on_disk() {}\n")]);
    let project = running.set_open(vec![running.document("new.rs", 1, "fn unsaved() {}\n")]);
    assert!(defines(&project, "unsaved"));
    assert_eq!(names(&running.set_open(Vec::new()).index, running.folder.path()), ["a.rs"]);
}

#[test]
fn an_open_document_must_be_admitted_like_its_file() {
    let running = Running::start(&[(".gitignore", "out.rs\n"), ("a.rs", "fn on_disk() {}\n")]);
    let open = |path: &str, text: &str| running.document(path, 1, text);
    let mut denied = open("denied.rs", "fn denied() {}\n");
    denied.clearance = Clearance::Denied(Denied::Secret { kind: "a token", line: 1 });
    let mut pending = open("pending.rs", "fn pending() {}\n");
    pending.clearance = Clearance::Pending;
    let project = running.set_open(vec![
        denied,
        pending,
        open("out.rs", "fn ignored() {}\n"),
        open(".hidden.rs", "fn hidden() {}\n"),
        open("../outside.rs", "fn outside() {}\n"),
        open("key.rs", &private_key()),
        open("large.rs", &"fn large() {}\n".repeat(500)),
        open("b.rs", "fn unsaved() {}\n"),
    ]);
    assert_eq!(names(&project.index, running.folder.path()), ["a.rs", "b.rs"]);
}

#[test]
fn a_file_that_is_not_learned_from_is_not_once_it_is_closed_either() {
    let files = [(".gitignore", "out.rs\n"), ("out.rs", "fn ignored() {}\n"), (".hidden.rs", "fn hidden() {}\n")];
    let running = Running::start(&[&files[..], &[("a.rs", "fn on_disk() {}\n")]].concat());
    let open = |path: &str| running.document(path, 1, "fn unsaved() {}\n");
    running.set_open(vec![open("out.rs"), open(".hidden.rs"), open("a.rs")]);
    let project = running.set_open(Vec::new());
    assert_eq!(names(&project.index, running.folder.path()), ["a.rs"]);
    assert!(defines(&project, "on_disk") && !defines(&project, "ignored"));
}

#[test]
fn where_not_all_has_room_the_open_documents_package_comes_first() {
    let code = "let x = 1;\n".repeat(400);
    let files = ["a", "b"].map(|package| {
        [format!("{package}/Cargo.toml"), format!("{package}/src/lib.rs"), format!("{package}/src/x.rs")]
    });
    let files: Vec<(&str, &str)> = files
        .iter()
        .flatten()
        .map(|path| (&**path, if path.ends_with("rs") { &*code } else { "[package]\n" }))
        .collect();
    let running = Running::start(&files);
    for package in ["a", "b"] {
        let project = running.set_open(vec![running.document(&format!("{package}/src/lib.rs"), 1, &code)]);
        let names = names(&project.index, running.folder.path());
        let code = [format!("{package}/src/lib.rs"), format!("{package}/src/x.rs")];
        assert_eq!(
            names,
            ["a/Cargo.toml", "b/Cargo.toml"]
                .map(String::from)
                .into_iter()
                .chain(code)
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
        );
    }
}

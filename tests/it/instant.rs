//! The instant engine: what it says from a document and a small workspace.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use foretype::document::{Clearance, DocumentId, Snapshot};
use foretype::engine::instant::Instant;
use foretype::engine::{Ask, Cancel, Candidate, Engine, Finish};
use foretype::syntax::Language;
use foretype::text::Text;
use foretype::workspace::index::{Builder, Index};

const SETTINGS: &str = "\
fn load(path: &Path) -> Result<Settings> {
    let text = std::fs::read_to_string(path)?;
    let settings = toml::from_str(&text).context(\"settings\")?;
    Ok(settings)
}

fn save(path: &Path, settings: &Settings) -> Result<()> {
    let text = toml::to_string_pretty(settings)?;
    std::fs::write(path, text)?;
    Ok(())
}
";

fn index(files: &[(&str, &str)]) -> Arc<Index> {
    let mut builder = Builder::default();
    for (path, text) in files {
        builder.add(Arc::from(Path::new(path)), Language::from_path(Path::new(path)), text);
    }
    Arc::new(builder.finish())
}

fn document(path: &str, text: &str) -> Snapshot {
    Snapshot {
        id: DocumentId(path.into()),
        path: Some(Arc::from(Path::new(path))),
        language: Language::from_path(Path::new(path)),
        version: 1,
        text: Text::new(text),
        tree: None,
        clearance: Clearance::Cleared,
        edited: Arc::default(),
    }
}

fn engine(index: Arc<Index>) -> Instant {
    Instant::new(Arc::new(move || index.clone()))
}

/// What `engine` says at `$0`, best first, and how it ends.
fn ask(engine: &Instant, path: &str, marked: &str, others: &[Snapshot]) -> (Vec<Candidate>, Finish) {
    let offset = marked.find("$0").expect("a mark");
    let document = document(path, &marked.replace("$0", ""));
    let ask = Ask { others, max_lines: 6, n_candidates: 5, ..Ask::at(&document, offset) };
    let mut said = Vec::new();
    let mut emit = |candidate| {
        said.push(candidate);
        ControlFlow::Continue(())
    };
    let finish = engine.generate(&ask, &Cancel::default(), &mut emit);
    (said, finish)
}

/// The best candidate's text in a workspace of `files`, likely or not.
fn best(files: &[(&str, &str)], path: &str, marked: &str) -> Option<String> {
    ask(&engine(index(files)), path, marked, &[]).0.into_iter().next().map(|candidate| candidate.text)
}

#[track_caller]
fn check(files: &[(&str, &str)], marked: &str, expected: &str) {
    let said = best(files, "src/new.rs", marked).unwrap_or_default();
    assert_eq!(said.lines().next().unwrap_or_default(), expected);
}

#[test]
fn the_workspace_s_own_lines_come_back() {
    let files = [("src/settings.rs", SETTINGS)];
    check(&files, "fn f(path: &Path) {\n    let text = std::fs::re$0\n}\n", "ad_to_string(path)?;");
    check(&files, "fn save(path: &Path, settings: &Settings) -> $0\n", "Result<()> {");
    check(&files, "\tlet text = toml::to_string_pretty(settings)?;\n\t$0", "std::fs::write(path, text)?;");
}

#[test]
fn the_document_speaks_for_itself() {
    let text = "total_count += 1;\nprint(total_count);\nother();\ntotal_count += 1;\npr$0\n";
    check(&[], text, "int(total_count);");
    check(&[], "pr$0\nother();\nprint(total_count);\n", "int(total_count);");
}

#[test]
fn tabs_within_a_line_stay_tabs() {
    check(&[("const.mk", "cc\t= gcc\nbasket\t\t=\tweave\n")], "cc\t= gcc\nbas$0\n", "ket\t\t=\tweave");
    check(&[("const.mk", "cc\t= gcc\nbasket\t=\tweave\n")], "cc\t= gcc\nbasket\t=\t$0\n", "weave");
}

#[test]
fn names_are_put_in_where_the_code_is_the_same() {
    let setters = "\
    pub fn set_width(&mut self, width: u32) -> &mut Self {
        self.width = width;
        self
    }

    pub fn set_height(&mut self, height: u32) -> &mut Self {
        self.height = height;
        self
    }

    pub fn set_depth(&mut self, depth: u32) -> &mut Self {
        $0
";
    check(&[], setters, "self.depth = depth;");
    let lines = "let red = image.channel(\"red\")?;\nlet green = image.channel(\"green\")?;\nlet blue = $0\n";
    check(&[], lines, "image.channel(\"blue\")?;");
}

#[test]
fn a_nearer_agreement_beats_a_more_frequent_one() {
    let often = "fn a() {\n    open();\n    close();\n}\n".repeat(4);
    let once = "fn b() {\n    let file = start();\n    open();\n    read(file);\n}\n";
    let files = [("a.rs", often.as_str()), ("b.rs", once)];
    check(&files, "fn c() {\n    let file = start();\n    open();\n    $0\n}\n", "read(file);");
}

#[test]
fn the_file_s_old_text_on_disk_is_not_asked() {
    let files = [("src/settings.rs", SETTINGS)];
    let marked = "fn f(path: &Path) {\n    let text = std::fs::re$0\n}\n";
    assert_eq!(best(&files, "src/settings.rs", marked), None);
}

#[test]
fn an_open_document_stands_for_its_file() {
    let old = [("src/lib.rs", "let answer = compute_slowly(question);\n")];
    let others = [document("src/lib.rs", "let answer = compute_quickly(question);\n")];
    let (said, _) = ask(&engine(index(&old)), "src/new.rs", "let answer = $0", &others);
    let texts: Vec<&str> = said.iter().map(|candidate| candidate.text.as_str()).collect();
    assert_eq!(texts, ["compute_quickly(question);"]);
}

#[test]
fn a_large_open_document_is_not_waited_for() {
    let old = [("src/lib.rs", "let answer = compute_slowly(question);\n")];
    let large = "let answer = compute_quickly(question);\n".repeat(20_000);
    let (said, _) = ask(&engine(index(&old)), "src/new.rs", "let answer = $0", &[document("src/lib.rs", &large)]);
    let texts: Vec<&str> = said.iter().map(|candidate| candidate.text.as_str()).collect();
    assert_eq!(texts, ["compute_slowly(question);"]);
}

#[test]
fn many_open_documents_are_taken_in_over_several_answers() {
    let engine = engine(index(&[]));
    let other =
        |i: usize| document(&format!("src/{i}.rs"), &format!("let answer_{i} = compute_{i}(question);\n").repeat(1500));
    let others: Vec<Snapshot> = (0..6).map(other).collect();
    let n_answered = |marked: &str| ask(&engine, "src/new.rs", marked, &others).0.len();
    assert_eq!(n_answered("let answer_5 = $0"), 0, "all sorted within one answer");
    let found = (0..6).find(|_| n_answered("let answer_5 = $0") > 0);
    assert!(found.is_some(), "never sorted");
}

#[test]
fn a_block_that_places_agree_on_comes_whole_and_in_the_document_s_indentation() {
    let block = "        let guard = self.lock.lock();
        if guard.is_closed() {
            return Err(Error::Closed);
        }
        guard.flush()?;
";
    let methods: String =
        ["read", "write", "seek"].map(|name| format!("    fn {name}(&self) {{\n{block}    }}\n\n")).concat();
    let files = [("src/file.rs", methods.as_str())];
    let marked = "\tfn close(&self) {\n\t\tlet guard = self.lock.lock();\n\t\tif $0\n";
    let said = best(&files, "src/new.rs", marked).unwrap();
    assert_eq!(said, "guard.is_closed() {\n\t\t\treturn Err(Error::Closed);\n\t\t}\n\t\tguard.flush()?;");
}

#[test]
fn where_nothing_is_known_nothing_is_said_and_the_reason_is() {
    let (said, finish) = ask(&engine(index(&[])), "a.rs", "let x = $0", &[]);
    assert_eq!(said, []);
    let Finish::Silent(reason) = finish else { panic!("{finish:?}") };
    assert!(reason.contains("hold nothing like this place"), "{reason}");
}

#[test]
fn a_cancelled_question_is_not_answered() {
    let document = document("a.rs", SETTINGS);
    let ask = Ask::at(&document, 10);
    let cancel = Cancel::default();
    cancel.cancel();
    let finish = engine(index(&[])).generate(&ask, &cancel, &mut |_| panic!("said something"));
    assert_eq!(finish, Finish::Cancelled);
}

#[test]
fn no_text_is_too_odd() {
    let odd = ["", "\u{feff}", "\r\r\n\r", "\0\0\0", "é̂🦀 = 🦀é̂", "\t \t", "}}}}]])", "\u{1}\u{2}x\n\u{1}x"];
    let files: Vec<(&str, &str)> = odd.iter().map(|text| ("odd", *text)).collect();
    let engine = engine(index(&files));
    for before in odd {
        for after in odd {
            ask(&engine, "a.rs", &format!("{before}{after}{before}$0{after}"), &[]);
        }
    }
}

//! Context: which parts of a project a model is shown at a place, and why.

mod packages;

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use foretype::context::{self, Gathered, Kind, Options, Piece, Place};
use foretype::document::{Clearance, DocumentId, Edited, Snapshot};
use foretype::privacy::{self, Privacy};
use foretype::syntax::{Language, Tree};
use foretype::text::Text;
use foretype::workspace::{self, Project, symbols};

/// Bytes of the document above the cursor that the prompt shows, and all below.
const SHOWN: usize = 500;

/// What is found at the `$0` of the first file.
fn gather(kinds: &str, files: &[(&str, &str)]) -> Gathered {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content.replace("$0", "")).unwrap();
    }
    let symbols = symbols::Options { max_files: 100, max_bytes: 100_000, cache: None };
    let options = workspace::Options { enabled: true, max_bytes: 100_000, max_file_bytes: 50_000, symbols };
    let privacy = Privacy::new(&privacy::Options::default()).unwrap();
    let built = workspace::build(&options, &privacy, &[folder.path().to_path_buf()]);
    let project = Project {
        folders: [folder.path().to_path_buf()].into(),
        index: built.index.into(),
        symbols: built.symbols.into(),
    };
    let (path, content) = files[0];
    let offset = content.find("$0").unwrap();
    let document = document(&folder.path().join(path), &content.replace("$0", ""));
    let shown = document.text.floor_char_boundary(offset.saturating_sub(SHOWN))..document.text.len();
    context::gather(
        &Place { document: &document, others: &[], offset, shown },
        &project,
        &kinds.parse::<Options>().unwrap(),
    )
}

fn document(path: &Path, text: &str) -> Snapshot {
    let (language, text) = (Language::from_path(path), Text::new(text));
    let tree = language.and_then(|language| Tree::parse(&text, language, None, &mut || false).ok());
    let (id, path) = (DocumentId("document".into()), Some(path.into()));
    Snapshot { id, path, language, version: 0, text, tree, clearance: Clearance::Cleared, edited: Default::default() }
}

fn edited(range: Range<usize>, second: u64) -> Edited {
    Edited { range, at: Duration::from_secs(second) }
}

/// Paths and reasons, the best first.
fn found(gathered: &Gathered) -> Vec<String> {
    let mut pieces: Vec<&Piece> = gathered.pieces.iter().collect();
    pieces.sort_by(|a, b| b.score.total_cmp(&a.score));
    pieces.iter().map(|piece| format!("{}: {}", piece.path, piece.reason)).collect()
}

const SHAPES: &str = "\
/// A square.
pub struct Square {
    side: u32,
}

impl Square {
    pub fn area(&self) -> u32 {
        self.side * self.side
    }
}

pub fn unit() -> Square {
    Square { side: 1 }
}
";

#[test]
fn the_definition_behind_an_import_is_found() {
    let gathered = gather(
        "definitions",
        &[
            ("src/main.rs", "use crate::shapes::unit;\n\nfn main() {\n    let square = unit($0\n}\n"),
            ("src/shapes.rs", SHAPES),
        ],
    );
    assert_eq!(found(&gathered)[0], "src/shapes.rs: unit: named above, imported from here");
    assert_eq!(gathered.pieces[0].text, "pub fn unit() -> Square");
    assert_eq!((&*gathered.path, gathered.pieces[0].kind), ("src/main.rs", Kind::Definitions));
}

#[test]
fn a_receivers_type_comes_with_its_members() {
    let gathered = gather(
        "definitions",
        &[("src/main.rs", "fn total(square: &Square) -> u32 {\n    square.$0\n}\n"), ("src/shapes.rs", SHAPES)],
    );
    assert_eq!(found(&gathered)[0], "src/shapes.rs: Square: type of the receiver, defined in the same folder");
    let text = &gathered.pieces[0].text;
    assert_eq!(text, "pub struct Square {\n    side: u32,\n}\n    pub fn area(&self) -> u32");
}

#[test]
fn a_named_module_says_what_it_defines() {
    let gathered = gather(
        "definitions",
        &[("src/main.rs", "fn main() {\n    let x = shapes::$0\n}\n"), ("src/shapes.rs", SHAPES)],
    );
    assert_eq!(found(&gathered)[0], "src/shapes.rs: shapes: what it defines, named before the cursor");
    assert_eq!(gathered.pieces[0].text, "pub struct Square {\npub fn unit() -> Square");
}

#[test]
fn what_the_prompt_shows_is_not_shown_again() {
    let gathered = gather("definitions", &[("a.rs", "fn helper() {}\n\nfn main() {\n    helper$0\n}\n")]);
    assert_eq!(found(&gathered), [""; 0]);
}

#[test]
fn of_homonyms_the_imported_one_is_meant() {
    let open = |path: &str| format!("pub fn open(path: &{path}) {{}}\n");
    let (store, socket) = (open("Store"), open("Socket"));
    let gathered = gather(
        "definitions",
        &[
            ("src/main.rs", "use crate::store::open;\n\nfn main() {\n    open($0\n}\n"),
            ("src/socket.rs", &socket),
            ("src/deep/store.rs", &store),
        ],
    );
    assert_eq!(found(&gathered), ["src/deep/store.rs: open: named above, imported from here"]);
}

#[test]
fn a_method_of_a_type_that_is_not_named_here_is_not_meant() {
    let others = "impl Square {\n    pub fn new() -> Square { Square }\n}\nimpl Circle {\n    pub fn new() -> Circle { Circle }\n}\n";
    let gathered =
        gather("definitions", &[("a.rs", "fn main() {\n    let circle: Circle = new($0\n}\n"), ("b.rs", others)]);
    assert_eq!(gathered.pieces.iter().map(|piece| &*piece.text).collect::<Vec<_>>(), ["pub fn new() -> Circle"]);
}

#[test]
fn another_languages_definitions_are_not_meant() {
    let gathered = gather(
        "definitions",
        &[("a.rs", "fn main() {\n    helper($0\n}\n"), ("b.py", "def helper(path):\n    pass\n")],
    );
    assert_eq!(found(&gathered), [""; 0]);
}

const LOOP: &str = "\
fn read_blocks(input: &mut Reader, blocks: usize) -> Result<Vec<Block>> {
    let mut gathered = Vec::with_capacity(blocks);
    for number in 0..blocks {
        let header = input.read_header(number)?;
        let block = input.read_block(&header)?;
        gathered.push(block);
    }
    Ok(gathered)
}
";

#[test]
fn a_similar_window_comes_with_the_lines_after_it() {
    let here = "fn read_pages(input: &mut Reader, pages: usize) -> Result<Vec<Page>> {\n    let mut gathered = \
                Vec::with_capacity(pages);\n    for number in 0..pages {\n        let header = input.read_header(number)?;\n        $0";
    let filler: String = (0..40).map(|i| format!("fn other_{i}() -> u{i} {{\n    call_{i}()\n}}\n\n")).collect();
    let gathered = gather("similar", &[("a.rs", here), ("b.rs", LOOP), ("c.rs", &filler)]);
    assert_eq!(&*gathered.pieces[0].path, "b.rs");
    assert_eq!(gathered.pieces[0].text, LOOP.trim_end());
}

#[test]
fn what_stands_in_the_prompt_is_not_similar_to_it() {
    let here = LOOP.replace("        gathered.push", "        $0gathered.push");
    assert_eq!(found(&gather("similar", &[("a.rs", &here)])), [""; 0]);
}

#[test]
fn the_last_change_comes_first_with_the_lines_around_it() {
    let mut changed = document(Path::new("b.rs"), "fn a() {}\n\nfn b() {\n    one();\n    two();\n}\n");
    changed.id = DocumentId("other".into());
    let at = |name: &str| changed.text.to_string().find(name).unwrap();
    changed.edited = [edited(at("fn a")..at("fn a") + 4, 1), edited(at("two")..at("two") + 3, 2)].into();
    let here = document(Path::new("a.rs"), "fn main() {\n    \n}\n");
    let others = [changed];
    let place = Place { document: &here, others: &others, offset: 16, shown: 0..here.text.len() };
    let gathered = context::gather(&place, &Project::default(), &"edits".parse().unwrap());
    assert_eq!(found(&gathered), ["b.rs: changed lately, line 5", "b.rs: changed lately, line 1"]);
    assert_eq!(gathered.pieces[0].text, "    one();\n    two();\n}");
}

#[test]
fn changes_stand_in_the_order_of_time_across_documents() {
    let open = |name: &str, seconds: [u64; 2]| {
        let mut document = document(Path::new(name), "fn a() {\n    one();\n}\n\nfn b() {\n    two();\n}\n");
        document.id = DocumentId(name.into());
        document.edited = [edited(13..16, seconds[0]), edited(38..41, seconds[1])].into();
        document
    };
    let here = document(Path::new("a.rs"), "fn main() {\n    \n}\n");
    let others = [open("b.rs", [1, 4]), open("c.rs", [2, 3])];
    let place = Place { document: &here, others: &others, offset: 16, shown: 0..here.text.len() };
    let gathered = context::gather(&place, &Project::default(), &"edits".parse().unwrap());
    let expected = [("b.rs", 6), ("c.rs", 6), ("c.rs", 2), ("b.rs", 2)];
    assert_eq!(found(&gathered), expected.map(|(path, line)| format!("{path}: changed lately, line {line}")));
}

fn piece(path: &str, text: &str, score: f32) -> Piece {
    let (path, text, reason) = (path.into(), text.to_string(), String::new());
    Piece { kind: Kind::Definitions, path, text, score, reason }
}

#[test]
fn the_best_pieces_that_fit_are_chosen_and_the_best_stands_last() {
    let pieces = vec![piece("a.rs", "fn a()", 0.5), piece("b.rs", &"x".repeat(900), 0.9), piece("a.rs", "fn b()", 0.7)];
    let considered = context::choose(pieces.clone(), 100, 3.0);
    assert_eq!(context::files(&considered), [("a.rs".into(), "fn a()\nfn b()".to_string())]);
    assert_eq!(considered.iter().filter(|considered| !considered.is_used).count(), 1);
    let all = context::files(&context::choose(pieces, 1000, 3.0));
    assert_eq!(all.last().unwrap().0, "b.rs".into());
}

#[test]
fn a_text_is_not_told_twice() {
    let pieces = vec![piece("a.rs", "fn a()", 0.5), piece("a.rs", "struct A;\nfn a()", 0.7)];
    let files = context::files(&context::choose(pieces, 1000, 3.0));
    assert_eq!(files, [("a.rs".into(), "struct A;\nfn a()".to_string())]);
}

#[test]
fn kinds_are_named_and_a_wrong_name_is_refused() {
    assert_eq!("none".parse(), Ok(Options::NONE));
    let two = Options { definitions: true, similar: true, ..Options::NONE };
    assert_eq!("definitions, similar".parse(), Ok(two));
    let refused = "definition".parse::<Options>().unwrap_err();
    assert_eq!(refused, "`definition` is none of none, all, definitions, similar, edits");
}

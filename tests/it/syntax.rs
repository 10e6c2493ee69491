//! Languages, trees and units, through the fixtures of `grammars/` and small texts.
//!
//! A fixture is a file with marks that are taken out before it is parsed. `§c`, `§s` and `§k`: what is typed here belongs
//! to a comment, a string, or code. `§b`: the smallest block around here is what `§(` and `§)` enclose.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use foretype::syntax::{Language, MAX_PARSED_BYTES, Place, Tree, Unit, Unparsed, adds_error, unit_len};
use foretype::text::Text;
use proptest::prelude::*;

struct Fixture {
    text: String,
    places: Vec<(usize, Place)>,
    block: Range<usize>,
    in_block: usize,
}

fn fixture_path(language: Language) -> PathBuf {
    let file = format!("grammars/{}/fixture.{}", language.id(), language.extension());
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn fixture(language: Language) -> Fixture {
    let path = fixture_path(language);
    let marked = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut pieces = marked.split('§');
    let mut text = pieces.next().unwrap().to_string();
    let mut fixture = Fixture { text: String::new(), places: Vec::new(), block: 0..0, in_block: 0 };
    for piece in pieces {
        let (mark, piece) = piece.split_at(1);
        match mark {
            "c" => fixture.places.push((text.len(), Place::Comment)),
            "s" => fixture.places.push((text.len(), Place::String)),
            "k" => fixture.places.push((text.len(), Place::Code)),
            "b" => fixture.in_block = text.len(),
            "(" => fixture.block.start = text.len(),
            ")" => fixture.block.end = text.len(),
            mark => panic!("{}: unknown mark §{mark}", path.display()),
        }
        text.push_str(piece);
    }
    fixture.text = text;
    fixture
}

fn parse(text: &Text, language: Language) -> Tree {
    Tree::parse(text, language, None, &mut || false).unwrap()
}

/// `text` with `$0` at `offset`, shortened to its line.
fn line_with_cursor(text: &str, offset: usize) -> String {
    let (before, after) = text.split_at(offset);
    let before = before.rsplit('\n').next().unwrap();
    format!("{before}$0{}", after.split('\n').next().unwrap())
}

#[test]
fn the_fixtures_places_are_as_marked() {
    let mut wrong = Vec::new();
    for language in Language::all() {
        let fixture = fixture(language);
        let text = Text::new(&fixture.text);
        let tree = parse(&text, language);
        for (offset, place) in fixture.places {
            let found = tree.place(&text, offset);
            if found != place {
                let line = line_with_cursor(&fixture.text, offset);
                wrong.push(format!("{language:?}: {found:?}, not {place:?}: {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_fixtures_blocks_are_as_marked() {
    for language in Language::all() {
        let fixture = fixture(language);
        let tree = parse(&Text::new(&fixture.text), language);
        let found = tree.enclosing_block(fixture.in_block).map(|block| &fixture.text[block]);
        assert_eq!(found, Some(&fixture.text[fixture.block]), "{language:?}");
    }
}

#[test]
fn the_fixtures_parse() {
    for language in Language::all() {
        let fixture = fixture(language);
        let tree = parse(&Text::new(&fixture.text), language);
        assert!(!tree.has_error(), "{language:?}: {tree:?}");
    }
}

#[test]
fn a_language_is_known_by_its_names() {
    let by_id = |id| Language::from_id(id).map(Language::id);
    assert_eq!(by_id("rust"), Some("rust"));
    assert_eq!(by_id("javascriptreact"), Some("javascript"));
    assert_eq!(by_id("bash"), Some("shellscript"));
    assert_eq!(by_id("plaintext"), None);
    assert_eq!(by_id(""), None);
}

#[test]
fn a_language_is_known_by_its_files() {
    let by_path = |path| Language::from_path(Path::new(path)).map(Language::id);
    assert_eq!(by_path("src/main.rs"), Some("rust"));
    assert_eq!(by_path("OLD.CPP"), Some("cpp"));
    assert_eq!(by_path("app/types.d.ts"), Some("typescript"));
    assert_eq!(by_path("Gemfile"), Some("ruby"));
    assert_eq!(by_path("/home/a/.bashrc"), Some("shellscript"));
    assert_eq!(by_path("Makefile"), None);
    assert_eq!(by_path("rs/"), Some("rust"), "a file named as an extension");
    assert_eq!(by_path("/"), None);
}

#[test]
fn no_two_languages_share_an_id_or_a_file_name() {
    for language in Language::all() {
        assert_eq!(Language::from_id(language.id()), Some(language));
        assert_eq!(Language::from_path(&fixture_path(language)), Some(language));
    }
}

#[test]
fn a_text_that_is_too_large_is_not_parsed() {
    let text = Text::new(&"a\n".repeat(MAX_PARSED_BYTES / 2 + 1));
    let parsed = Tree::parse(&text, Language::from_id("markdown").unwrap(), None, &mut || false);
    assert_eq!(parsed.err(), Some(Unparsed::TooLarge));
}

#[test]
fn a_parse_stops_when_it_is_told_and_the_next_starts_anew() {
    let rust = Language::from_id("rust").unwrap();
    let text = Text::new(&"fn f() {}\n".repeat(1_000));
    let mut n_asked = 0;
    let stopped = Tree::parse(&text, rust, None, &mut || {
        n_asked += 1;
        n_asked == 3
    });
    assert_eq!((stopped.err(), n_asked), (Some(Unparsed::Stopped), 3));
    assert!(!parse(&text, rust).has_error());
}

/// What `adds_error` says of the text between `‹` and `›`.
#[track_caller]
fn check_adds_error(language: &str, fixture: &str, expected: Option<bool>) {
    let (before, rest) = fixture.split_once('‹').unwrap();
    let (inserted, after) = rest.split_once('›').unwrap();
    let language = Language::from_id(language).unwrap();
    assert_eq!(adds_error(language, before, inserted, after, Duration::MAX), expected, "{fixture}");
}

#[test]
fn an_insertion_that_parses_adds_no_error() {
    check_adds_error("rust", "fn f() {\n    ‹g(1);›\n}\n", Some(false));
    check_adds_error("rust", "fn f() {\n    g(‹1, 2›);\n}\n", Some(false));
    check_adds_error(
        "python",
        "    def f(self):\n        a()\n        ‹return [1]›\n\n    def g(self):\n",
        Some(false),
    );
}

#[test]
fn an_insertion_that_breaks_what_parsed_adds_an_error() {
    check_adds_error("rust", "fn f() {\n    ‹g(1));›\n}\n", Some(true));
    check_adds_error("rust", "fn f() {\n    g(‹1; 2›);\n}\n", Some(true));
    check_adds_error("python", "    def f(self):\n        a()\n        ‹return [1)›\n\n    def g(self):\n", Some(true));
}

#[test]
fn an_insertion_may_open_a_block() {
    check_adds_error("rust", "fn f() {\n    ‹if a {›\n", Some(false));
    check_adds_error("c", "int f(void) {\n\t‹if (a) {›\n", Some(false));
}

#[test]
fn nothing_is_said_of_what_did_not_parse_before() {
    check_adds_error("rust", "fn f() {\n    let x ‹= g(1));›\n}\n", None);
    check_adds_error("rust", "    }\n    ‹g(1);›\n}\n", None);
    check_adds_error("rust", "fn f() {\n    ‹g(\"a›\n}\n", None);
    let language = Language::from_id("rust").unwrap();
    assert_eq!(adds_error(language, "fn f() {}\n", "g", "", Duration::ZERO), None, "no time");
}

/// The continuation stands behind `$0`; `|` marks where the unit ends, which is how the test reads what it got.
#[track_caller]
fn check_unit(language: &str, fixture: &str, unit: Unit) {
    let (prefix, marked) = fixture.split_once("$0").unwrap();
    let continuation = marked.replacen('|', "", 1);
    let len = unit_len(Language::from_id(language), prefix, &continuation, unit);
    assert_eq!(format!("{}|{}", &continuation[..len], &continuation[len..]), marked);
}

#[test]
fn a_line_is_the_first_that_is_not_blank() {
    check_unit("rust", "let n = $0items.len();|\nlet m = 1;\n", Unit::Line);
    check_unit("rust", "if x {$0\n    return;|\n}\n", Unit::Line);
    check_unit("rust", "x$0|", Unit::Line);
    check_unit("c", "int n;$0\r\n\r\nint m;|\r\n", Unit::Line);
    check_unit("nothing", "a$0 b|\nc", Unit::Line);
}

#[test]
fn a_statement_goes_on_while_brackets_are_open() {
    check_unit("rust", "    foo($0a,\n        b,\n    );|\n    bar();\n", Unit::Statement);
    check_unit("rust", "    let x $0= [\n        '[', // (\n        \"(\",\n    ];|\n    bar();\n", Unit::Statement);
    check_unit("python", "x = $0dict(\n    a=1,\n)|\ny = 2\n", Unit::Statement);
    check_unit("javascript", "const s = $0`a\n${b}`;|\nlet t;\n", Unit::Statement);
}

#[test]
fn a_statement_goes_on_in_chains_and_joined_lines() {
    check_unit("rust", "    let n = $0items\n        .iter()\n        .count();|\n    bar();\n", Unit::Statement);
    check_unit("rust", "    let n =$0\n        items.len();|\n    bar();\n", Unit::Statement);
    check_unit("python", "x = $0a + \\\n    b|\ny = 2\n", Unit::Statement);
    check_unit("css", "$0.a { color: red; }|\n.b { color: blue; }\n", Unit::Statement);
}

#[test]
fn a_statement_stays_within_the_braces_of_the_cursor() {
    check_unit("rust", "    if x {$0\n        foo();|\n        bar();\n    }\n", Unit::Statement);
    check_unit("rust", "    a.for_each(|b| {$0\n        foo();|\n    });\n", Unit::Statement);
    check_unit("rust", "fn f() {\n    $0a();|\n}\n\nfn g() {}\n", Unit::Statement);
}

#[test]
fn a_block_goes_on_to_its_closer() {
    check_unit("rust", "    $0if x {\n        foo();\n    } else {\n        bar();\n    }|\n    baz();\n", Unit::Block);
    check_unit("rust", "    if x {$0\n        foo();\n    }|\n    baz();\n", Unit::Block);
    check_unit("c", "$0int f(void)\n{\n\treturn 1;\n}|\nint g(void);\n", Unit::Block);
    check_unit("lua", "$0if x then\n  foo()\nelse\n  bar()\nend|\nbaz()\n", Unit::Block);
    check_unit("shellscript", "for x in a b; do$0\n  echo $x\ndone|\necho\n", Unit::Block);
    check_unit("ruby", "  def due$0\n    false\n  end|\n\n  def to_s\n  end\n", Unit::Block);
}

#[test]
fn a_block_goes_on_to_its_dedent() {
    check_unit("python", "    if x:$0\n        foo()\n\n        bar()|\n    baz()\n", Unit::Block);
    check_unit("python", "$0try:\n    foo()\nexcept OSError:\n    pass|\nbaz()\n", Unit::Block);
    check_unit("python", "        return x$0\n\n    def g(self):\n        pass|\n\nclass B:\n", Unit::Block);
    check_unit("python", "    foo()$0\n    bar()|\n    baz()\n", Unit::Block);
    check_unit("yaml", "$0jobs:\n  a: 1|\nb: 2\n", Unit::Block);
    check_unit("nothing", "$0a:\n  b|\nc\n", Unit::Block);
}

#[test]
fn a_block_that_does_not_end_is_shown_by_its_first_line() {
    check_unit("rust", "$0fn f() {|\n    foo();\n", Unit::Block);
    check_unit("rust", "$0fn f() {|\n    foo();\n", Unit::Statement);
}

#[test]
fn a_line_below_never_closes_what_was_opened_above() {
    check_unit("rust", "fn f() {\n    $0a();|\n}\n", Unit::Block);
    check_unit("rust", "fn f() {\n    a();$0\n}|\n\nfn g() {}\n", Unit::Block);
    check_unit("rust", "    foo(\n        a,\n        $0b,|\n    );\n", Unit::Block);
}

/// The place at `$0` of half-typed text: in the fresh tree, and in the tree that was there before the last character.
#[track_caller]
fn check_place(language: &str, fixture: &str, place: Place) {
    let language = Language::from_id(language).unwrap();
    let offset = fixture.find("$0").unwrap();
    let after = Text::new(&fixture.replacen("$0", "", 1));
    assert_eq!(parse(&after, language).place(&after, offset), place, "{fixture}");

    let typed = after.slice(0..offset).chars().next_back().unwrap().len_utf8();
    let mut before = after.clone();
    before.replace(offset - typed..offset, "");
    let mut stale = parse(&before, language);
    stale.edit(&before, &after, offset - typed..offset - typed, typed);
    assert_eq!(stale.place(&after, offset), place, "one character behind: {fixture}");
}

#[test]
fn half_typed_text_has_a_place() {
    check_place("rust", "fn f() {\n    let x = 1; // wh$0\n    g();\n}\n", Place::Comment);
    check_place("rust", "fn f() {\n    let x = \"wh$0\n    g();\n}\n", Place::String);
    check_place("rust", "fn f() {\n    let x = \"wh$0", Place::String);
    check_place("rust", "fn f() {\n    let x = g(\"a\", $0\n}\n", Place::Code);
    check_place("rust", "fn f<'a>(x: &'a$0", Place::Code);
    check_place("python", "def f():\n    x = f(\"wh$0\n    g()\n", Place::String);
    check_place("python", "def f():\n    x = g[\"a\"] + $0\n", Place::Code);
    check_place("python", "x = 1\n# don't$0\n", Place::Comment);
    check_place("javascript", "f('wh$0\ng();\n", Place::String);
    check_place("javascript", "f(`a ${b.$0}`);\n", Place::Code);
    check_place("python", "x = f\"a {b.$0}\"\n", Place::Code);
    check_place("go", "func f() {\n\tx := g(\"wh$0\n}\n", Place::String);
    check_place("c", "int f(void) {\n\tputs(\"wh$0\n}\n", Place::String);
    check_place("c", "int x; /* wh$0\nint y;\n", Place::Comment);
    check_place("html", "<p>It's $0\n", Place::Code);
}

#[derive(Clone, Debug)]
struct Edit {
    /// Where, as a share of the text.
    at: f64,
    n_deleted: usize,
    inserted: &'static str,
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let pieces = ["", "a", " ", "\n", "\r\n", "\r", "\n    ", "(", "}", "\"", "'", "é", "𝄞", "#", "//", "= f(1);", ":"];
    let edit = (0.0..1.0, 0..4usize, prop::sample::select(pieces.to_vec()));
    let edit = edit.prop_map(|(at, n_deleted, inserted)| Edit { at, n_deleted, inserted });
    prop::collection::vec(edit, 1..8)
}

struct Edited {
    text: Text,
    tree: Tree,
}

impl Edited {
    /// Replaces, reparses, and returns the edit that undoes it.
    fn replace(&mut self, range: Range<usize>, with: &str) -> (Range<usize>, String) {
        let before = self.text.clone();
        let range = self.text.replace(range, with);
        let old = before.slice(range.clone()).into_owned();
        self.tree.edit(&before, &self.text, range.clone(), with.len());
        let language = self.tree.language();
        self.tree = Tree::parse(&self.text, language, Some(&self.tree), &mut || false).unwrap();
        (range.start..range.start + with.len(), old)
    }

    /// Everything that the tree says.
    fn answers(&self) -> Vec<String> {
        let at = |offset| format!("{:?} {:?}", self.tree.place(&self.text, offset), self.tree.enclosing_block(offset));
        (0..=self.text.len()).step_by(7).map(at).chain([format!("{:?}", self.tree)]).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// A tree that lived through edits equals a fresh one wherever the text parses. (Where it does not, the parser may
    /// recover in another way, as it says of itself.)
    #[test]
    fn a_tree_that_lived_through_edits_equals_a_fresh_one(
        language in prop::sample::select(Language::all().collect::<Vec<_>>()),
        edits in edits(),
    ) {
        let text = Text::new(&fixture(language).text);
        let original = Edited { tree: parse(&text, language), text: text.clone() };
        let mut edited = Edited { tree: original.tree.clone(), text };
        let mut undo = Vec::new();
        for Edit { at, n_deleted, inserted } in edits {
            let start = (at * edited.text.len() as f64) as usize;
            undo.push(edited.replace(start..start + n_deleted, inserted));
            let fresh = parse(&edited.text, language);
            if !fresh.has_error() {
                prop_assert_eq!(format!("{:?}", &edited.tree), format!("{:?}", fresh));
            }
        }
        for (range, old) in undo.into_iter().rev() {
            edited.replace(range, &old);
        }
        prop_assert_eq!(edited.answers(), original.answers());
    }

    /// Whatever the text: a whole number of characters, and never past the end.
    #[test]
    fn a_unit_ends_at_a_character_boundary(
        language in prop::sample::select(Language::all().map(Some).chain([None]).collect::<Vec<_>>()),
        prefix in "[a-z(){}'\"`\\\\/*#é𝄞 \r\n-]{0,40}",
        continuation in "[a-z(){}'\"`\\\\/*#é𝄞 \r\n-]{0,80}",
    ) {
        for unit in [Unit::Line, Unit::Statement, Unit::Block] {
            let len = unit_len(language, &prefix, &continuation, unit);
            prop_assert!(continuation.is_char_boundary(len), "{len}");
        }
        if let Some(language) = language {
            adds_error(language, &prefix, &continuation, "\n", Duration::from_millis(2));
        }
    }
}

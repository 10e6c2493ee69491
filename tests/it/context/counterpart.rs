//! The file that tests a document, and the one that it tests.

use foretype::workspace::index::Subject;

use super::*;

#[test]
fn a_test_and_what_it_tests_are_about_the_same() {
    for (code, test) in [
        ("src/parse.rs", "tests/parse.rs"),
        ("src/parse/mod.rs", "tests/it/parse.rs"),
        ("src/parse.rs", "src/parse_tests.rs"),
        ("parse.go", "parse_test.go"),
        ("pkg/parse.py", "tests/test_parse.py"),
        ("pkg/parse/__init__.py", "tests/test_parse.py"),
        ("src/parse.ts", "src/parse.test.ts"),
        ("src/parse/index.tsx", "src/__tests__/parse.spec.tsx"),
        ("src/main/java/a/Parse.java", "src/test/java/a/ParseTest.java"),
        ("src/Parse.cs", "Tests/ParseTests.cs"),
        ("lib/parse.rb", "spec/parse_spec.rb"),
        ("src/parse.cc", "src/parse_unittest.cc"),
    ] {
        let name = "parse".to_string();
        assert_eq!(Subject::of(Path::new(code)), Some(Subject { name: name.clone(), is_test: false }), "{code}");
        assert_eq!(Subject::of(Path::new(test)), Some(Subject { name, is_test: true }), "{test}");
    }
    for (path, name) in [("src/Latest.java", "latest"), ("contest.py", "contest"), ("src/attest.rs", "attest")] {
        assert_eq!(Subject::of(Path::new(path)), Some(Subject { name: name.to_string(), is_test: false }));
    }
    for nameless in ["src/main.rs", "src/lib.rs", "tests/main.rs", "index.ts", "test_.py"] {
        assert_eq!(Subject::of(Path::new(nameless)), None, "{nameless}");
    }
}

#[test]
fn a_test_is_shown_what_the_tested_file_defines() {
    let gathered = gather(
        "tests",
        &[("tests/shapes.rs", "#[test]\nfn a_unit_is_square() {\n    $0\n}\n"), ("src/shapes.rs", SHAPES)],
    );
    assert_eq!(found(&gathered)[0], "src/shapes.rs: tested here: what it defines");
    assert_eq!(gathered.pieces[0].text, "pub struct Square {\npub fn unit() -> Square");
}

#[test]
fn a_file_is_shown_its_test_where_that_reads_like_the_cursor() {
    let here = "pub fn total(squares: &[Square]) -> u32 {\n    squares.iter().map(|square| square.area()).$0\n}\n";
    let test = "#[test]\nfn totals() {\n    let squares = [unit(), unit()];\n    assert_eq!(total(&squares), 2);\n}\n";
    let other = test.replace("total", "total_of");
    let gathered = gather("tests", &[("src/total.rs", here), ("tests/total.rs", test), ("tests/other.rs", &other)]);
    let windows: Vec<&Piece> =
        gathered.pieces.iter().filter(|piece| piece.reason.ends_with("% of the words around the cursor")).collect();
    assert_eq!(
        windows.iter().map(|piece| (&*piece.path, &*piece.text)).collect::<Vec<_>>(),
        [("tests/total.rs", test.trim_end())]
    );
    assert!(windows[0].reason.starts_with("tests this file: "), "{}", windows[0].reason);
}

#[test]
fn of_files_about_the_same_the_nearest_come_first() {
    let code = |n: u8| format!("pub fn parse_{n}(text: &str) {{}}\n");
    let gathered = gather(
        "tests",
        &[
            ("crates/b/tests/parse.rs", "fn test() {\n    $0\n}\n"),
            ("crates/a/src/parse.rs", &code(1)),
            ("crates/b/src/parse.rs", &code(2)),
            ("parse.py", "def parse(): pass\n"),
        ],
    );
    let outlines: Vec<String> = found(&gathered).into_iter().filter(|it| it.ends_with("what it defines")).collect();
    assert_eq!(outlines, ["crates/b", "crates/a"].map(|it| format!("{it}/src/parse.rs: tested here: what it defines")));
}

//! Where a model's text is long enough. `$0` is the cursor, `|` in what is said the place where it ends.

use foretype::engine::stop::Place;

#[track_caller]
fn check(document: &str, said: &str, max_lines: usize) {
    let (before, after) = document.split_once("$0").unwrap();
    let (kept, rest) = said.split_once('|').unwrap_or((said, ""));
    let place = Place { line_before: before.rsplit('\n').next().unwrap(), after, max_lines };
    let text = format!("{kept}{rest}");
    let wanted = said.contains('|').then_some(kept.len());
    assert_eq!(place.end(&text), wanted, "{text:?}");
}

#[test]
fn a_line_that_is_begun_is_ended() {
    check("let n = $0\n", "items.len();|\nlet m = 2;\n", 10);
    check("let n = $0\n", "items.le", 10);
}

#[test]
fn a_line_with_text_on_its_right_stays_one_line() {
    check("if x { $0 }\n", "y = [|\n    1,\n", 10);
}

#[test]
fn a_block_is_said_whole() {
    check("    if x $0\n", "{\n        y();\n    }|\n    z();\n", 10);
    check("def f(x)$0\n", ":\n    return x|\n\ndef g():\n", 10);
    check("    for x in xs$0\n", ":\n        y(x)|\n    z()\n", 10);
}

#[test]
fn a_block_has_no_more_lines_than_wanted() {
    check("if x $0\n", "{\n    a();\n    b();|\n    c();\n", 3);
    check("if x $0\n", "{|\n    a();\n", 1);
}

#[test]
fn the_line_below_is_not_said_again() {
    check("    $0\n    let b = 2;\n", "|    let b = 2;\n", 10);
    check("    if x $0\n    let b = 2;\n", "{\n        a();|\n    let b = 2;\n", 10);
    // Of a line that is begun this is only the rest.
    check("let a = $0\nsome(thing)\n", "some(thing)|\nmore\n", 10);
}

#[test]
fn an_empty_line_is_answered_by_the_next_statement() {
    check("    $0\n}\n", "\n    let a = 1;|\n    let b = 2;\n", 10);
}

#[test]
fn what_repeats_itself_is_cut() {
    check("f($0\n", "\n    a,\n    a,\n    a,|\n    a,\n", 20);
}

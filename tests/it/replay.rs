//! Replays: traces and their times, what comes, what is seen, and whole runs against real processes.

mod peer;
mod run;
mod seen;

use std::collections::HashMap;

use flate2::Compression;
use flate2::write::GzEncoder;
use foretype::replay::coming::Coming;
use foretype::replay::script::{Action, Script};
use foretype::replay::trace::Options;
use foretype::replay::{Trace, times};
use foretype::typing::{Edit, Line, Open, Said};

const OPTIONS: Options = Options { max_pause_ms: 2000.0, seed: 1 };

/// A trace of one document: an edit every 100 ms, of (offset, bytes to delete, text to insert).
fn trace(text: &str, edits: &[(usize, usize, &str)]) -> Trace {
    let path = || "a.rs".to_string();
    let open = Said::Open(Open { path: path(), language: "rust".to_string(), text: text.to_string() });
    let mut lines = vec![Line::new(0, open).to_json()];
    for (i, (offset, delete, insert)) in edits.iter().enumerate() {
        let edits = vec![Edit { offset: *offset, delete: *delete, insert: insert.to_string() }];
        lines.push(Line::new(100 * (i as u64 + 1), Said::Edited { path: path(), edits }).to_json());
    }
    Trace::parse("test", &lines.join("\n"), OPTIONS).unwrap()
}

fn script(text: &str, edits: &[(usize, usize, &str)]) -> Script {
    Script::new(&trace(text, edits), 0.0..f64::INFINITY).unwrap()
}

/// Types `typed` letter by letter, from `offset` on.
fn typing(text: &str, offset: usize, typed: &str) -> Script {
    let edits: Vec<_> = typed.char_indices().map(|(i, c)| (offset + i, 0, &typed[i..i + c.len_utf8()])).collect();
    script(text, &edits)
}

#[test]
fn lines_are_read_as_they_are_written() {
    let said = [
        Said::Open(Open { path: "a.rs".to_string(), language: "rust".to_string(), text: "\"é\"\n".to_string() }),
        Said::Edited { path: "a.rs".to_string(), edits: vec![Edit { offset: 1, delete: 2, insert: "\n".to_string() }] },
    ];
    for (t_ms, said) in said.into_iter().enumerate() {
        let line = Line::new(t_ms as u64, said.clone()).to_json();
        assert_eq!(Line::parse(&line), Ok((t_ms as u64, said)), "{line}");
    }
    assert!(Line::parse("{\"t_ms\": 1}").unwrap_err().contains("either `open`"));
    assert!(Line::parse("{\"t_ms\": 1, \"edit\": []}").unwrap_err().contains("unknown field"));
}

const PACKED: &str = r#"{"startContent": "", "endContent": "", "txns": [
    {"time": "1970-01-01T00:00:00.000Z", "patches": [[0, 0, "é = 1\n"]]},
    {"time": "2020-02-29T23:59:59.000Z", "patches": [[5, 0, "2"]]},
    {"time": "2020-03-01T00:00:00.000Z", "patches": [[0, 1, "e"], [6, 0, "3"]]},
    {"time": "2020-03-01T01:00:00.000Z", "patches": [[7, 0, "4"]]}]}"#;

#[test]
fn editing_traces_count_characters_and_open_with_what_was_there_before() {
    let trace = Trace::parse("rustcode", PACKED, OPTIONS).unwrap();
    let Said::Open(open) = &trace.steps[0].said else { panic!("{:?}", trace.steps[0]) };
    assert_eq!(
        (open.path.as_str(), open.language.as_str(), open.text.as_str()),
        ("src/rustcode.rs", "rust", "é = 1\n")
    );
    let Said::Edited { edits, .. } = &trace.steps[1].said else { panic!("{:?}", trace.steps[1]) };
    assert_eq!(edits[0], Edit { offset: 6, delete: 0, insert: "2".to_string() });
    let Said::Edited { edits, .. } = &trace.steps[2].said else { panic!("{:?}", trace.steps[2]) };
    assert_eq!(edits[0], Edit { offset: 0, delete: 2, insert: "e".to_string() });
    // One second over the leap day; an hour's pause is cut.
    let times: Vec<f64> = trace.steps.iter().map(|step| step.at_ms).collect();
    assert!(times[2] < 2000.0 && times[3] - times[2] == 2000.0, "{times:?}");
}

#[test]
fn a_packed_trace_is_read_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rustcode.json.gz");
    let mut packed = GzEncoder::new(std::fs::File::create(&file).unwrap(), Compression::fast());
    std::io::Write::write_all(&mut packed, PACKED.as_bytes()).unwrap();
    packed.finish().unwrap();
    assert_eq!(Trace::read(&file, OPTIONS).unwrap(), Trace::parse("rustcode", PACKED, OPTIONS).unwrap());
}

#[test]
fn seconds_are_spread_within_themselves_and_the_same_for_a_seed() {
    let seconds: Vec<u64> = [7; 3].into_iter().chain([8; 40]).chain([9; 2]).chain([12, 40]).collect();
    let spread = times::spread(&seconds, 1);
    assert_eq!(spread, times::spread(&seconds, 1));
    assert_ne!(spread, times::spread(&seconds, 2));
    assert!(spread.is_sorted(), "{spread:?}");
    for (second, ms) in seconds.iter().zip(&spread) {
        assert_eq!((ms / 1000.0).floor() as u64, *second, "{spread:?}");
    }
    // Who types on types without a pause at the second's end.
    let typed: Vec<f64> = spread[3..43].windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(typed.iter().all(|gap| *gap < 400.0), "{typed:?}");
}

#[test]
fn pauses_are_cut_and_nothing_else() {
    assert_eq!(times::capped(&[500.0, 600.0, 9600.0, 9700.0], 2000.0), [0.0, 100.0, 2100.0, 2200.0]);
}

#[test]
fn keys_are_single_letters_brackets_and_line_breaks() {
    let edits = [(0, 0, "a"), (1, 0, "()"), (2, 0, "x"), (4, 0, "\n    "), (0, 1, ""), (0, 0, "pasted"), (0, 6, "b")];
    let script = script("", &edits);
    let keys: Vec<bool> = script.moments.iter().map(|moment| moment.is_key).collect();
    assert_eq!(keys, [false, true, true, true, true, false, false, false]);
    // In the pair, as the next key shows.
    assert_eq!(script.moments[2].cursor, 2);
    assert_eq!(script.moments[1].cursor, 1);
}

#[test]
fn a_part_begins_with_the_text_as_it_was_then() {
    let trace = trace("", &[(0, 0, "a"), (1, 0, "b"), (2, 0, "c"), (3, 0, "d")]);
    let script = Script::new(&trace, 250.0..350.0).unwrap();
    let [open, edit] = &script.moments[..] else { panic!("{} moments", script.moments.len()) };
    assert_eq!((&open.action, open.text.to_string().as_str()), (&Action::Open, "ab"));
    assert_eq!((edit.at_ms, edit.text.to_string().as_str()), (50.0, "abc"));
}

/// What comes after the first edit: what is typed, and the rest of the line.
#[track_caller]
fn check_coming(text: &str, edits: &[(usize, usize, &str)], typed: &str, rest: &str) {
    let coming = Coming::at(&script(text, edits).moments, 1);
    assert_eq!((coming.typed.as_str(), coming.rest.as_str()), (typed, rest));
}

#[test]
fn what_comes_is_what_the_run_leaves() {
    check_coming("()", &[(1, 0, "a"), (2, 0, "b"), (3, 0, "c")], "bc", ")");
    // A typo that is corrected.
    check_coming("", &[(0, 0, "a"), (1, 0, "x"), (1, 1, ""), (1, 0, "b")], "b", "");
    // A pair, and what is typed into it; then behind it, on the same line.
    check_coming("", &[(0, 0, "f"), (1, 0, "()"), (2, 0, "x"), (4, 0, ";")], "(x);", "");
    // A completion from a menu, which replaces the word by itself and more.
    check_coming("", &[(0, 0, "h"), (1, 0, "a"), (0, 2, "handle"), (6, 0, ";")], "andle;", "");
    // Elsewhere.
    check_coming("a\nb\n", &[(1, 0, "1"), (2, 0, "2"), (5, 0, "3"), (3, 0, "4")], "2", "");
    // Back to a line that was left.
    check_coming("", &[(0, 0, "a"), (1, 0, "b"), (2, 0, "\n"), (3, 0, "c"), (1, 0, "x")], "b\nc", "");
    // The key itself was a typo.
    check_coming("", &[(0, 0, "x"), (1, 0, "y"), (0, 2, ""), (0, 0, "abc")], "", "");
}

#[test]
fn right_is_what_begins_with_three_characters_or_the_rest_of_the_line() {
    let coming = |typed: &str, rest: &str| Coming { typed: typed.to_string(), rest: rest.to_string() };
    assert!(coming("value;\n", "").is_right("val"));
    assert!(coming("value;\n", "").is_right("values"));
    assert!(!coming("value;\n", "").is_right("va"));
    assert!(!coming("value;\n", "").is_right("vote"));
    assert!(coming(";\nnext", "").is_right(";"));
    assert!(!coming(";\nnext", "").is_right(";;"));
    assert!(coming("x", ")").is_right("x)"));
    assert!(!coming("\nnext", "").has_right());
    assert!(!coming("", ")").has_right());
}

#[test]
fn a_first_line_holds_as_far_as_it_goes() {
    let coming = |typed: &str, rest: &str| Coming { typed: typed.to_string(), rest: rest.to_string() };
    assert!(coming("value;\nnext", "").holds_line("val"));
    assert!(coming("value;\nnext", "").holds_line("value;\nother"));
    assert!(!coming("value;\nnext", "").holds_line("value; // and more"));
    assert!(coming("x", ");").holds_line("x);"));
    assert!(!coming("", ");").holds_line(");"));
    assert!(coming("\nnext", "").holds_line("\nother"));
}

/// What comes at each moment.
fn all_coming(script: &Script) -> HashMap<usize, Coming> {
    (0..script.moments.len()).map(|i| (i, Coming::at(&script.moments, i))).collect()
}

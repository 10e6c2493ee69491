//! Documents: changes against a naive model in every encoding, versions, and the edit history.

use std::sync::Arc;
use std::time::Duration;

use foretype::document::{Change, Clearance, Desync, DocumentId, Documents, EditKind, Snapshot};
use foretype::privacy::{Denied, Kept};
use foretype::syntax::{Language, Tree};
use foretype::text::{Encoding, Position};
use proptest::prelude::*;

use super::text::{ENCODINGS, any_text, naive_offset};

fn opened(text: &str) -> (Documents, DocumentId) {
    let mut documents = Documents::default();
    let id = DocumentId(Arc::from("untitled:1"));
    documents.open(id.clone(), None, None, 1, text);
    (documents, id)
}

fn ranged((from, to): ((u32, u32), (u32, u32)), text: &str) -> Change {
    let position = |(line, character)| Position { line, character };
    Change::Ranged { start: position(from), end: position(to), text: text.to_owned() }
}

/// Small and large coordinates, so that ranges are empty, overlapping, reversed and out of bounds.
fn any_position() -> impl Strategy<Value = Position> {
    let coordinate = || prop_oneof![8 => 0..12_u32, 2 => 0..900_u32, 1 => Just(u32::MAX)];
    (coordinate(), coordinate()).prop_map(|(line, character)| Position { line, character })
}

fn any_change() -> impl Strategy<Value = (Option<(Position, Position)>, String)> {
    let range = prop_oneof![9 => (any_position(), any_position()).prop_map(Some), 1 => Just(None)];
    (range, any_text())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changes_agree_with_the_model(start in any_text(), changes in prop::collection::vec(any_change(), 0..8)) {
        for encoding in ENCODINGS {
            let (mut documents, id) = opened(&start);
            let mut model = start.clone();
            for (i, (range, text)) in changes.iter().enumerate() {
                let change = match *range {
                    Some((start, end)) => {
                        let (a, b) = (naive_offset(&model, start, encoding), naive_offset(&model, end, encoding));
                        model.replace_range(a.min(b)..a.max(b), text);
                        Change::Ranged { start, end, text: text.clone() }
                    }
                    None => {
                        model.clone_from(text);
                        Change::Whole(text.clone())
                    }
                };
                let snapshot = documents.change(&id, i as i32 + 2, vec![change], encoding, Duration::ZERO).unwrap();
                prop_assert_eq!(snapshot.text.to_string(), model.as_str());
                prop_assert!(snapshot.edited.iter().all(|place| place.range.start <= place.range.end && place.range.end <= model.len()));
            }
            check_replay(&documents, &id, start.clone(), &model);
        }
    }
}

/// Replaying the history on the first text gives the last, where no text was cut short.
fn check_replay(documents: &Documents, id: &DocumentId, mut text: String, end: &str) {
    for edit in documents.history(id).unwrap().edits() {
        if edit.deleted.len() < edit.replaced.len() || edit.inserted.len() < edit.n_inserted {
            return;
        }
        assert_eq!(text[edit.replaced.clone()], edit.deleted);
        text.replace_range(edit.replaced.clone(), &edit.inserted);
    }
    assert_eq!(text, end);
}

#[test]
fn the_changes_of_one_notification_build_upon_each_other() {
    let (mut documents, id) = opened("one\n");
    let changes = vec![ranged(((0, 3), (0, 3)), "\ntwo"), ranged(((1, 0), (1, 1)), "T")];
    let snapshot = documents.change(&id, 2, changes, Encoding::Utf16, Duration::ZERO).unwrap();
    assert_eq!(snapshot.text.to_string(), "one\nTwo\n");
    assert_eq!(snapshot.version, 2);
}

#[test]
fn a_change_that_is_not_newer_is_refused_whole() {
    let (mut documents, id) = opened("text");
    for version in [1, 0, i32::MIN] {
        let result = documents.change(&id, version, vec![Change::Whole(String::new())], Encoding::Utf8, Duration::ZERO);
        assert_eq!(result.err(), Some(Desync::OldVersion { have: 1, got: version }));
    }
    assert_eq!(documents.snapshot(&id).unwrap().text.to_string(), "text");
}

/// Types letters at the end of "a" in this order of versions, from 2 on, all at once.
fn typed_in_order(versions: &[i32]) -> String {
    let (mut documents, id) = opened("a");
    for version in versions {
        let at = *version as u32 - 1;
        let letter = char::from(b'a' + at as u8).to_string();
        let changes = vec![ranged(((0, at), (0, at)), &letter)];
        documents.change(&id, *version, changes, Encoding::Utf8, Duration::ZERO).unwrap();
    }
    let snapshot = documents.snapshot(&id).unwrap();
    assert_eq!(snapshot.version, *versions.iter().max().unwrap());
    assert_eq!(documents.cursor(&id).unwrap().offset, snapshot.text.len());
    snapshot.text.to_string()
}

#[test]
fn a_change_that_comes_behind_its_successor_finds_its_place() {
    for order in [[2, 3, 4, 5], [2, 4, 3, 5], [3, 2, 4, 5], [2, 3, 5, 4], [5, 4, 3, 2], [4, 2, 5, 3]] {
        assert_eq!(typed_in_order(&order), "abcde", "{order:?}");
    }
}

#[test]
fn one_that_was_here_already_or_comes_too_late_is_refused() {
    let (mut documents, id) = opened("");
    let mut change = |version: i32, ms| {
        let changes = vec![ranged(((0, 0), (0, 0)), &version.to_string())];
        documents.change(&id, version, changes, Encoding::Utf8, Duration::from_millis(ms)).is_ok()
    };
    assert!(change(2, 0) && change(4, 0));
    assert!(!change(4, 0) && !change(2, 0) && !change(1, 0));
    assert!(!change(3, 1500));
    assert!(change(6, 1500) && change(5, 1600));
    assert_eq!(documents.snapshot(&id).unwrap().text.to_string(), "6542");
}

#[test]
fn no_tree_of_the_wrong_order_is_taken() {
    let mut documents = Documents::default();
    let (id, rust) = (DocumentId("file:///a.rs".into()), Language::from_id("rust").unwrap());
    documents.open(id.clone(), None, Some(rust), 1, "a");
    let change = |documents: &mut Documents, version, at: u32, text: &str| {
        let changes = vec![ranged(((0, at), (0, at)), text)];
        documents.change(&id, version, changes, Encoding::Utf8, Duration::ZERO).unwrap()
    };
    let wrong = change(&mut documents, 3, 2, ";");
    change(&mut documents, 2, 1, "(");
    let tree = |snapshot: &Snapshot| Tree::parse(&snapshot.text, rust, None, &mut || false).ok().unwrap();
    assert!(documents.set_tree(&id, 3, tree(&wrong)).is_err());
    let next = change(&mut documents, 4, 3, "x");
    assert!(documents.set_tree(&id, 4, tree(&next)).is_ok());
}

#[test]
fn a_closed_document_takes_nothing() {
    let (mut documents, id) = opened("text");
    assert!(documents.close(&id));
    assert!(!documents.close(&id));
    let result = documents.change(&id, 2, vec![Change::Whole(String::new())], Encoding::Utf8, Duration::ZERO);
    assert_eq!(result.err(), Some(Desync::NotOpen));
    documents.set_clearance(&id, Clearance::Cleared);
    assert!(documents.snapshot(&id).is_none());
}

#[test]
fn a_snapshot_does_not_change_and_a_reopened_document_is_judged_anew() {
    let (mut documents, id) = opened("before");
    documents.set_clearance(&id, Clearance::Cleared);
    let snapshot = documents.snapshot(&id).unwrap();
    documents.change(&id, 2, vec![Change::Whole("after".to_owned())], Encoding::Utf8, Duration::ZERO).unwrap();
    assert_eq!((snapshot.text.to_string().as_str(), snapshot.clearance), ("before", Clearance::Cleared));
    let reopened = documents.open(id.clone(), None, None, 1, "again");
    assert_eq!((reopened.clearance, reopened.version), (Clearance::Pending, 1));
    assert_eq!(documents.history(&id).unwrap().edits().count(), 0);
}

/// Makes each `(seconds, from, to, text)` a change on line 0 and compares the history, `kind@start-deleted+inserted`.
fn check_history(text: &str, changes: &[(u64, u32, u32, &str)], expect: &[&str]) {
    let (mut documents, id) = opened(text);
    for (i, &(seconds, from, to, text)) in changes.iter().enumerate() {
        let change = ranged(((0, from), (0, to)), text);
        let at = Duration::from_secs(seconds);
        documents.change(&id, i as i32 + 2, vec![change], Encoding::Utf8, at).unwrap();
    }
    let edits = documents
        .history(&id)
        .unwrap()
        .edits()
        .map(|edit| format!("{:?}@{}-{:?}+{:?}", edit.kind, edit.replaced.start, edit.deleted, edit.inserted));
    assert_eq!(edits.collect::<Vec<_>>(), expect);
}

#[test]
fn typing_is_one_run_until_a_pause_or_a_move() {
    let run = [(0, 0, 0, "l"), (1, 1, 1, "e"), (2, 2, 2, "t")];
    check_history("", &run, &[r#"Typed@0-""+"let""#]);
    check_history("", &[(0, 0, 0, "a"), (3, 1, 1, "b")], &[r#"Typed@0-""+"a""#, r#"Typed@1-""+"b""#]);
    check_history("", &[(0, 0, 0, "a"), (0, 0, 0, "b")], &[r#"Typed@0-""+"a""#, r#"Typed@0-""+"b""#]);
    let broken = [(0, 1, 1, "\n  "), (0, 0, 0, "y")];
    check_history("x", &broken, &[r#"Typed@1-""+"\n  ""#, r#"Typed@0-""+"y""#]);
    check_history("", &[(0, 0, 0, "a"), (2, 1, 1, "b"), (4, 2, 2, "c")], &[r#"Typed@0-""+"abc""#]);
}

#[test]
fn deletions_run_backwards_and_forwards() {
    check_history("abcd", &[(0, 2, 3, ""), (0, 1, 2, "")], &[r#"Deleted@1-"bc"+"""#]);
    check_history("abcd", &[(0, 1, 2, ""), (0, 1, 2, "")], &[r#"Deleted@1-"bc"+"""#]);
    check_history("abcd", &[(0, 0, 1, ""), (0, 1, 2, "")], &[r#"Deleted@0-"a"+"""#, r#"Deleted@1-"c"+"""#]);
}

#[test]
fn pastes_and_replacements_stand_alone() {
    check_history("", &[(0, 0, 0, "hello"), (0, 5, 5, "!")], &[r#"Pasted@0-""+"hello""#, r#"Typed@5-""+"!""#]);
    check_history("let a;", &[(0, 4, 5, "b")], &[r#"Replaced@4-"a"+"b""#]);
    // What a client resends unchanged is no edit.
    check_history("let a;", &[(0, 0, 6, "let ab;"), (0, 0, 7, "let ab;")], &[r#"Typed@5-""+"b""#]);
}

#[test]
fn the_history_is_bounded_in_count_and_bytes() {
    let changes = |n: i32, text: &str| {
        let (mut documents, id) = opened("");
        for i in 0..n {
            let change = ranged(((0, 0), (0, 0)), text);
            documents.change(&id, i + 2, vec![change], Encoding::Utf8, Duration::ZERO).unwrap();
        }
        documents.history(&id).unwrap().edits().cloned().collect::<Vec<_>>()
    };
    assert_eq!(changes(1000, "a").len(), 256);
    let large = changes(100, &"é".repeat(50_000));
    assert!(large.iter().map(|edit| edit.inserted.len()).sum::<usize>() <= 64 << 10);
    assert!(large.iter().all(|edit| edit.kind == EditKind::Pasted && edit.n_inserted == 100_000));
    assert!(!large.is_empty());
}

#[test]
fn a_tree_is_taken_only_by_the_text_and_language_it_was_parsed_from() {
    let (rust, c) = (Language::from_id("rust").unwrap(), Language::from_id("c").unwrap());
    let mut documents = Documents::default();
    let id = DocumentId(Arc::from("file:///a"));
    let tree = |language, snapshot: &Snapshot| Tree::parse(&snapshot.text, language, None, &mut || false).unwrap();

    let opened = documents.open(id.clone(), None, Some(rust), 1, "fn a() {}");
    assert!(documents.set_tree(&id, 1, tree(rust, &opened)).is_ok());
    documents.change(&id, 2, vec![ranged(((0, 3), (0, 4)), "b")], Encoding::Utf8, Duration::ZERO).unwrap();
    assert!(documents.set_tree(&id, 1, tree(rust, &opened)).is_err(), "the document has moved on");
    assert!(documents.snapshot(&id).unwrap().tree.is_some(), "the old tree was moved along");

    let reopened = documents.open(id.clone(), None, Some(c), 1, "fn a() {}");
    assert!(reopened.tree.is_none());
    assert!(documents.set_tree(&id, 1, tree(rust, &opened)).is_err(), "another language");
    assert!(documents.set_tree(&id, 1, tree(c, &reopened)).is_ok());
    documents.close(&id);
    assert!(documents.set_tree(&id, 1, tree(c, &reopened)).is_err());
}

#[test]
fn places_of_changes_move_along_and_near_ones_are_one() {
    let far = "x".repeat(200);
    let (mut documents, id) = opened(&format!("first\n{far}\nlast\n"));
    let mut change = |version, at, text: &str| {
        let changes = vec![ranged((at, at), text)];
        let changed = documents.change(&id, version, changes, Encoding::Utf8, Duration::ZERO).unwrap();
        let edited = changed.edited.iter().map(|place| changed.text.slice(place.range.clone()).into_owned());
        edited.collect::<Vec<_>>()
    };
    assert_eq!(change(2, (2, 4), "ing"), ["ing"]);
    assert_eq!(change(3, (0, 5), "!"), ["ing", "!"]);
    assert_eq!(change(4, (2, 7), "?"), ["!", "ing?"]);
    assert_eq!(change(5, (2, 0), "at "), ["!", "at lasting?"]);
}

#[test]
fn a_place_of_a_change_knows_when_it_was_changed_last() {
    let (mut documents, id) = opened(&format!("first\n{}\nlast\n", "x".repeat(200)));
    let mut change = |version, second, at, text: &str| {
        let changes = vec![ranged((at, at), text)];
        let changed = documents.change(&id, version, changes, Encoding::Utf8, Duration::from_secs(second)).unwrap();
        changed.edited.iter().map(|edited| edited.at.as_secs()).collect::<Vec<_>>()
    };
    assert_eq!(change(2, 3, (2, 4), "ing"), [3]);
    assert_eq!(change(3, 5, (0, 5), "!"), [3, 5]);
    assert_eq!(change(4, 8, (2, 7), "?"), [5, 8]);
}

#[test]
fn what_stays_here_is_used_here() {
    let mut snapshot = Documents::default().open(DocumentId("a".into()), None, None, 1, "");
    let mut is = |clearance| {
        snapshot.clearance = clearance;
        (snapshot.is_cleared(), snapshot.may_leave())
    };
    assert_eq!(is(Clearance::Cleared), (true, Ok(())));
    let (is_cleared, may_leave) = is(Clearance::Local(Kept::Pattern { glob: "x/".into() }));
    assert!(is_cleared && may_leave.unwrap_err().contains("`x/` of `privacy.local_only`"));
    for clearance in [Clearance::Pending, Clearance::Denied(Denied::Secret { kind: "a token", line: 1 })] {
        let (is_cleared, may_leave) = is(clearance);
        assert!(!is_cleared && may_leave.is_err());
    }
}

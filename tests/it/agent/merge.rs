//! What the agent changed is put onto what the user has by now; neither loses a line.

use std::collections::BTreeSet;

use foretype::agent::merge::{Clash, Wanted, edited, merge, pick};
use proptest::prelude::*;

/// Expects the merged text.
#[track_caller]
fn check(base: &str, ours: &str, theirs: &str, expected: &str) {
    let edits = merge(base, ours, theirs).unwrap();
    assert_eq!(edited(ours, &edits), expected);
}

#[track_caller]
fn clashes(base: &str, ours: &str, theirs: &str) -> Vec<Clash> {
    merge(base, ours, theirs).unwrap_err()
}

#[test]
fn changes_of_different_lines_are_both_kept() {
    check("a\nb\nc\nd\ne\n", "A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n", "A\nb\nc\nd\nE\n");
    check("a\nb\nc\n", "0\na\nb\nc\n", "a\nb\nc\n9\n", "0\na\nb\nc\n9\n");
    check("a\nb\nc\nd\n", "c\nd\n", "a\nb\nc\n", "c\n");
    check("", "", "new\n", "new\n");
    check("a", "a", "a\nb\n", "a\nb\n");
}

#[test]
fn edits_are_no_larger_than_the_change() {
    let ours = "1\nfn a() {}\n2\n3\n4\n";
    let edits = merge("fn a() {}\n2\n3\n4\n", ours, "fn a() {}\n2\nthree\n4\n").unwrap();
    assert_eq!(edits.len(), 1);
    assert_eq!((&ours[edits[0].range.clone()], edits[0].text.as_str()), ("3\n", "three\n"));
}

#[test]
fn the_same_change_is_there_already() {
    assert_eq!(merge("a\nb\n", "a\nB\n", "a\nB\n"), Ok(vec![]));
    check("a\nb\nc\nd\n", "a\nB\nc\nd\n", "a\nB\nc\nD\n", "a\nB\nc\nD\n");
}

#[test]
fn a_clash_shows_all_three_and_changes_nothing() {
    let found = clashes("a\nb\nc\nd\ne\nf\n", "0\na\nmine\nc\nd\ne\nf\n", "a\nyours\nc\nd\ne\nF\n");
    let text = |text: &str| text.to_string();
    assert_eq!(found, [Clash { line: 3, base: text("b\n"), ours: text("mine\n"), theirs: text("yours\n") }]);
    // Lines next to each other belong together, and so do two insertions at one place, and a deletion of what was changed.
    assert_eq!(clashes("a\nb\n", "A\nb\n", "a\nB\n").len(), 1);
    assert_eq!(clashes("a\n", "a\nmine\n", "a\nyours\n").len(), 1);
    assert_eq!(clashes("a\nb\nc\nd\n", "a\nd\n", "a\nb\nC\nd\n").len(), 1);
    assert_eq!(clashes("a\nb\nc\nd\ne\n", "A\nb\nc\nd\nE\n", "x\nb\nc\nd\ny\n").len(), 2);
}

#[test]
fn line_ends_and_marks_are_the_editors() {
    check("\u{feff}a\r\nb\r\nc\r\n", "a\nb\nc\n", "\u{feff}a\r\nb\r\nC\r\n", "a\nb\nC\n");
    check("a\nb\nc\n", "a\r\nb\r\nc\r\n", "a\nb\nC\n", "a\r\nb\r\nC\r\n");
    // Where the user's are as they were, the agent may change them; and a mixed file stays mixed.
    check("a\r\nb\r\n", "a\r\nb\r\n", "a\nb\n", "a\nb\n");
    check("a\r\nb\nc\nd\n", "a\r\nb\nc\nd\n", "a\r\nb\nc\nD\n", "a\r\nb\nc\nD\n");
}

#[test]
fn hunks_are_picked_one_by_one() {
    let (base, theirs) = ("a\nb\nc\nd\ne\n", "A\nb\nC\nc2\nd\n");
    let some = |wanted: &[usize]| Wanted::Some(BTreeSet::from_iter(wanted.iter().copied()));
    assert_eq!(pick(base, theirs, &some(&[])), base);
    assert_eq!(pick(base, theirs, &some(&[0])), "A\nb\nc\nd\ne\n");
    assert_eq!(pick(base, theirs, &some(&[1])), "a\nb\nC\nc2\nd\ne\n");
    assert_eq!(pick(base, theirs, &some(&[2])), "a\nb\nc\nd\n");
    assert_eq!(pick(base, theirs, &some(&[0, 1, 2])), theirs);
    assert_eq!(pick(base, theirs, &Wanted::All), theirs);
}

/// What one side does to a text: lines put in before each line (and at the end), and what becomes of each line.
#[derive(Clone, Debug)]
struct Side {
    inserted: Vec<usize>,
    lines: Vec<Fate>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Kept,
    Deleted,
    Replaced,
}

impl Side {
    fn text(&self, tag: &str) -> String {
        let mut text = String::new();
        for (i, n_inserted) in self.inserted.iter().enumerate() {
            (0..*n_inserted).for_each(|k| text += &format!("{tag} new {i} {k}\n"));
            match self.lines.get(i) {
                Some(Fate::Kept) => text += &format!("line {i}\n"),
                Some(Fate::Replaced) => text += &format!("{tag} for {i}\n"),
                Some(Fate::Deleted) | None => {}
            }
        }
        text
    }

    /// The places that it touches, as ranges of lines, ends included; whether it says something there.
    fn touched(&self) -> Vec<(usize, usize, bool)> {
        let gaps = self.inserted.iter().enumerate().filter(|(_, n)| **n > 0).map(|(i, _)| (i, i, true));
        let lines = self.lines.iter().enumerate().filter(|(_, fate)| **fate != Fate::Kept);
        gaps.chain(lines.map(|(i, fate)| (i, i + 1, *fate == Fate::Replaced))).collect()
    }
}

fn side(n_lines: usize) -> impl Strategy<Value = Side> {
    let fate = prop_oneof![12 => Just(Fate::Kept), 1 => Just(Fate::Deleted), 1 => Just(Fate::Replaced)];
    let n_inserted = prop_oneof![14 => Just(0usize), 1 => 1..4usize];
    (prop::collection::vec(n_inserted, n_lines + 1), prop::collection::vec(fate, n_lines))
        .prop_map(|(inserted, lines)| Side { inserted, lines })
}

fn sides() -> impl Strategy<Value = (Side, Side)> {
    (0..24usize).prop_flat_map(|n_lines| (side(n_lines), side(n_lines)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn neither_side_loses_a_line((user, agent) in sides()) {
        let n_lines = user.lines.len();
        let base: String = (0..n_lines).map(|i| format!("line {i}\n")).collect();
        let (ours, theirs) = (user.text("user"), agent.text("agent"));
        let touching: Vec<_> = user.touched().into_iter().flat_map(|u| agent.touched().into_iter().map(move |a| (u, a)))
            .filter(|((s, e, _), (t, f, _))| s <= f && t <= e).collect();
        let contradict = touching.iter().any(|((_, _, says), (_, _, too))| *says || *too);
        match merge(&base, &ours, &theirs) {
            Err(clashes) => {
                prop_assert!(!touching.is_empty(), "a clash where nothing touches: {clashes:?}");
                for clash in clashes {
                    prop_assert!(ours.contains(&clash.ours) && theirs.contains(&clash.theirs) && base.contains(&clash.base));
                }
            }
            Ok(edits) => {
                prop_assert!(!contradict, "a contradiction was merged: {touching:?}");
                let merged = edited(&ours, &edits);
                let of = |text: &str, tag: &str| -> Vec<String> {
                    text.lines().filter(|line| line.starts_with(tag)).map(str::to_string).collect()
                };
                prop_assert_eq!(of(&merged, "user"), of(&ours, "user"));
                prop_assert_eq!(of(&merged, "agent"), of(&theirs, "agent"));
                let kept: Vec<String> = (0..n_lines)
                    .filter(|i| user.lines[*i] == Fate::Kept && agent.lines[*i] == Fate::Kept)
                    .map(|i| format!("line {i}")).collect();
                prop_assert_eq!(of(&merged, "line"), kept);
                // Once more brings nothing twice.
                prop_assert_eq!(merge(&base, &merged, &theirs), Ok(vec![]));
            }
        }
    }

    /// Few different lines: what is a change of what is not unique.
    #[test]
    fn one_side_alone_is_taken_as_it_is(base in "([ab}]\r?\n){0,12}a?", other in "([ab}]\r?\n){0,12}b?") {
        prop_assert_eq!(edited(&base, &merge(&base, &base, &other).unwrap()), other.clone());
        prop_assert_eq!(merge(&base, &other, &base), Ok(vec![]));
        prop_assert_eq!(merge(&base, &other, &other), Ok(vec![]));
    }
}

//! Which text a model is shown: `$0` is the cursor, and a laid-out text reads `prefix^typed~forced|suffix`.

use foretype::prompt::{Anchor, Budget, Healing, Layout, Place, Plan, heal, plan};
use foretype::text::Text;

fn split(text: &str) -> (Text, usize) {
    let offset = text.find("$0").unwrap();
    (Text::new(&text.replacen("$0", "", 1)), offset)
}

fn shown(plan: &Plan) -> String {
    format!("{}^{}~{}|{}", plan.anchor.prefix, plan.typed, plan.forced, plan.anchor.suffix)
}

#[track_caller]
fn check_place(place: Place, text: &str, expect: &str) {
    let (text, offset) = split(text);
    assert_eq!(shown(&plan(&text, offset, None, &Layout { place, ..Layout::default() })), expect);
}

/// The plan for `after` that follows that for `before`.
#[track_caller]
fn check_next(before: &str, after: &str, expect: &str) {
    let layout = Layout::default();
    let (text, offset) = split(before);
    let anchor = plan(&text, offset, None, &layout).anchor;
    let (text, offset) = split(after);
    assert_eq!(shown(&plan(&text, offset, Some(&anchor), &layout)), expect, "{before:?} to {after:?}");
}

#[test]
fn a_new_anchor_stands_at_the_start_of_the_line() {
    let text = "def f():\n    return x$0\n\ng()\n";
    check_place(Place::LineStart, text, "def f():\n^    return~ x|\n\ng()\n");
    check_place(Place::Indentation, text, "def f():\n    ^return~ x|\n\ng()\n");
    check_place(Place::Cursor, text, "def f():\n    return x^~|\n\ng()\n");
    check_place(Place::LineStart, "$0", "^~|");
}

#[test]
fn typing_leaves_prefix_and_suffix_alone() {
    check_next("f(a$0)\ng()", "f(ab, c$0)\ng()", "^f(ab,~ c|)\ng()");
    check_next("a = $0\nd", "a = b\nc = $0\nd", "^a = b\nc =~ |\nd");
    check_next("a\nb = cd$0", "a\nb = c$0", "a\n^b =~ c|");
}

#[test]
fn another_line_another_context_another_anchor() {
    // Back over the anchor, a changed line above, a changed suffix, another cursor.
    check_next("a\nb$0\nc", "a$0\nc", "^~a|\nc");
    check_next("a\nb$0\nc", "z\nb$0\nc", "z\n^~b|\nc");
    check_next("a\nf$0\nc", "a\nf($0)\nc", "a\n^f~(|)\nc");
    check_next("a\nb$0\nc", "a\nb\nc$0", "a\nb\n^~c|");
    check_next("a = b$0", "a =$0 b", "^a~ =| b");
}

#[test]
fn the_anchor_moves_when_the_text_since_it_is_too_long() {
    let lines = "let a = b;\n".repeat(50);
    let (before, after) = ("x\n$0", format!("x\n{lines}c$0"));
    check_next(before, &after, &format!("x\n{lines}^~c|"));
}

#[test]
fn a_long_line_is_anchored_inside() {
    let (text, offset) = split(&format!("{}$0", "é".repeat(1000)));
    let found = plan(&text, offset, None, &Layout::default());
    assert_eq!(found.anchor.offset, 2000 - 256);
    assert_eq!(found.typed.len() + found.forced.len(), 256);
}

/// A document longer than a window, of numbered lines, `before` and `after` the cursor's empty line.
fn numbered(before: usize, after: usize) -> String {
    let lines = |from: usize, n: usize| (from..from + n).map(|i| format!("let line_{i} = {i};\n")).collect::<String>();
    format!("{}$0\n{}", lines(0, before), lines(before, after))
}

#[test]
fn windows_are_whole_lines_within_the_budget() {
    let (text, offset) = split(&numbered(500, 500));
    let Plan { anchor: Anchor { prefix, suffix, .. }, .. } = plan(&text, offset, None, &Layout::default());
    let budget = Budget::default();
    assert!(prefix.starts_with("let line_") && prefix.ends_with(";\n") && suffix.ends_with(";\n"));
    assert!((budget.prefix_bytes() / 2..=budget.prefix_bytes() + 32).contains(&prefix.len()), "{}", prefix.len());
    assert!((budget.suffix_bytes() - 32..=budget.suffix_bytes()).contains(&suffix.len()), "{}", suffix.len());
}

#[test]
fn what_the_suffix_leaves_over_goes_to_the_prefix() {
    let prefix_len = |after: usize| {
        let (text, offset) = split(&numbered(500, after));
        plan(&text, offset, None, &Layout::default()).anchor.prefix.len()
    };
    assert!(prefix_len(0) > prefix_len(500) + 400, "{} {}", prefix_len(0), prefix_len(500));
}

#[test]
fn the_window_starts_where_it_did_until_it_is_full() {
    let layout = Layout::default();
    let mut anchor: Option<Anchor> = None;
    let mut starts = Vec::new();
    for n in 0..300 {
        let (text, offset) = split(&numbered(n, 500));
        let next = plan(&text, offset, anchor.as_ref(), &layout).anchor;
        starts.push(next.start);
        anchor = Some(next);
    }
    starts.dedup();
    // 300 lines of 20 bytes: one step each quarter of the window, after the first window is full.
    assert!((4..9).contains(&starts.len()), "{starts:?}");
}

#[test]
fn an_import_above_the_window_keeps_the_anchor() {
    let before = numbered(500, 10);
    let after = format!("use std::sync::Arc;\n{}", before.replace("$0", "Arc$0"));
    let layout = Layout::default();
    let (text, offset) = split(&before);
    let old = plan(&text, offset, None, &layout).anchor;
    let (text, offset) = split(&after);
    let new = plan(&text, offset, Some(&old), &layout);
    assert_eq!((&new.anchor.prefix, &new.anchor.suffix), (&old.prefix, &old.suffix));
    assert_eq!((new.anchor.start, new.forced.as_str()), (old.start + 20, "Arc"));
}

#[test]
fn a_window_from_the_start_takes_in_what_is_added_above() {
    check_next("a\nb$0", "use c;\na\nb$0", "use c;\na\n^~b|");
}

#[test]
fn a_cursor_far_up_in_the_window_gets_another_window() {
    let (text, offset) = split(&numbered(500, 500));
    let layout = Layout::default();
    let old = plan(&text, offset, None, &layout).anchor;
    let new = plan(&text, old.start + 400, Some(&old), &layout).anchor;
    assert!(new.start < old.start && new.prefix.len() > layout.budget.prefix_bytes() / 2);
}

#[test]
fn a_window_that_moved_by_half_a_character_is_found_whole() {
    let layout = small(Place::LineStart, Healing::Word);
    let lines = ('a'..='t').map(|c| format!("é{c}\n")).collect::<String>();
    let (text, offset) = split(&format!("{}\n{lines}$0", "x".repeat(79)));
    let old = plan(&text, offset, None, &layout).anchor;
    let (text, offset) = split(&format!("{}\n{lines}é$0", "x".repeat(78)));
    let new = plan(&text, offset, Some(&old), &layout);
    assert_lossless(&text, offset, &new);
    assert_eq!((new.anchor.start, new.anchor.prefix), (old.start - 1, old.prefix));
}

#[track_caller]
fn check_heal(healing: Healing, typed: &str, kept: &str, forced: &str) {
    assert_eq!(heal(typed, healing), (kept, forced), "{typed:?}");
}

#[test]
fn the_last_word_and_the_blanks_before_it_are_forced() {
    check_heal(Healing::Word, "let x = fo", "let x =", " fo");
    check_heal(Healing::Word, "let x = ", "let x =", " ");
    check_heal(Healing::Word, "self.le", "self.", "le");
    check_heal(Healing::Word, "f(", "f(", "");
    check_heal(Healing::Word, "a -> B_2", "a ->", " B_2");
    check_heal(Healing::Word, "größe", "", "größe");
    check_heal(Healing::Off, "let x = fo", "let x = fo", "");
}

#[test]
fn indentation_is_forced_and_the_break_before_it_is_not() {
    check_heal(Healing::Word, "a();\n    ", "a();\n", "    ");
    check_heal(Healing::Word, "a();\n\t\tb", "a();\n", "\t\tb");
    check_heal(Healing::Word, "a();\n", "a();\n", "");
    check_heal(Healing::Word, "a();\r\n  b", "a();\r\n", "  b");
}

#[test]
fn punctuation_is_forced_by_its_own_rule() {
    check_heal(Healing::Punctuation, "self.le", "self", ".le");
    check_heal(Healing::Punctuation, "f(", "f", "(");
    check_heal(Healing::Punctuation, "fn f() ->", "fn f()", " ->");
    check_heal(Healing::Punctuation, "a\n// -----", "a\n// -----", "");
}

#[test]
fn of_a_very_long_word_only_the_end_is_forced() {
    check_heal(Healing::Word, &format!("a {}", "é".repeat(40)), &format!("a {}", "é".repeat(24)), &"é".repeat(16));
}

#[test]
fn a_budget_follows_the_tokenizer() {
    let budget = Budget::default().calibrated("let total = 0;", &|text| text.len() / 2);
    assert_eq!((budget.prefix_bytes(), budget.suffix_bytes()), (1536, 512));
    assert_eq!(Budget::default().calibrated("", &|_| 0), Budget::default());
}

/// Small windows, so that small documents fill them.
fn small(place: Place, healing: Healing) -> Layout {
    let budget =
        Budget { prefix_tokens: 16, suffix_tokens: 8, context_tokens: 0, typed_bytes: 24, bytes_per_token: 3.0 };
    Layout { budget, place, healing }
}

const PARTS_OF_TEXT: &str = "[a-c_]{1,4}|[(){};., ]|    |\t|\n|\r\n|é|👩|->";

fn strategy() -> impl proptest::strategy::Strategy<Value = (String, usize, Layout)> {
    use proptest::prelude::*;
    let text = proptest::collection::vec(PARTS_OF_TEXT, 0..60).prop_map(|parts| parts.concat());
    let places = [Place::LineStart, Place::Indentation, Place::Cursor];
    let healings = [Healing::Off, Healing::Word, Healing::Punctuation];
    let layout = (proptest::sample::select(places.to_vec()), proptest::sample::select(healings.to_vec()));
    (text, 0usize..200, layout).prop_map(|(text, offset, (place, healing))| (text, offset, small(place, healing)))
}

/// No character is lost, doubled or cut between the window's start and the cursor, nor behind the cursor.
fn assert_lossless(text: &Text, offset: usize, plan: &Plan) {
    let whole = text.to_string();
    let offset = whole.floor_char_boundary(offset);
    let Plan { anchor, typed, forced } = plan;
    assert_eq!(format!("{}{typed}{forced}", anchor.prefix), whole[anchor.start..offset]);
    assert_eq!(anchor.offset, anchor.start + anchor.prefix.len());
    assert!(whole[offset..].starts_with(&*anchor.suffix));
}

proptest::proptest! {
    #[test]
    fn a_plan_is_lossless_and_stays_when_asked_again((text, offset, layout) in strategy()) {
        let text = Text::new(&text);
        let first = plan(&text, offset, None, &layout);
        assert_lossless(&text, offset, &first);
        assert_eq!(plan(&text, offset, Some(&first.anchor), &layout), first);
    }

    /// Through any edits, wherever the anchor of the request before came from.
    #[test]
    fn a_plan_after_an_edit_is_lossless((before, offset, layout) in strategy(), (after, next, _) in strategy(),
                                        edit in (0usize..200, 0usize..20)) {
        let mut text = Text::new(&before);
        let anchor = plan(&text, offset, None, &layout).anchor;
        text.replace(edit.0..edit.0 + edit.1, &after);
        assert_lossless(&text, next, &plan(&text, next, Some(&anchor), &layout));
    }

    #[test]
    fn typing_moves_neither_prefix_nor_suffix((text, offset, layout) in strategy(), typed in "[a-c é👩(\n]{0,24}") {
        let mut text = Text::new(&text);
        let mut offset = text.floor_char_boundary(offset);
        let first = plan(&text, offset, None, &layout).anchor;
        for typed in typed.chars() {
            text.replace(offset..offset, typed.encode_utf8(&mut [0; 4]));
            offset += typed.len_utf8();
            let next = plan(&text, offset, Some(&first), &layout);
            assert_lossless(&text, offset, &next);
            if offset - first.offset > layout.budget.typed_bytes {
                break;
            }
            assert_eq!(next.anchor, first);
        }
    }
}

//! Where a suggestion still holds: `$0` is the cursor, `[…]` in an expectation what is replaced right of it.

use std::sync::Arc;

use foretype::cache::{Cache, Hit, Offer, Options, Via};
use foretype::document::DocumentId;
use foretype::suggestion::{Odds, Suggestion};
use foretype::text::Text;

fn document(name: &str) -> DocumentId {
    DocumentId(Arc::from(name))
}

fn cache() -> Cache {
    Cache::new(Options { max_entries: 100, max_bytes: 1 << 20 })
}

fn plain(text: &str) -> Suggestion {
    Suggestion { text: text.into(), n_replaced: 0 }
}

fn offer(text: &str) -> Offer {
    Offer::new(plain(text), Odds::default(), "test")
}

/// A text with its cursor.
fn place(hole: &str) -> (Text, usize) {
    let offset = hole.find("$0").unwrap();
    (Text::new(&hole.replacen("$0", "", 1)), offset)
}

fn insert(cache: &mut Cache, hole: &str, suggestions: &[Suggestion]) {
    let (text, offset) = place(hole);
    let offers = suggestions.iter().map(|it| Offer::new(it.clone(), Odds::default(), "test")).collect();
    cache.insert(&document("a"), &text, offset, offers);
}

fn lookup(cache: &mut Cache, hole: &str) -> Option<Hit> {
    let (text, offset) = place(hole);
    cache.lookup(&document("a"), &text, offset)
}

/// What the cache serves at `hole`, or "miss".
fn served(cache: &mut Cache, hole: &str) -> String {
    let Some(hit) = lookup(cache, hole) else { return "miss".into() };
    let suffix = hole.split_once("$0").unwrap().1;
    let show = |it: &Suggestion| match it.n_replaced {
        0 => it.text.clone(),
        n => format!("{}[{}]", it.text, &suffix[..n]),
    };
    hit.offers.iter().map(|offer| show(&offer.suggestion)).collect::<Vec<_>>().join(" | ")
}

#[track_caller]
fn check_replacing(made_at: &str, text: &str, n_replaced: usize, asked_at: &str, expect: &str) {
    let mut cache = cache();
    insert(&mut cache, made_at, &[Suggestion { text: text.into(), n_replaced }]);
    assert_eq!(served(&mut cache, asked_at), expect, "{made_at:?} + {text:?}, then {asked_at:?}");
}

/// `text` was suggested at `made_at`; what is served at `asked_at`?
#[track_caller]
fn check(made_at: &str, text: &str, asked_at: &str, expect: &str) {
    check_replacing(made_at, text, 0, asked_at, expect);
}

#[test]
fn the_same_place_is_a_hit() {
    check("let n = it$0\n", "ems.len();", "let n = it$0\n", "ems.len();");
    check("$0", "x", "$0", "x");
}

#[test]
fn typed_text_eats_the_suggestion() {
    check("let n = it$0\n", "ems.len();", "let n = items.l$0\n", "en();");
    check("let n = it$0\n", "ems.len();", "let n = items.len();$0\n", "miss");
    check("let n = it$0\n", "ems.len();", "let n = ix$0\n", "miss");
    check("let é = $0\n", "ñandú;", "let é = ñan$0\n", "dú;");
}

#[test]
fn deleted_text_comes_back_with_it() {
    check("let n = it$0\n", "ems.len();", "let n = i$0\n", "tems.len();");
    check("let n = it$0\n", "ems.len();", "let $0\n", "n = items.len();");
    check("let n = it$0\n", "ems.len();", "$0\n", "miss");
    check("    let n = it$0\n", "ems.len();", "    $0\n", "miss");
}

#[test]
fn blanks_that_a_blank_line_gets_are_taken_from_the_suggestions_own() {
    let text = "\t\t<div>\n\t\t\ta\n\t\t</div>";
    check("<p>\n$0\n", text, "<p>\n\t$0\n", "\t<div>\n\t\t\ta\n\t\t</div>");
    check("<p>\n$0\n", text, "<p>\n\t\t$0\n", "<div>\n\t\t\ta\n\t\t</div>");
    check("<p>\n$0\n", text, "<p>\n\t\t<d$0\n", "iv>\n\t\t\ta\n\t\t</div>");
    check("<p>\n\t$0\n", "\ta();", "<p>\n\t\t$0\n", "a();");
    // Who indents otherwise has the rest indented the same way.
    check("<p>\n$0\n", text, "<p>\n    $0\n", "<div>\n    \ta\n    </div>");
    check("<p>\n$0\n", "\ta();", "<p>\n\t\t$0\n", "a();");
}

#[test]
fn text_that_changed_on_either_side_is_a_miss() {
    check("a();\nlet n = $0;\nb();\n", "1", "c();\nlet n = $0;\nb();\n", "miss");
    check("a();\nlet n = $0;\nb();\n", "1", "a();\nlet n = $0;\nc();\n", "miss");
    check("a();\nlet n = $0;\nb();\n", "1", "a();\nlet n = $0;\nb();\nc", "miss");
    check("a();\nlet n = $0;\nb();\n", "1", "x\na();\nlet n = $0;\nb();\n", "miss");
}

#[test]
fn edits_far_away_do_not_matter() {
    let (before, after) = ("// before\n".repeat(200), "// after\n".repeat(100));
    let made_at = format!("{before}let n = $0\n{after}");
    check(&made_at, "1;", &format!("use a;\n{before}let n = $0\n{after}use b;\n"), "1;");
}

#[test]
fn accepted_lines_and_words_leave_the_rest() {
    let text = "if a {\n        b();\n        c();\n    }";
    check("    $0\n", text, "    if a$0\n", " {\n        b();\n        c();\n    }");
    check("    $0\n", text, "    if a {$0\n", "\n        b();\n        c();\n    }");
    check("    $0\n", text, "    if a {\n        b();\n        $0\n", "c();\n    }");
    check("    $0\n", text, "    if a {\n$0\n", "        b();\n        c();\n    }");
    check("\r\n  $0\r\n", "a();\r\n  b();", "\r\n  a();\r\n  $0\r\n", "b();");
}

#[test]
fn the_editors_own_indentation_is_followed() {
    let text = "if a {\n  b();\n  c();\n}";
    check("$0\n", text, "if a {\n    $0\n", "b();\n    c();\n}");
    check("$0\n", text, "if a {\n\tb();\n\t$0\n", "c();\n}");
    // The suggestion leaves the block, the editor stays in it.
    check("  $0\n", "b()\nelse:", "  b()\n  $0\n", "miss");
}

#[test]
fn a_line_shifted_in_or_out_keeps_its_suggestion() {
    check("a\n$0\n", "if b {\n    c();\n}", "a\n    $0\n", "if b {\n        c();\n    }");
    check("a\n    let n = i$0\n", "tems;", "a\n  let n = i$0\n", "tems;");
    check("a\n    $0\n", "b();\n    c();\n}", "a\n  $0\n", "b();\n  c();");
}

#[test]
fn closers_that_the_editor_adds_are_replaced() {
    check("let n = $0;\n", "f(a, b)?", "let n = f($0);\n", "a, b)?[)]");
    check("let n = $0\n", "f(a, b)", "let n = f($0)\n", "a, b");
    check("let n = $0\n", "f(\"a\", b).c", "let n = f(\"$0\")\n", "a\", b).c[\")]");
    check("$0\n", "if a {\n    b();\n}", "if a {\n    $0\n}\n", "b();");
    // Nothing typed since asks for this one.
    check("let n = $0\n", "f[a].b", "let n = f$0)\n", "miss");
}

#[test]
fn what_is_replaced_shrinks_when_it_is_typed_over() {
    check_replacing("call($0)\n", "a, b);", 1, "call(a$0)\n", ", b);[)]");
    check_replacing("call($0)\n", "a, b);", 1, "call(a, b)$0\n", ";");
    check_replacing("call($0)\n", "f(a);", 1, "call(f($0))\n", "a);[))]");
}

#[test]
fn those_that_still_agree_are_served_in_order() {
    let mut cache = cache();
    insert(&mut cache, "let n = $0\n", &[plain("items.len();"), plain("0;"), plain("items.first();")]);
    assert_eq!(served(&mut cache, "let n = $0\n"), "items.len(); | 0; | items.first();");
    assert_eq!(served(&mut cache, "let n = items.$0\n"), "len(); | first();");
    insert(&mut cache, "let n = it$0\n", &[plain("er();"), plain("ems.len();")]);
    assert_eq!(served(&mut cache, "let n = it$0\n"), "er(); | ems.len(); | ems.first();", "made for the place first");
    assert_eq!(served(&mut cache, "let n = i$0\n"), "tems.len(); | tems.first(); | ter();", "nothing twice");
}

#[test]
fn a_hit_tells_how_it_was_found() {
    let mut cache = cache();
    insert(&mut cache, "let n = it$0\n", &[plain("ems.len();")]);
    let mut via = |hole: &str| lookup(&mut cache, hole).unwrap().offers[0].via;
    assert_eq!(via("let n = it$0\n"), Via::Exact);
    assert_eq!(via("let n = items$0\n"), Via::TypedAlong(3));
    assert_eq!(via("let n = $0\n"), Via::WalkedBack(2));
}

#[test]
fn what_is_seen_is_known_whatever_was_seen_before() {
    let mut cache = cache();
    let see = |cache: &mut Cache, hole: &str, seen: &str| {
        let (text, offset) = place(hole);
        cache.show(&document("a"), &text, offset, &plain(seen));
    };
    insert(&mut cache, "$0\n", &[plain("let names;")]);
    see(&mut cache, "$0\n", "let");
    insert(&mut cache, "let n$0\n", &[plain(" =")]);
    see(&mut cache, "let n$0\n", " =");
    // Both go on in it: what of it is seen is the longer one.
    insert(&mut cache, "let n$0\n", &[plain(" = 1;")]);
    let hit = lookup(&mut cache, "let n$0\n").unwrap();
    assert_eq!((hit.offers[0].suggestion.text.as_str(), hit.offers[0].n_shown), (" = 1;", 2));
}

#[test]
fn long_lines_and_long_suggestions_are_typed_along() {
    let line = "a b ".repeat(2000);
    check(&format!("{line}$0{line}"), "xyz", &format!("{line}xy$0{line}"), "z");
    check(
        &format!("{line}$0"),
        "xyz",
        &format!("{}$0", &line[..line.len() - 60]),
        &format!("{}xyz", &line[line.len() - 60..]),
    );
    let text = (0..20).map(|n| format!("call({n});")).collect::<Vec<_>>().join("\n");
    check("$0\n", &text, &format!("{}$0\n", text.strip_suffix("9);").unwrap()), "9);");
}

#[test]
fn documents_are_kept_apart_and_forgotten() {
    let mut cache = cache();
    let (text, offset) = place("let n = $0\n");
    cache.insert(&document("a"), &text, offset, vec![offer("1;")]);
    assert_eq!(cache.lookup(&document("b"), &text, offset), None);
    cache.insert(&document("b"), &text, offset, vec![offer("2;")]);
    cache.forget(&document("a"));
    assert_eq!(cache.lookup(&document("a"), &text, offset), None);
    assert!(cache.lookup(&document("b"), &text, offset).is_some());
}

#[test]
fn the_least_recently_used_go_first() {
    let at = |n: usize| format!("// line {n}\nlet n = $0\n");
    let mut by_count = Cache::new(Options { max_entries: 2, max_bytes: 1 << 20 });
    let mut by_bytes = Cache::new(Options { max_entries: 100, max_bytes: 5_000 });
    insert(&mut by_count, &at(0), &[plain("0;")]);
    insert(&mut by_count, &at(1), &[plain("1;")]);
    assert_eq!(served(&mut by_count, &at(0)), "0;");
    insert(&mut by_count, &at(2), &[plain("2;")]);
    assert_eq!([0, 1, 2].map(|n| served(&mut by_count, &at(n))), ["0;", "miss", "2;"]);
    for n in 0..3 {
        insert(&mut by_bytes, &at(n), &[plain(&"x".repeat(2_000))]);
    }
    assert_eq!([0, 1, 2].map(|n| served(&mut by_bytes, &at(n)) == "miss"), [true, false, false]);
}

/// A document around a cursor, and what it would be with the suggestion in it.
struct Model {
    text: String,
    cursor: usize,
    meant: String,
    /// How much of the suggestion stands before the cursor, while nothing else was done near it.
    n_along: Option<usize>,
}

const SUGGESTION: &str = "if (a[0]) {\n        b(\"é\", 1);\n\n        c();\n    } // é";

impl Model {
    fn new(made_with: &str) -> Model {
        let lines = |name: &str, n: usize| (0..n).map(|i| format!("// {name} {i}: some text of a line\n")).collect();
        let (before, after): (String, String) = (lines("before", 90), lines("after", 60));
        let text = format!("{before}fn f() {{\n    {made_with}\n}}\n{after}");
        let cursor = before.len() + "fn f() {\n    ".len() + made_with.len();
        let meant = format!("{}{SUGGESTION}{}", &text[..cursor], &text[cursor..]);
        Model { text, cursor, meant, n_along: Some(0) }
    }

    fn put(&mut self, text: &str) {
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Along => {
                let Some(n_along) = self.n_along else { return };
                let Some(next) = SUGGESTION[n_along..].chars().next() else { return };
                self.put(next.encode_utf8(&mut [0; 4]));
                self.n_along = Some(n_along + next.len_utf8());
            }
            Action::Type(text) => {
                self.put(text);
                self.n_along = None;
            }
            Action::Delete => {
                let Some(last) = self.text[..self.cursor].chars().next_back() else { return };
                self.cursor -= last.len_utf8();
                self.text.remove(self.cursor);
                self.n_along = self.n_along.and_then(|n| n.checked_sub(last.len_utf8()));
            }
            Action::Close(pair) => {
                self.put(&pair[..1]);
                self.text.insert_str(self.cursor, &pair[1..]);
                self.n_along = None;
            }
            Action::FarAbove(line) => {
                self.text.insert_str(0, line);
                self.meant.insert_str(0, line);
                self.cursor += line.len();
            }
            Action::FarBelow(line) => {
                self.text.push_str(line);
                self.meant.push_str(line);
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Action {
    /// Types the suggestion's next character.
    Along,
    Type(String),
    Delete,
    /// Types an opener, and the editor puts in the closer.
    Close(&'static str),
    FarAbove(&'static str),
    FarBelow(&'static str),
}

fn actions() -> impl proptest::strategy::Strategy<Value = Vec<Action>> {
    use proptest::prelude::*;
    let action = prop_oneof![
        8 => Just(Action::Along),
        3 => Just(Action::Delete),
        1 => "[a-c(\\[\" \n)é]{1,2}".prop_map(Action::Type),
        1 => prop::sample::select(vec!["()", "[]", "{}", "\"\""]).prop_map(Action::Close),
        1 => Just(Action::FarAbove("ab")),
        1 => Just(Action::FarBelow("ab")),
    ];
    prop::collection::vec(action, 1..60)
}

/// The function, indentation apart: the cache follows the document's.
fn without_indent(text: &str) -> String {
    text.lines().skip_while(|line| line.contains("// before")).map(str::trim_start).collect::<Vec<_>>().join("\n")
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(100))]

    /// Whatever was done since, what is served gives the text that was meant; and as long as the user only types
    /// along, deletes that again, or works elsewhere, something is served.
    #[test]
    fn a_hit_is_never_stale(actions in actions(), made_with in "(l|let é = )?") {
        let mut cache = cache();
        let mut model = Model::new(&made_with);
        cache.insert(&document("a"), &Text::new(&model.text), model.cursor, vec![offer(SUGGESTION)]);
        for action in &actions {
            model.act(action);
            let text = Text::new(&model.text);
            let hit = cache.lookup(&document("a"), &text, model.cursor);
            let must_hit = model.n_along.is_some_and(|n| !SUGGESTION[n..].is_empty());
            proptest::prop_assert!(hit.is_some() || !must_hit, "missed after {:?}", &model.text[..model.cursor]);
            for suggestion in hit.into_iter().flat_map(|hit| hit.offers).map(|offer| offer.suggestion) {
                let mut with = Text::new(&model.text);
                with.replace(model.cursor..model.cursor + suggestion.n_replaced, &suggestion.text);
                proptest::prop_assert_eq!(without_indent(&with.to_string()), without_indent(&model.meant));
            }
        }
    }
}

//! What is visible, in each imitated editor; and what the oracle takes of it.

use std::time::Duration;

use foretype::replay::habits::{Client, Habits};
use foretype::replay::log::{Answer, Given, Item, Log};
use foretype::replay::measure::{Block, Decisions, measure};
use foretype::replay::oracle::{Taken, taken};
use foretype::replay::screen::{Cause, Sight, sights};
use foretype::replay::script::Script;

use super::{all_coming, script, typing};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Moments at their times; answers of (moment, ms, text), "" for none.
fn log(script: &Script, answers: &[(usize, u64, &str)]) -> Log {
    let answer = |(moment, at, text): &(usize, u64, &str)| {
        let cursor = script.moments[*moment].cursor;
        let item = Item { start: cursor, end: cursor, text: text.to_string(), source: "scripted".to_string() };
        let given = if text.is_empty() { Given::Nothing } else { Given::Item(item) };
        Answer { moment: *moment, at: ms(*at), is_again: false, given }
    };
    let played = script.moments.iter().map(|moment| ms(moment.at_ms as u64)).collect();
    Log { played, answers: answers.iter().map(answer).collect(), ..Log::default() }
}

/// What becomes visible: at which moment, what, and whether by an answer.
#[track_caller]
fn check(script: &Script, client: Client, answers: &[(usize, u64, &str)], expected: &[(usize, &str, bool)]) {
    let seen = sights(&script.moments, &log(script, answers), client);
    let seen: Vec<_> = seen.iter().map(|s| (s.moment, s.text.as_str(), s.cause == Cause::Answer)).collect();
    assert_eq!(seen, expected);
}

/// As it is counted, all blocks together.
fn count(script: &Script, client: Client, answers: &[(usize, u64, &str)]) -> Block {
    let decisions = Decisions { mean_ms: 0.0, seed: 1 };
    let [block] = &measure(script, &log(script, answers), client, decisions).blocks[..] else { panic!("one minute") };
    block.clone()
}

#[test]
fn what_is_typed_along_stays_less_what_was_typed() {
    let script = typing("", 0, "abcd");
    let seen = [(1, "bcd", true), (2, "cd", false), (3, "d", false), (4, "", false)];
    for client in [Client::Vscode, Client::Neovim, Client::Plain] {
        check(&script, client, &[(1, 150, "bcd")], &seen);
    }
    let block = count(&script, Client::Vscode, &[(1, 150, "bcd")]);
    assert_eq!((block.n_keys, block.n_visible, block.n_with_right, block.n_right), (4, 3, 3, 3));
    assert_eq!((block.n_displays, block.n_wrong, block.n_replaced, block.n_withdrawn), (1, 0, 0, 0));
}

#[test]
fn what_is_typed_differently_hides_it() {
    let script = typing("", 0, "abc");
    check(&script, Client::Vscode, &[(1, 150, "xyz")], &[(1, "xyz", true), (2, "", false)]);
    let block = count(&script, Client::Vscode, &[(1, 150, "xyz")]);
    assert_eq!((block.n_displays, block.n_wrong, block.n_right), (1, 1, 0));
}

#[test]
fn a_deletion_hides_it() {
    let script = script("", &[(0, 0, "a"), (0, 1, "")]);
    check(&script, Client::Plain, &[(1, 150, "bc")], &[(1, "bc", true), (2, "", false)]);
}

#[test]
fn a_menu_that_completes_the_word_types_along() {
    let script = script("", &[(0, 0, "h"), (1, 0, "a"), (0, 2, "handle")]);
    let seen = [(2, "ndle()", true), (3, "()", false)];
    check(&script, Client::Vscode, &[(2, 250, "ndle()")], &seen);
}

#[test]
fn other_text_for_the_same_place_is_a_replacement() {
    let script = typing("", 0, "abcdef");
    // Longer with the same beginning is none.
    let block = count(&script, Client::Vscode, &[(1, 150, "bcd"), (2, 210, "cdef")]);
    assert_eq!((block.n_replaced, block.n_withdrawn, block.n_displays), (0, 0, 2));
    let block = count(&script, Client::Vscode, &[(1, 150, "bcd"), (2, 210, "xyz")]);
    assert_eq!((block.n_replaced, block.n_withdrawn, block.n_displays, block.n_wrong), (1, 0, 2, 1));
    let block = count(&script, Client::Vscode, &[(1, 150, "bcd"), (2, 210, "")]);
    assert_eq!((block.n_replaced, block.n_withdrawn), (0, 1));
}

#[test]
fn late_answers_are_dropped_shown_or_shown_unless_old() {
    let script = typing("", 0, "abcdef");
    let late = [(1, 250, "bcdef")];
    check(&script, Client::Vscode, &late, &[]);
    let rest = [(2, "cdef", true), (3, "def", false), (4, "ef", false), (5, "f", false), (6, "", false)];
    check(&script, Client::Neovim, &late, &rest);
    check(&script, Client::Plain, &late, &rest);
    // It does not begin with what was typed since.
    check(&script, Client::Neovim, &[(1, 250, "xy")], &[]);
    // Older than what is shown: only Neovim shows it.
    let crossed = [(6, 610, "gh"), (5, 620, "fxx")];
    check(&script, Client::Plain, &crossed, &[(6, "gh", true)]);
    check(&script, Client::Neovim, &crossed, &[(6, "gh", true), (6, "xx", true)]);
}

#[test]
fn an_error_changes_nothing() {
    let script = typing("", 0, "ab");
    let mut log = log(&script, &[(1, 110, "bcd"), (2, 220, "")]);
    log.answers[1].given = Given::Failed;
    assert_eq!(sights(&script.moments, &log, Client::Vscode).len(), 2);
}

#[test]
fn latency_counts_from_the_key() {
    let script = typing("", 0, "ab");
    let block = count(&script, Client::Vscode, &[(1, 115, "b"), (2, 250, "")]);
    assert_eq!(block.latencies_ms["scripted"], [15.0]);
    assert_eq!((block.n_empty, block.n_empty_fast), (1, 0));
}

#[test]
fn vscode_cancels_and_neovim_waits() {
    let mut habits = Habits::new(Client::Vscode);
    assert!(habits.played(1, true, ms(100)).is_empty());
    assert_eq!(habits.take_due(ms(100)), Some(1));
    habits.asked(7);
    assert_eq!(habits.played(2, false, ms(200)), [7]);
    assert_eq!(habits.take_due(ms(200)), None);

    let mut habits = Habits::new(Client::Neovim);
    habits.played(1, true, ms(100));
    assert_eq!((habits.take_due(ms(299)), habits.due()), (None, Some(ms(300))));
    habits.played(2, true, ms(299));
    assert_eq!((habits.take_due(ms(498)), habits.take_due(ms(499))), (None, Some(2)));
    habits.asked(7);
    assert!(habits.played(3, true, ms(600)).is_empty() && habits.is_waiting());
}

fn sight(at: u64, moment: usize, text: &str, cause: Cause) -> Sight {
    Sight { at: ms(at), moment, text: text.to_string(), cause }
}

#[track_caller]
fn check_taken(script: &Script, sights: &[Sight], mean_ms: f64, expected: &[(usize, usize)]) {
    let taken: Vec<_> = taken(&script.moments, sights, &all_coming(script), mean_ms, 1)
        .iter()
        .map(|taken: &Taken| (taken.moment, taken.n_chars))
        .collect();
    assert_eq!(taken, expected);
}

#[test]
fn the_oracle_takes_the_most_that_comes() {
    let script = typing("", 0, "x = load(a);\nok");
    check_taken(&script, &[sight(110, 1, " = load(a);", Cause::Answer)], 0.0, &[(1, 11)]);
    // The first line.
    check_taken(&script, &[sight(110, 1, " = load(a);\nno", Cause::Answer)], 0.0, &[(1, 11)]);
    // The first word, from where it is worth it.
    let along = [sight(110, 1, " = load_all", Cause::Answer), sight(410, 4, "load(b);", Cause::Edit)];
    check_taken(&script, &along, 0.0, &[(4, 4)]);
    check_taken(&script, &[sight(110, 1, "nothing", Cause::Answer)], 0.0, &[]);
    // Two characters are not.
    check_taken(&script, &[sight(1310, 13, "ok", Cause::Answer)], 0.0, &[]);
}

#[test]
fn what_was_taken_is_not_taken_again() {
    let script = typing("", 0, "abcdefghij");
    let again = [
        sight(110, 1, "bcde", Cause::Answer),
        sight(310, 3, "defg", Cause::Answer),
        sight(510, 5, "fgh", Cause::Answer),
    ];
    check_taken(&script, &again, 0.0, &[(1, 4), (5, 3)]);
}

#[test]
fn the_oracle_needs_its_time() {
    let script = typing("", 0, "abcdefghijklmnopqrst");
    let short = [sight(110, 1, "bcdefgh", Cause::Answer), sight(150, 1, "", Cause::Answer)];
    check_taken(&script, &short, 400.0, &[]);
    // Typed along meanwhile, it takes the rest.
    let mut along = vec![sight(110, 1, "bcdefghijklmnopqrst", Cause::Answer)];
    for i in 2..15 {
        along.push(sight(100 * i, i as usize, &"abcdefghijklmnopqrst"[i as usize..], Cause::Edit));
    }
    let taken = taken(&script.moments, &along, &all_coming(&script), 400.0, 1);
    assert!(taken.len() == 1 && taken[0].moment > 1, "{taken:?}");
}

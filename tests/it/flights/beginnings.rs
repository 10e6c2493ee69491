//! The first words of a line are shown while the rest of it is being said.

use super::*;

/// One request of who asks again when there is more.
fn begin(predictor: &Arc<Predictor>, fixture: &'static str) -> Receiver<Outcome> {
    let (answered, answer) = channel();
    let (predictor, request) = (predictor.clone(), Request { takes_beginnings: true, ..request(fixture) });
    std::thread::spawn(move || answered.send(predictor.answer(&request, &Cancel::default()).outcome));
    answer
}

fn ask(predictor: &Arc<Predictor>, fixture: &'static str) -> Result<(String, &'static str), String> {
    outcome(begin(predictor, fixture).recv().unwrap())
}

/// As sure of each byte.
fn judged(text: &'static str, chance: f32) -> Word {
    Word::Judged(text, vec![(text.len(), chance.ln())])
}

/// All that was sent is said.
fn hear(strings: &Strings) {
    let (nod, nodded) = channel();
    strings.words.send(Word::Nod(nod)).unwrap();
    nodded.recv().unwrap();
}

#[test]
fn a_word_is_shown_before_its_line_is_whole() {
    let (engine, strings) = puppet();
    let predictor = predictor(engine, Without::default());
    let answer = begin(&predictor, "let n = $0\n");
    strings.words.send(judged("items.l", 1.0)).unwrap();
    assert_eq!(outcome(answer.recv().unwrap()), shown("items", "puppet"), "`l` may go on");
    // Typed along, it stays; what is said meanwhile follows.
    assert_eq!(ask(&predictor, "let n = it$0\n"), shown("ems", "cache"));
    strings.words.send(judged("items.len().min", 1.0)).unwrap();
    hear(&strings);
    assert_eq!(ask(&predictor, "let n = ite$0\n"), shown("ms.len", "cache"));
    strings.words.send(Word::Whole("items.len().min(2);", vec![])).unwrap();
    while ask(&predictor, "let n = ite$0\n") == shown("ms.len", "cache") {
        std::thread::yield_now();
    }
    assert_eq!(ask(&predictor, "let n = ite$0\n"), shown("ms.len().min(2);", "cache"));
    assert_eq!(strings.asked.iter().take(1).count(), 1);
    assert_eq!(predictor.tally().n_flights, 1, "nothing is asked twice");
}

#[test]
fn who_does_not_ask_again_gets_the_line() {
    let (engine, strings) = puppet();
    let predictor = predictor(engine, NOTHING_AHEAD);
    let (_, answer) = super::begin(&predictor, "let n = $0\n");
    strings.words.send(judged("items.l", 1.0)).unwrap();
    hear(&strings);
    assert!(answer.try_recv().is_err());
    assert_eq!(ask(&predictor, "let n = $0\n"), shown("items", "cache"), "another does");
    strings.words.send(Word::Whole("items.len();", vec![])).unwrap();
    assert_eq!(outcome(answer.recv().unwrap()), shown("items.len();", "puppet"));
}

#[test]
fn a_word_that_is_unsure_waits_until_it_is_typed() {
    let (engine, strings) = puppet();
    let predictor = predictor(engine, Without::default());
    let answer = begin(&predictor, "let n = $0\n");
    let doubted = vec![(5, 0.5_f32.ln()), (11, 0.0)];
    strings.words.send(Word::Judged("items.len()", doubted)).unwrap();
    hear(&strings);
    assert!(answer.try_recv().is_err(), "under the bar for a part, and who knows how the line ends");
    assert_eq!(ask(&predictor, "let n = items$0\n"), shown(".len", "cache"));
    assert_eq!(predictor.tally().n_flights, 1);
}

#[test]
fn what_is_judged_only_as_a_whole_waits_for_its_line() {
    let (engine, strings) = puppet();
    let predictor = predictor(engine, Without::default());
    let answer = begin(&predictor, "let n = $0\n");
    // Such as the first words of a chat model, which may be no code at all.
    strings.words.send(Word::Growing("Here is the")).unwrap();
    hear(&strings);
    assert!(answer.try_recv().is_err());
}

#[test]
fn what_may_become_the_line_below_waits() {
    let (engine, strings) = puppet();
    let predictor = predictor(engine, Without::default());
    let answer = begin(&predictor, "let n = $0\nlet n = items.len();\n");
    strings.words.send(judged("items.len(", 1.0)).unwrap();
    hear(&strings);
    assert!(answer.try_recv().is_err());
    strings.words.send(judged("items.iter().c", 1.0)).unwrap();
    assert_eq!(outcome(answer.recv().unwrap()), shown("items.iter", "puppet"));
}

#[test]
fn a_beginning_that_was_cut_off_is_shown_and_asked_for_again() {
    let (engine, strings) = puppet();
    let predictor = predictor(engine, Without::default());
    let answer = begin(&predictor, "let n = $0\n");
    strings.words.send(judged("items.l", 1.0)).unwrap();
    answer.recv().unwrap();
    strings.asked.recv().unwrap();
    strings.reminded.recv().unwrap();
    predictor.changed(&snapshot("let n = x\n"), 9);
    // The typo is taken back.
    assert_eq!(ask(&predictor, "let n = $0\n"), shown("items", "cache"));
    assert_eq!(strings.asked.recv().unwrap().0, "let n = ");
    assert_eq!(strings.reminded.recv().unwrap(), "items.l");
    strings.words.send(Word::Whole("items.len();", vec![])).unwrap();
    while ask(&predictor, "let n = $0\n") == shown("items", "cache") {
        std::thread::yield_now();
    }
    assert_eq!(ask(&predictor, "let n = $0\n"), shown("items.len();", "cache"));
}

#[test]
fn another_ending_does_not_replace_what_is_seen() {
    let (engine, strings) = puppet();
    let predictor = predictor(engine, Without::default());
    let answer = begin(&predictor, "f($0)\n");
    strings.words.send(judged("items, n", 1.0)).unwrap();
    assert_eq!(outcome(answer.recv().unwrap()), shown("items", "puppet"));
    // It brings the bracket that stands there already.
    strings.words.send(Word::Whole("items, n);", vec![])).unwrap();
    while ask(&predictor, "f($0)\n") == shown("items", "cache") {
        std::thread::yield_now();
    }
    let (text, _) = ask(&predictor, "f($0)\n").unwrap();
    assert!(text.starts_with("items, n"), "{text}");
}

#[test]
fn what_is_seen_stays_when_the_rest_is_unsure() {
    let (engine, strings) = puppet();
    let predictor = predictor(engine, Without::default());
    let answer = begin(&predictor, "// a weird r$0\n");
    strings.words.send(Word::Judged("ace c", vec![(3, 0.7_f32.ln()), (5, 0.0)])).unwrap();
    assert_eq!(outcome(answer.recv().unwrap()), shown("ace", "puppet"));
    let doubted = vec![(3, 0.2_f32.ln()), (14, 0.2_f32.ln())];
    strings.words.send(Word::Whole("ace conditions", doubted)).unwrap();
    for fixture in ["// a weird r$0\n", "// a weird ra$0\n", "// a weird rac$0\n"] {
        let rest = &"race"[fixture.len() - 14..];
        assert_eq!(ask(&predictor, fixture), shown(rest, "cache"));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

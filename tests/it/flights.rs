//! Questions to a model that outlive their request, and what of the answers is shown.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use foretype::cache;
use foretype::document::{Clearance, DocumentId, Documents, Snapshot};
use foretype::engine::{Ask, Cancel, Candidate, Engine, Finish};
use foretype::predictor::power::runs_on_battery;
use foretype::predictor::{Options, Outcome, Predictor, Quick, Request, Trace, Trigger, Without};
use foretype::suggestion;
use parking_lot::Mutex;
use proptest::prelude::*;

mod beginnings;

/// A model that says what the test lets it say, when the test lets it.
struct Puppet {
    /// The text before the cursor of each question, and what stops it.
    asked: Sender<(String, Cancel)>,
    /// What it is told that was said before.
    reminded: Sender<String>,
    words: Mutex<Receiver<Word>>,
}

enum Word {
    /// A growing text.
    Growing(&'static str),
    /// The same, with its pieces' chances.
    Judged(&'static str, Vec<(usize, f32)>),
    /// All of it, with its pieces' chances.
    Whole(&'static str, Vec<(usize, f32)>),
    /// Nothing: it nods when all before it is said.
    Nod(Sender<()>),
}

/// The test's side of a [`Puppet`].
struct Strings {
    asked: Receiver<(String, Cancel)>,
    reminded: Receiver<String>,
    words: Sender<Word>,
}

fn puppet() -> (Puppet, Strings) {
    let (asked, was_asked) = channel();
    let (reminded, was_reminded) = channel();
    let (words, said) = channel();
    let strings = Strings { asked: was_asked, reminded: was_reminded, words };
    (Puppet { asked, reminded, words: Mutex::new(said) }, strings)
}

impl Engine for Puppet {
    fn name(&self) -> &'static str {
        "puppet"
    }

    fn generate(&self, ask: &Ask, cancel: &Cancel, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish {
        let before = ask.document.text.slice(0..ask.offset).to_string();
        let _ = self.reminded.send(ask.said_before.to_string());
        let _ = self.asked.send((before, cancel.clone()));
        let words = self.words.lock();
        loop {
            if cancel.is_cancelled() {
                return Finish::Cancelled;
            }
            match words.try_recv() {
                Ok(Word::Growing(text)) => {
                    let _ = emit(Candidate {
                        text: text.into(),
                        is_growing: true,
                        confidence: 1.0,
                        ..Candidate::default()
                    });
                }
                Ok(Word::Judged(text, pieces)) => {
                    let _ = emit(Candidate { text: text.into(), is_growing: true, pieces, ..Candidate::default() });
                }
                Ok(Word::Whole(text, pieces)) => {
                    let confidence = pieces.iter().map(|(_, ln)| ln).sum::<f32>().exp();
                    let _ = emit(Candidate { text: text.into(), pieces, confidence, ..Candidate::default() });
                    return Finish::Done;
                }
                Ok(Word::Nod(nod)) => drop(nod.send(())),
                Err(_) => std::thread::yield_now(),
            }
        }
    }
}

fn predictor(engine: impl Engine + 'static, without: Without) -> Arc<Predictor> {
    predictor_of(vec![Arc::new(engine)], without)
}

fn predictor_of(engines: Vec<Arc<dyn Engine>>, without: Without) -> Arc<Predictor> {
    Arc::new(Predictor::new(options(without), suggestion::Options::default(), engines))
}

fn options(without: Without) -> Options {
    Options {
        enabled: true,
        disabled_languages: Vec::new(),
        in_comments: true,
        in_strings: true,
        max_lines: 10,
        max_document_bytes: 10_000,
        min_chance: 0.3,
        min_part_chance: 0.6,
        ahead: true,
        ahead_on_battery: true,
        without,
        cache: cache::Options { max_entries: 100, max_bytes: 1 << 20 },
    }
}

fn snapshot(text: &str) -> Snapshot {
    let mut documents = Documents::default();
    let id = DocumentId("a.txt".into());
    let mut snapshot = documents.open(id, Some(Path::new("a.txt").into()), None, 1, text);
    snapshot.clearance = Clearance::Cleared;
    snapshot
}

/// A request at `$0`.
fn request(fixture: &str) -> Request {
    let offset = fixture.find("$0").expect("a mark");
    let document = snapshot(&fixture.replacen("$0", "", 1));
    Request {
        document,
        offset,
        others: Vec::new(),
        trigger: Trigger::Automatic,
        selected: None,
        takes_beginnings: false,
    }
}

/// The first text shown and its source, or why there is none.
fn ask(predictor: &Predictor, fixture: &str) -> Result<(String, &'static str), String> {
    outcome(predictor.answer(&request(fixture), &Cancel::default()).outcome)
}

fn outcome(outcome: Outcome) -> Result<(String, &'static str), String> {
    match outcome {
        Outcome::Suggest { suggestions, made } => Ok((suggestions[0].text.clone(), made.source)),
        Outcome::Nothing(reason) => Err(reason),
        Outcome::Cancelled => Err("cancelled".to_string()),
    }
}

fn shown(text: &str, source: &'static str) -> Result<(String, &'static str), String> {
    Ok((text.to_string(), source))
}

/// Only what is asked is prepared.
const NOTHING_AHEAD: Without = Without {
    cache: false,
    adoption: false,
    speculation: true,
    restraint: false,
    drafts: false,
    parts: false,
    beginnings: false,
};

/// One request on a thread of its own.
fn begin(predictor: &Arc<Predictor>, fixture: &'static str) -> (Cancel, Receiver<Outcome>) {
    let (cancel, (answered, answer)) = (Cancel::default(), channel());
    let (predictor, stop) = (predictor.clone(), cancel.clone());
    std::thread::spawn(move || answered.send(predictor.answer(&request(fixture), &stop).outcome));
    (cancel, answer)
}

#[test]
fn the_next_key_takes_over_what_is_being_said() {
    let (engine, strings) = puppet();
    let predictor = predictor(engine, NOTHING_AHEAD);
    let (cancel, first) = begin(&predictor, "let n = $0\n");
    strings.asked.recv().unwrap();
    strings.words.send(Word::Growing("items")).unwrap();
    cancel.cancel();
    predictor.wake();
    assert_eq!(first.recv().unwrap(), Outcome::Cancelled);

    let (_, second) = begin(&predictor, "let n = it$0\n");
    strings.words.send(Word::Whole("items.len();", vec![])).unwrap();
    let (text, source) = outcome(second.recv().unwrap()).unwrap();
    // From the cache, in the first or the second look, where the request came after the last word.
    assert!(text == "ems.len();" && ["adopted", "cache", "puppet"].contains(&source), "{text} from {source}");
    assert!(strings.asked.try_recv().is_err(), "it was asked anew");
    assert_eq!(predictor.tally().n_flights, 1);
}

#[test]
fn a_key_that_disagrees_ends_it_and_asks_anew() {
    let (engine, strings) = puppet();
    let predictor = predictor(engine, NOTHING_AHEAD);
    let (cancel, _) = begin(&predictor, "let n = $0\n");
    let (_, stop) = strings.asked.recv().unwrap();
    strings.words.send(Word::Growing("items")).unwrap();
    while predictor.tally().n_requests == 0 && !stop.is_cancelled() {
        cancel.cancel();
        predictor.wake();
        std::thread::yield_now();
    }
    let (_, second) = begin(&predictor, "let n = x$0\n");
    let (before, _) = strings.asked.recv().unwrap();
    assert_eq!(before, "let n = x");
    assert!(stop.is_superseded());
    strings.words.send(Word::Whole(".y();", vec![])).unwrap();
    assert_eq!(outcome(second.recv().unwrap()), shown(".y();", "puppet"));
}

#[test]
fn after_a_typo_is_taken_back_what_was_being_said_is_remembered() {
    let (engine, strings) = puppet();
    let predictor = predictor(engine, NOTHING_AHEAD);
    let type_at = |fixture: &'static str, said: Option<&'static str>| {
        let (cancel, answer) = begin(&predictor, fixture);
        let (before, _) = strings.asked.recv().unwrap();
        assert_eq!(before, fixture.split("$0").next().unwrap());
        if let Some(said) = said {
            strings.words.send(Word::Growing(said)).unwrap();
            let (nod, nodded) = channel();
            strings.words.send(Word::Nod(nod)).unwrap();
            nodded.recv().unwrap();
        }
        cancel.cancel();
        predictor.wake();
        answer.recv().unwrap();
        strings.reminded.recv().unwrap()
    };
    assert_eq!(type_at("let n = $0\n", Some("items.l")), "");
    assert_eq!(type_at("let n = x$0\n", None), "", "that was not said");
    assert_eq!(type_at("let n = it$0\n", None), "ems.l", "it is taken back, and more is typed");
    assert_eq!(type_at("let m = it$0\n", None), "", "that was said of something else");
}

#[test]
fn a_whole_line_is_shown_while_the_next_one_is_made() {
    let (engine, strings) = puppet();
    let predictor = predictor(engine, NOTHING_AHEAD);
    let (_, answer) = begin(&predictor, "$0");
    strings.words.send(Word::Growing("if a {\n    b")).unwrap();
    assert_eq!(outcome(answer.recv().unwrap()), shown("if a {", "puppet"));
    strings.words.send(Word::Whole("if a {\n    b();\n}", vec![])).unwrap();
    while ask(&predictor, "$0") == shown("if a {", "cache") {
        std::thread::yield_now();
    }
    assert_eq!(ask(&predictor, "$0"), shown("if a {\n    b();\n}", "cache"));
}

#[test]
fn a_change_of_the_text_ends_what_disagrees_with_it() {
    let (engine, strings) = puppet();
    let predictor = predictor(engine, NOTHING_AHEAD);
    let (_, answer) = begin(&predictor, "let n = $0\n");
    let (_, stop) = strings.asked.recv().unwrap();
    predictor.changed(&snapshot("let n = i\n"), 9);
    assert!(!stop.is_cancelled(), "nothing is said yet");
    predictor.changed(&snapshot("let m = i\n"), 9);
    assert!(stop.is_cancelled() && stop.is_superseded(), "the next question is on its way");
    drop(strings);
    // The request itself is still answered: it asks anew, and that is ended here.
    predictor.forget(&DocumentId("a.txt".into()));
    drop(answer);
}

#[test]
fn what_nobody_waits_for_is_ended() {
    let (engine, strings) = puppet();
    let predictor = predictor(engine, NOTHING_AHEAD);
    let (cancel, answer) = begin(&predictor, "let n = $0\n");
    let (_, stop) = strings.asked.recv().unwrap();
    cancel.cancel();
    predictor.wake();
    assert_eq!(answer.recv().unwrap(), Outcome::Cancelled);
    assert!(!stop.is_cancelled(), "the next key may want it");
    predictor.abandon(&DocumentId("a.txt".into()));
    assert!(stop.is_cancelled() && !stop.is_superseded());
}

#[test]
fn what_a_key_agreed_with_leaves_its_work_to_the_next_question() {
    let (engine, strings) = puppet();
    let predictor = predictor(engine, NOTHING_AHEAD);
    let (cancel, answer) = begin(&predictor, "let n = $0\n");
    let (_, stop) = strings.asked.recv().unwrap();
    cancel.cancel();
    predictor.wake();
    answer.recv().unwrap();
    predictor.changed(&snapshot("let n = i\n"), 9);
    predictor.abandon(&DocumentId("a.txt".into()));
    assert!(stop.is_cancelled() && stop.is_superseded());
}

#[test]
fn who_is_late_to_leave_ends_it() {
    let (engine, strings) = puppet();
    let predictor = predictor(engine, NOTHING_AHEAD);
    let (cancel, answer) = begin(&predictor, "let n = $0\n");
    let (_, stop) = strings.asked.recv().unwrap();
    // The request was given up, and its thread has not heard of it yet.
    predictor.abandon(&DocumentId("a.txt".into()));
    assert!(!stop.is_cancelled());
    cancel.cancel();
    predictor.wake();
    assert_eq!(answer.recv().unwrap(), Outcome::Cancelled);
    assert!(stop.is_cancelled());
}

#[test]
fn work_that_nobody_sees_is_told() {
    let (engine, strings) = puppet();
    let (told, waste) = channel();
    let predictor = Arc::into_inner(predictor(engine, NOTHING_AHEAD)).unwrap();
    let predictor = Arc::new(predictor.telling_waste(move |waste| told.send(waste).unwrap()));
    let (cancel, answer) = begin(&predictor, "let n = $0\n");
    strings.asked.recv().unwrap();
    cancel.cancel();
    predictor.wake();
    answer.recv().unwrap();
    assert!(waste.try_recv().is_err(), "it may still be of use");
    predictor.abandon(&DocumentId("a.txt".into()));
    let waste = waste.recv().unwrap();
    assert!(waste.took > std::time::Duration::ZERO && waste.n_tokens == 0, "{waste:?}");
}

/// Says one thing with its pieces' chances.
struct Sayer {
    text: &'static str,
    pieces: Vec<(usize, f32)>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Engine for Sayer {
    fn name(&self) -> &'static str {
        "sayer"
    }

    fn generate(&self, ask: &Ask, _: &Cancel, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish {
        self.asked.lock().push(ask.document.text.slice(0..ask.offset).to_string());
        let confidence = self.pieces.iter().map(|(_, ln)| ln).sum::<f32>().exp();
        let (text, pieces) = (self.text.to_string(), self.pieces.clone());
        let _ = emit(Candidate { text, pieces, confidence, ..Candidate::default() });
        Finish::Done
    }
}

/// A model that says `text`, whose pieces have these chances; and what it was asked.
fn sayer(text: &'static str, pieces: &[(usize, f32)]) -> (Sayer, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let pieces = pieces.iter().map(|(end, chance)| (*end, chance.ln())).collect();
    (Sayer { text, pieces, asked: asked.clone() }, asked)
}

#[test]
fn what_is_unsure_is_shown_once_the_doubtful_part_is_typed() {
    let (engine, asked) = sayer("items.len();", &[(5, 0.2), (12, 0.9)]);
    let predictor = predictor(engine, NOTHING_AHEAD);
    assert!(ask(&predictor, "let n = $0\n").unwrap_err().contains("0.18"));
    assert_eq!(ask(&predictor, "let n = items$0\n"), shown(".len();", "cache"));
    assert_eq!(asked.lock().len(), 1);
}

#[test]
fn an_unsure_line_is_not_asked_for_again_at_every_key() {
    let (engine, asked) = sayer("items.len();", &[(5, 0.9), (12, 0.1)]);
    let predictor = predictor(engine, Without { parts: true, ..NOTHING_AHEAD });
    for fixture in ["let n = $0\n", "let n = i$0\n", "let n = it$0\n"] {
        assert!(ask(&predictor, fixture).is_err());
    }
    assert_eq!(asked.lock().len(), 1);
}

#[test]
fn the_sure_beginning_of_a_line_is_shown_and_stays_until_there_is_more() {
    let (engine, _) = sayer("items.iter().sum();", &[(5, 0.9), (10, 0.8), (12, 0.5), (19, 0.4)]);
    let predictor = predictor(engine, NOTHING_AHEAD);
    assert_eq!(ask(&predictor, "let n = $0\n"), shown("items.iter", "sayer"));
    assert_eq!(ask(&predictor, "let n = items.it$0\n"), shown("er", "cache"));
    assert_eq!(ask(&predictor, "let n = items.iter()$0\n"), shown(".sum();", "cache"));
}

#[test]
fn lines_are_shown_as_far_as_each_is_sure() {
    let (engine, _) = sayer("a();\nb();\nc();", &[(4, 0.9), (9, 0.6), (14, 0.1)]);
    assert_eq!(ask(&predictor(engine, NOTHING_AHEAD), "$0"), shown("a();\nb();", "sayer"));
}

/// An instant engine that has something to say from the second question on.
struct Late(Sayer);

impl Engine for Late {
    fn name(&self) -> &'static str {
        "late"
    }

    fn is_instant(&self) -> bool {
        true
    }

    fn generate(&self, ask: &Ask, cancel: &Cancel, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish {
        if self.0.asked.lock().is_empty() {
            self.0.asked.lock().push(String::new());
            return Finish::Silent("not yet".to_string());
        }
        self.0.generate(ask, cancel, emit)
    }
}

#[test]
fn what_is_shown_is_not_replaced_by_what_is_surer() {
    let (surer, _) = sayer("index();", &[(8, 0.9)]);
    let (first, _) = sayer("items.len();", &[(12, 0.4)]);
    let predictor = predictor_of(vec![Arc::new(Late(surer)), Arc::new(first)], NOTHING_AHEAD);
    assert_eq!(ask(&predictor, "let n = $0\n"), shown("items.len();", "sayer"));
    // At a key the cache answers; asked in full, the instant engine speaks up, too.
    let again = request("let n = $0\n");
    let Quick::Answered(answer) = predictor.quick(&again) else { panic!("it is in the cache") };
    let answer = predictor.full(&again, Trace::clone(&answer.trace), &Cancel::default());
    assert_eq!(outcome(answer.outcome), shown("items.len();", "sayer"));
    assert_eq!(ask(&predictor, "let n = i$0\n"), shown("tems.len();", "cache"));
    // What was typed is neither: now the surer one is free to come.
    assert_eq!(ask(&predictor, "let n = in$0\n"), shown("dex();", "cache"));
}

#[test]
fn what_follows_an_accepted_suggestion_is_prepared() {
    let (engine, asked) = sayer("one();", &[(6, 0.9)]);
    let predictor = predictor(engine, Without::default());
    assert!(ask(&predictor, "$0\n").is_ok());
    while asked.lock().len() < 2 {
        std::thread::yield_now();
    }
    assert_eq!(asked.lock()[1], "one();");
    assert_eq!(predictor.tally().n_ahead, 1);
}

#[test]
fn a_battery_that_is_emptied_is_told_from_one_at_the_mains() {
    let folder = tempfile::tempdir().unwrap();
    let supply = |name: &str, files: &[(&str, &str)]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(&path).unwrap();
        files.iter().for_each(|(file, text)| std::fs::write(path.join(file), format!("{text}\n")).unwrap());
    };
    assert!(!runs_on_battery(folder.path()));
    supply("mouse", &[("type", "Battery"), ("status", "Discharging"), ("scope", "Device")]);
    assert!(!runs_on_battery(folder.path()));
    supply("BAT0", &[("type", "Battery"), ("status", "Discharging")]);
    supply("AC", &[("type", "Mains"), ("online", "0")]);
    assert!(runs_on_battery(folder.path()));
    supply("AC", &[("type", "Mains"), ("online", "1")]);
    assert!(!runs_on_battery(folder.path()));
}

#[test]
fn mechanisms_can_be_left_out_by_name_only() {
    assert_eq!("cache,drafts".parse(), Ok(Without { cache: true, drafts: true, ..Without::default() }));
    assert!("cash".parse::<Without>().unwrap_err().contains("cache, adoption"));
}

/// Goes on with the line that the cursor's line begins, of a text that it knows, or says something of its own.
struct Knowing {
    lines: Vec<&'static str>,
    /// All that it ever said, as the cursor's line would read with it.
    said: Arc<Mutex<Vec<String>>>,
}

impl Engine for Knowing {
    fn name(&self) -> &'static str {
        "knowing"
    }

    fn generate(&self, ask: &Ask, cancel: &Cancel, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish {
        let before = ask.document.text.slice(0..ask.offset).to_string();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let rest = self.lines.iter().find_map(|known| known.strip_prefix(line)).filter(|rest| !rest.is_empty());
        let Some(text) = rest else { return Finish::Silent("it knows nothing like this".to_string()) };
        if cancel.is_cancelled() {
            return Finish::Cancelled;
        }
        self.said.lock().push(format!("{before}{text}"));
        // As unsure as the line is long.
        let pieces = |n: usize| (1..=n).map(|end| (end, -0.08)).collect();
        for end in 1..text.len() {
            if cancel.is_cancelled() {
                return Finish::Cancelled;
            }
            let (text, pieces) = (text[..end].to_string(), pieces(end));
            let _ = emit(Candidate { text, pieces, is_growing: true, ..Candidate::default() });
            // Somebody may look now.
            std::thread::yield_now();
        }
        let pieces = pieces(text.len());
        let confidence = (-0.08 * text.len() as f32).exp();
        let _ = emit(Candidate { text: text.to_string(), pieces, confidence, ..Candidate::default() });
        Finish::Done
    }
}

#[derive(Clone, Debug)]
enum Act {
    Type(char),
    Back,
    Accept,
    /// A request that is cancelled before it is answered.
    Cancelled,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => prop::sample::select(vec!['a', 'b', 'c', '(', ')', '\n']).prop_map(Act::Type),
        2 => Just(Act::Back),
        1 => Just(Act::Accept),
        1 => Just(Act::Cancelled),
    ];
    prop::collection::vec(act, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the user does, what is shown is what the model meant for just this text, and it stays while it is
    /// typed along.
    #[test]
    fn nothing_stale_is_shown_and_nothing_shown_is_replaced(acts in acts(), takes_beginnings: bool) {
        let said = Arc::<Mutex<Vec<String>>>::default();
        let lines = vec!["abc(abc)", "ab(cab)", "cab(a)(b)(c)", "bca"];
        let predictor = predictor(Knowing { lines, said: said.clone() }, Without::default());
        let mut text = String::new();
        let mut seen: Option<String> = None;
        for act in acts {
            let typed = match act {
                Act::Type(c) => { text.push(c); Some(c) }
                Act::Back => { text.pop(); None }
                Act::Accept => { text.push_str(&seen.clone().unwrap_or_default()); None }
                Act::Cancelled => {
                    let cancel = Cancel::default();
                    cancel.cancel();
                    let request = Request { takes_beginnings, ..request(&format!("{text}$0")) };
                    let answer = predictor.answer(&request, &cancel);
                    let is_asked = matches!(answer.outcome, Outcome::Suggest { made, .. } if made.source == "knowing");
                    prop_assert!(!is_asked, "a cancelled request was answered");
                    continue;
                }
            };
            let request = Request { takes_beginnings, ..request(&format!("{text}$0")) };
            let answer = predictor.answer(&request, &Cancel::default());
            let now = outcome(answer.outcome).ok().map(|(shown, _)| shown);
            if let Some(now) = &now {
                let whole = format!("{text}{now}");
                prop_assert!(said.lock().iter().any(|said| said.starts_with(&whole)), "{whole:?}: never said");
            }
            let along = seen.and_then(|seen| typed.and_then(|c| seen.strip_prefix(c).map(str::to_string)));
            if let Some(rest) = along.filter(|rest| !rest.trim().is_empty()) {
                let now = now.clone().unwrap_or_default();
                prop_assert!(now.starts_with(&rest), "{rest:?} was replaced by {now:?} at {text:?}");
            }
            seen = now;
        }
        let tally = predictor.tally();
        let n_answered = tally.n_cache + tally.n_instant + tally.n_adopted + tally.n_model + tally.n_nothing;
        prop_assert_eq!(tally.n_requests, n_answered + tally.n_cancelled);
    }
}

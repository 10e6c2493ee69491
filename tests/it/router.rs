//! Which model answers: failing over, hedging, coming back, and what the user is told of it.

mod breaker;
mod fake;
mod faults;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use foretype::engine::scripted::Scripted;
use foretype::engine::{Ask, Cancel, Candidate, Cause, Engine, Finish};
use foretype::router::{Health, Lineup, Options, Route, Severity, State};
use serde_json::{Value, json};

use crate::client::{Client, ghost_text};
use breaker::CAUSES;
use fake::{Act, DEADLINE, Fake, Scene, failure, local, remote, wait_until};

/// A team's endpoint that does this, and a local model behind it.
fn scene(team: Act) -> (Arc<Fake>, Arc<Fake>, Scene) {
    let (team, behind) = (Fake::new("team", team), Fake::new("local", Act::Say));
    let scene = Scene::new(vec![remote(&team), local(&behind)]);
    (team, behind, scene)
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn growing(text: &'static str, then: Act) -> Act {
    Act::Grow(text, Box::new(then))
}

#[test]
fn the_first_in_order_answers_and_the_others_are_not_asked() {
    let (_, behind, scene) = scene(Act::Say);
    let answer = scene.ask();
    assert_eq!(answer.said, [("team", "team();".to_string())]);
    assert_eq!((answer.finish, behind.n_asked()), (Finish::Done, 0));
    assert_eq!(scene.router.answers().as_deref(), Some("team"));
    // But made ready, so that an outage finds its weights loaded.
    assert_eq!(behind.n_prepared.load(Ordering::SeqCst), 1);
}

#[test]
fn the_question_under_way_is_answered_by_the_next_whatever_the_cause() {
    for cause in CAUSES {
        let (team, _, scene) = scene(Act::Fail(cause));
        let answer = scene.ask();
        assert_eq!(answer.by(), "local", "{cause:?}");
        assert!(answer.provenance.contains(&format!("team: it failed ({cause:?})")), "{}", answer.provenance);
        // Opened after one or two failures, it is left alone from then on.
        for _ in 0..5 {
            assert_eq!(scene.ask().by(), "local");
        }
        assert!(team.n_asked() <= 2, "{cause:?}: asked {} times", team.n_asked());
        let Health::Down { cause: known, .. } = scene.router.status()[0].health else { panic!("{cause:?}: healthy") };
        assert_eq!(known, cause);
        assert_eq!(scene.router.answers().as_deref(), Some("local"));
        let changes = scene.changes.lock().clone();
        let [change] = &changes[..] else { panic!("{cause:?}: told other than once: {changes:?}") };
        assert_eq!(change.state, State::Down(cause, failure(cause).message));
        let warned = [Cause::Tls, Cause::Unauthorised, Cause::Quota, Cause::Gone, Cause::Refused];
        let severity = if warned.contains(&cause) { Severity::Warning } else { Severity::Info };
        // Who keeps the budget tells it, once for all windows.
        assert_eq!(change.tell, (cause != Cause::Budget).then_some(severity), "{cause:?}");
    }
}

#[test]
fn a_panic_is_a_failure() {
    let (_, _, scene) = scene(Act::Panic);
    let answer = scene.ask();
    assert_eq!(answer.by(), "local");
    assert!(answer.provenance.contains("panicked"), "{}", answer.provenance);
}

#[test]
fn silence_is_no_failure() {
    let (team, _, scene) = scene(Act::Silent);
    for _ in 0..5 {
        assert_eq!(scene.ask().by(), "local");
    }
    assert_eq!(team.n_asked(), 5);
    assert_eq!(scene.told(), [""; 0]);
}

#[test]
fn who_is_slower_than_usual_is_raced_and_the_loser_is_stopped() {
    let (team, _, scene) = scene(Act::Say);
    scene.warm_up();
    team.turn(Act::Stall);
    let answer = scene.ask();
    assert_eq!(answer.by(), "local");
    assert!(answer.took >= ms(50), "the p90 is at least 50 ms: {:?}", answer.took);
    wait_until("the loser stops", || team.n_stopped.load(Ordering::SeqCst) == 1);
    let counts = scene.router.status()[0].counts.unwrap();
    assert_eq!((counts.n_asked, counts.n_answered, counts.n_hedged, counts.n_won), (7, 6, 1, 6));
}

#[test]
fn the_first_to_have_words_wins_and_before_the_pace_is_known_it_has_a_while() {
    let (team, behind) = (Fake::new("team", Act::SayAfter(150)), Fake::new("local", Act::Say));
    let scene = Scene::new(vec![Route { deadline: Duration::from_secs(5), ..remote(&team) }, local(&behind)]);
    assert_eq!(scene.ask().by(), "team");
    assert_eq!(behind.n_asked(), 0, "within 400 ms");
    behind.turn(Act::Stall);
    team.turn(Act::SayAfter(420));
    assert_eq!(scene.ask().by(), "team", "it has words while the other is at it");
    wait_until("the other stops", || behind.n_stopped.load(Ordering::SeqCst) == 1);
}

/// A hole that swallows everything never fails by itself where another always wins.
#[test]
fn who_is_late_twice_is_left_alone_and_the_user_hears_of_it_when_a_probe_fails_too() {
    let (team, _, scene) = scene(Act::Say);
    scene.warm_up();
    team.turn(Act::Stall);
    for _ in 0..2 {
        assert_eq!(scene.ask().by(), "local");
    }
    let n_asked = team.n_asked();
    for _ in 0..20 {
        let answer = scene.ask();
        assert!(answer.by() == "local" && answer.took < ms(40), "{answer:?}");
    }
    assert_eq!(team.n_asked(), n_asked);
    wait_until("the user is told", || scene.told().len() == 1);
    assert_eq!(team.n_probes.load(Ordering::SeqCst), 1);
}

/// Slower than usual, but well: a probe says so at once, and nobody was told.
#[test]
fn who_was_only_late_is_asked_again_without_a_word() {
    let (team, _, scene) = scene(Act::Say);
    scene.warm_up();
    team.turn(Act::SayAfter(10_000));
    for _ in 0..2 {
        assert_eq!(scene.ask().by(), "local");
    }
    wait_until("a probe finds it well", || scene.router.status()[0].health == Health::Healthy);
    assert_eq!(scene.told(), [""; 0]);
}

#[test]
fn a_stall_is_waited_for_no_longer_than_the_deadline() {
    let team = Fake::new("team", Act::Stall);
    let scene = Scene::new(vec![remote(&team)]);
    let answer = scene.ask();
    let Finish::Failed(failure) = &answer.finish else { panic!("{answer:?}") };
    assert_eq!((failure.cause, &*failure.message), (Cause::Stalled, "team: it said nothing for 200 ms"));
    assert!(answer.took >= DEADLINE && answer.took < 2 * DEADLINE, "{:?}", answer.took);
}

#[test]
fn what_was_said_of_a_line_before_a_failure_is_answered_anew_by_the_next() {
    for then in [Act::Fail(Cause::CutOff), Act::Stall] {
        let (team, _, scene) = scene(Act::Say);
        scene.warm_up();
        team.turn(growing("te", then));
        let answer = scene.ask();
        let said: Vec<(&str, &str)> = answer.said.iter().map(|(engine, text)| (*engine, text.as_str())).collect();
        assert_eq!(said, [("team", "t"), ("team", "te"), ("local", "local();")]);
        assert_eq!(answer.finish, Finish::Done);
    }
}

#[test]
fn of_an_answer_that_broke_off_the_whole_lines_stand() {
    for then in [Act::Fail(Cause::CutOff), Act::Stall] {
        let (team, behind, scene) = scene(growing("a\nb", then));
        let answer = scene.ask();
        assert_eq!(answer.said.last().unwrap(), &("team", "a".to_string()));
        assert_eq!((team.n_asked(), behind.n_asked()), (1, 0));
        assert!(matches!(answer.finish, Finish::Failed(_)), "`why` should know: {answer:?}");
    }
}

#[test]
fn what_is_back_is_asked_again_and_told_when_it_has_answered() {
    let (team, _, scene) = scene(Act::Fail(Cause::Unreachable));
    assert_eq!(scene.ask().by(), "local");
    team.turn(Act::Say);
    wait_until("a probe finds it well", || scene.router.status()[0].health == Health::Healthy);
    assert_eq!(scene.ask().by(), "team");
    let told = scene.told();
    assert_eq!(
        told,
        [
            "team: it failed (Unreachable). Until it answers again, local does. It is asked again by itself.",
            "team answers again"
        ]
    );
}

#[test]
fn probes_end_with_the_router() {
    let (team, _, scene) = scene(Act::Fail(Cause::Unreachable));
    scene.ask();
    drop(scene);
    // The thread held the engine.
    wait_until("nobody holds the engine", || Arc::strong_count(&team) == 1);
}

#[test]
fn models_of_this_machine_alone_work_on_the_callers_thread() {
    let (big, small) = (Fake::new("big", Act::Fail(Cause::Here)), Fake::new("small", Act::Say));
    let scene = Scene::new(vec![local(&big), local(&small)]);
    for _ in 0..3 {
        assert_eq!(scene.ask().by(), "small");
    }
    assert_eq!(*small.thread.lock(), Some(std::thread::current().id()));
    assert_eq!(big.n_asked(), 3, "it sees to itself");
    assert_eq!(scene.told(), [""; 0]);
}

#[test]
fn where_only_those_here_are_well_the_callers_thread_does_it() {
    let (_, behind, scene) = scene(Act::Fail(Cause::Unauthorised));
    scene.ask();
    assert_ne!(*behind.thread.lock(), Some(std::thread::current().id()));
    scene.ask();
    assert_eq!(*behind.thread.lock(), Some(std::thread::current().id()));
}

#[test]
fn what_nobody_waits_for_yet_is_not_paid_for() {
    let (team, _, scene) = scene(Act::Say);
    assert_eq!(scene.ask_with(true, &Cancel::default()).by(), "local");
    assert_eq!(team.n_asked(), 0);
}

#[test]
fn what_may_not_leave_the_machine_does_not() {
    let (team, behind) = (Fake::new("team", Act::Say), Fake::new("local", Act::Say));
    let deny = |_: &foretype::engine::Ask| Err("the file stays here".to_string());
    let denied = || Route { may_answer: Some(Arc::new(deny)), ..remote(&team) };
    let answer = Scene::new(vec![denied(), local(&behind)]).ask();
    assert_eq!(answer.by(), "local");
    assert!(answer.provenance.contains("team: the file stays here"), "{}", answer.provenance);
    let alone = Scene::new(vec![denied()]).ask();
    assert_eq!(alone.finish, Finish::Silent("team: the file stays here".to_string()));
    assert_eq!(team.n_asked(), 0);
}

#[test]
fn when_all_fail_the_first_failure_names_them_all() {
    let fails = |name, cause| Fake::new(name, Act::Fail(cause));
    let (one, two) = (fails("one", Cause::Quota), fails("two", Cause::Dns));
    let scene = Scene::new(vec![remote(&one), remote(&two)]);
    // The second time, without asking them.
    for _ in 0..2 {
        let answer = scene.ask();
        let Finish::Failed(failure) = answer.finish else { panic!("{answer:?}") };
        assert_eq!(failure.cause, Cause::Quota);
        assert_eq!(failure.message, "one: it failed (Quota); two: it failed (Dns)");
    }
    assert_eq!((one.n_asked(), two.n_asked()), (1, 1));
}

#[test]
fn a_cancel_ends_it_at_once_even_where_an_engine_is_deaf() {
    let (team, _, scene) = scene(Act::Deaf(1000));
    let cancel = Cancel::default();
    let answer = std::thread::scope(|scope| {
        let asking = scope.spawn(|| scene.ask_with(false, &cancel));
        wait_until("it is asked", || team.n_asked() == 1);
        cancel.cancel();
        asking.join().unwrap()
    });
    assert_eq!((answer.finish, answer.said.len()), (Finish::Cancelled, 0));
    assert!(answer.took < ms(500), "{:?}", answer.took);
}

#[test]
fn a_deaf_loser_holds_nobody_up() {
    let (team, _, scene) = scene(Act::Say);
    scene.warm_up();
    team.turn(Act::Deaf(1000));
    let answer = scene.ask();
    assert!(answer.by() == "local" && answer.took < ms(500), "{answer:?}");
}

/// What the way through the router takes beside the engine's own time. The other tests run meanwhile, and can only add
/// to it: so the fastest tenth counts.
#[test]
fn a_question_costs_less_than_a_millisecond() {
    let (_, _, scene) = scene(Act::Say);
    let mut took: Vec<Duration> = (0..200).map(|_| scene.ask().took).collect();
    took.sort_unstable();
    assert!(took[20] < ms(1), "the fastest tenth takes up to {:?}", took[20]);
}

#[test]
fn the_client_is_told_and_can_ask() {
    let (team, behind) = (Fake::new("team", Act::Fail(Cause::Unauthorised)), Fake::new("local", Act::Say));
    let routes = vec![remote(&team), local(&behind)];
    let mut client = Client::start(Box::new(move |_, _| routes.clone()));
    let mut capabilities = ghost_text();
    capabilities["experimental"] = json!({"foretypeStatus": true});
    client.initialize(json!({"capabilities": capabilities}));
    let status = |client: &mut Client| -> Value {
        client.ask("workspace/executeCommand", json!({"command": "foretype.status"}))["result"].clone()
    };
    assert_eq!(status(&mut client)["answers"], "team");

    client.open("file:///a.rs", "rust", "let \n");
    assert_eq!(client.ghost("file:///a.rs", 0, 4)[0]["insertText"], "local();");
    let message = client.wait_for(|message| message["method"] == "window/showMessage");
    let expected =
        json!({"type": 2, "message": "foretype: team: it failed (Unauthorised). Until it answers again, local does."});
    assert_eq!(message["params"], expected);
    let pushed = client.wait_for(|message| message["method"] == "foretype/status")["params"].clone();
    assert_eq!(pushed["models"][0]["health"]["cause"], "unauthorised");
    let asked = status(&mut client);
    assert_eq!((&asked["answers"], &asked["models"][1]["health"]["state"]), (&json!("local"), &json!("healthy")));
    assert_eq!(asked["models"][0]["counts"]["n_failed"], 1);
}

#[test]
fn spent_is_everybodys() {
    let (_, _, scene) = scene(Act::Fail(Cause::Server));
    scene.ask();
    assert_eq!(scene.router.spent().n_evaluated, 2);
}

/// As the local engine where no model was downloaded.
struct WithoutModel;

impl Engine for WithoutModel {
    fn name(&self) -> &'static str {
        "local"
    }

    fn model(&self) -> Result<String, String> {
        Err("there is no model".to_string())
    }

    fn generate(&self, _: &Ask, _: &Cancel, _: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish {
        Finish::Silent("there is no model".to_string())
    }
}

#[test]
fn who_has_no_model_does_not_answer() {
    let without = || Route::local(Arc::new(WithoutModel));
    let lineup = |routes| Lineup::new(routes, Options::default(), |_| ()).status();
    let alone = lineup(vec![without()]);
    assert_eq!((alone.answers, &alone.models[0].model), (None, &None));
    assert_eq!(alone.models[0].missing.as_deref(), Some("there is no model"));
    let before_another = lineup(vec![without(), Route::local(Arc::new(Scripted::lines(&[])))]);
    assert_eq!((before_another.answers.as_deref(), before_another.models.len()), (Some("scripted"), 2));
}

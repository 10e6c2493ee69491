//! The pure parts: when a breaker opens and when it probes, how a pace is told, and what the user hears.

use std::time::{Duration, Instant};

use foretype::engine::{Cause, Failure};
use foretype::router::breaker::{Breaker, Outage, must_be_mended};
use foretype::router::notice::{Severity, Teller};
use foretype::router::pace::Pace;
use proptest::prelude::*;

use super::fake::failure;
use Cause::*;

pub const CAUSES: [Cause; 14] = [
    Here,
    Unreachable,
    Dns,
    Tls,
    Unauthorised,
    Quota,
    Budget,
    Gone,
    Limited,
    Server,
    Stalled,
    Malformed,
    CutOff,
    Refused,
];

const AT_ONCE: [Cause; 8] = [Unreachable, Dns, Tls, Unauthorised, Quota, Budget, Gone, Limited];

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn what_would_fail_again_opens_at_once_and_what_may_be_chance_at_the_second_time() {
    for cause in CAUSES {
        let mut breaker = Breaker::default();
        let now = Instant::now();
        breaker.failed(&failure(cause), now, 0.0);
        assert_eq!(breaker.is_closed(), !AT_ONCE.contains(&cause), "{cause:?}, once");
        breaker.failed(&failure(cause), now, 0.0);
        assert_eq!(breaker.outage().map(|outage| outage.cause), Some(cause), "twice");
    }
}

#[test]
fn an_answer_between_two_failures_makes_them_chance() {
    let mut breaker = Breaker::default();
    for _ in 0..10 {
        breaker.failed(&failure(Server), Instant::now(), 0.0);
        breaker.answered();
    }
    assert!(breaker.is_closed());
}

#[test]
fn probes_become_rarer_up_to_what_the_cause_allows() {
    let delays = |cause| -> Vec<u64> {
        let (mut breaker, mut now) = (Breaker::default(), Instant::now());
        breaker.failed(&failure(cause), now, 0.0);
        let delay = |_| {
            let due = breaker.next_probe().unwrap();
            let delay = due - now;
            now = due;
            breaker.begin_probe();
            breaker.probed(&Err(failure(cause)), now, 0.0);
            delay.as_secs()
        };
        (0..7).map(delay).collect()
    };
    assert_eq!(delays(Unreachable), [1, 2, 4, 5, 5, 5, 5]);
    assert_eq!(delays(Unauthorised), [1, 2, 4, 8, 16, 30, 30]);
}

#[test]
fn the_providers_word_on_when_to_come_again_is_kept() {
    let now = Instant::now();
    let mut breaker = Breaker::default();
    breaker.failed(&Failure { retry_after: Some(seconds(90)), ..failure(Limited) }, now, 0.9);
    assert_eq!(breaker.next_probe(), Some(now + seconds(90)));
}

/// A provider may greet (its list of models is there) and not serve (the quota is used up): then questions are risked ever
/// more rarely.
#[test]
fn a_probes_success_is_a_trial() {
    let (mut breaker, mut now) = (Breaker::default(), Instant::now());
    let mut waits = Vec::new();
    for _ in 0..4 {
        breaker.failed(&failure(Server), now, 0.0);
        breaker.failed(&failure(Server), now, 0.0);
        let due = breaker.next_probe().unwrap();
        waits.push((due - now).as_secs());
        now = due;
        breaker.begin_probe();
        breaker.probed(&Ok(()), now, 0.0);
        assert!(breaker.is_closed());
    }
    assert_eq!(waits, [1, 2, 4, 5]);
    breaker.failed(&failure(Server), now, 0.0);
    assert!(!breaker.is_closed(), "a single failure ends the trial");
}

#[derive(Clone, Debug)]
enum Event {
    Answered,
    Failed(Cause, Option<u64>),
    Overdue,
    /// If one is due, with its result.
    Probe(Option<Cause>),
}

fn event() -> impl Strategy<Value = Event> {
    let cause = || prop::sample::select(CAUSES.to_vec());
    prop_oneof![
        Just(Event::Answered),
        (cause(), prop::option::of(0u64..=u64::MAX)).prop_map(|(cause, after)| Event::Failed(cause, after)),
        Just(Event::Overdue),
        prop::option::of(cause()).prop_map(Event::Probe),
    ]
}

proptest! {
    /// Against the rules, told in another way: a count of strikes.
    #[test]
    fn a_breaker_keeps_its_rules(events in prop::collection::vec((event(), 0u64..40, 0.0..1.0f64), 1..60)) {
        let (mut breaker, mut now) = (Breaker::default(), Instant::now());
        let mut n_strikes = 0;
        for (event, passed, jitter) in events {
            now += seconds(passed);
            let was_closed = breaker.is_closed();
            match event {
                Event::Answered => {
                    breaker.answered();
                    n_strikes = 0;
                    prop_assert!(breaker.is_closed());
                }
                Event::Failed(cause, after) => {
                    breaker.failed(&Failure { retry_after: after.map(seconds), ..failure(cause) }, now, jitter);
                    n_strikes += 1;
                    let opens = AT_ONCE.contains(&cause) || n_strikes >= 2;
                    prop_assert_eq!(breaker.is_closed(), was_closed && !opens);
                }
                Event::Overdue => {
                    breaker.overdue("late", now);
                    n_strikes += 1;
                    prop_assert_eq!(breaker.is_closed(), was_closed && n_strikes < 2);
                }
                Event::Probe(result) if breaker.next_probe().is_some_and(|due| due <= now) => {
                    breaker.begin_probe();
                    prop_assert!(!breaker.is_closed() && breaker.next_probe().is_none(), "half open");
                    breaker.probed(&result.map_or(Ok(()), |cause| Err(failure(cause))), now, jitter);
                    prop_assert_eq!(breaker.is_closed(), result.is_none());
                    n_strikes = if result.is_none() { 1 } else { 2 };
                }
                Event::Probe(_) => {}
            }
            prop_assert_eq!(breaker.is_closed(), breaker.outage().is_none());
            // An outage always ends in a probe, in its time.
            if let (Some(outage), Some(due)) = (breaker.outage(), breaker.next_probe()) {
                let longest = match outage.cause {
                    Limited => seconds(24 * 3600),
                    cause if must_be_mended(cause) => seconds(30),
                    _ => seconds(5),
                };
                prop_assert!(due <= now + longest);
                prop_assert!(outage.since <= now);
            }
        }
    }
}

#[test]
fn a_pace_is_the_ninth_of_ten() {
    let mut pace = Pace::default();
    assert_eq!((pace.p90(), pace.patience()), (None, Duration::from_millis(400)), "nothing is known yet");
    for ms in [500, 100, 300, 900, 200, 600, 400, 1000, 700, 800] {
        pace.add(Duration::from_millis(ms));
    }
    assert_eq!(pace.p90(), Some(Duration::from_millis(900)));
    let patience_of = |ms| {
        let mut pace = Pace::default();
        (0..40).for_each(|_| pace.add(Duration::from_millis(ms)));
        pace.patience().as_millis()
    };
    assert_eq!([3, 70, 60_000].map(patience_of), [50, 70, 2000]);
}

/// What a teller says to a series of (second, outage, whether a question was answered).
fn told(series: &[(u64, Option<Cause>, bool)]) -> Vec<(u64, Option<Severity>)> {
    let (mut teller, start) = (Teller::default(), Instant::now());
    let tell = |(at, cause, has_answered): &(u64, Option<Cause>, bool)| {
        let outage = cause.map(|cause| Outage { cause, message: String::new(), since: start, is_suspected: false });
        let heard = teller.observe(outage.as_ref(), *has_answered, start + seconds(*at));
        heard.map(|tell| (*at, tell))
    };
    series.iter().filter_map(tell).collect()
}

const INFO: Option<Severity> = Some(Severity::Info);
const WARNING: Option<Severity> = Some(Severity::Warning);

#[test]
fn an_outage_is_told_once_and_its_end_when_a_question_was_answered() {
    let series = [
        (0, Some(Dns), false),
        (1, Some(Dns), false),
        (90, Some(Dns), false),
        (91, None, false),
        (92, None, true),
        (93, None, true),
    ];
    assert_eq!(told(&series), [(0, INFO), (91, None), (92, INFO)]);
}

#[test]
fn what_comes_and_goes_is_told_once() {
    let mut series = Vec::new();
    for i in 0..10 {
        series.extend([(2 * i, Some(Server), false), (2 * i + 1, None, true)]);
    }
    let worth: Vec<_> = told(&series).into_iter().filter(|(_, tell)| tell.is_some()).collect();
    assert_eq!(worth, [(0, INFO), (1, INFO)]);
    // What stays down is told when it has lasted.
    series.extend([(40, Some(Server), false)]);
    assert_eq!(told(&series).last(), Some(&(40, INFO)));
}

#[test]
fn what_somebody_must_mend_is_told_at_once_and_aloud() {
    let series = [(0, Some(Unreachable), false), (2, Some(Server), false), (3, Some(Unauthorised), false)];
    assert_eq!(told(&series), [(0, INFO), (2, None), (3, WARNING)]);
}

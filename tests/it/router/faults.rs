//! The fault table: an endpoint fails while the user types, in every way that we know. What comes of it, in numbers.

use std::time::{Duration, Instant};

use foretype::engine::Cause;
use foretype::router::{Health, Route};

use super::breaker::CAUSES;
use super::fake::{Act, Fake, Scene, local, remote};

/// Outages of each kind, and questions that the user types through one.
const N_OUTAGES: usize = 20;
const N_QUESTIONS: usize = 8;

/// The endpoint's: how soon it has words while it is well, and how long it may be silent.
const PACE_MS: u64 = 4;
const DEADLINE: Duration = Duration::from_millis(100);

struct Row {
    fault: String,
    /// Questions without an answer.
    n_missed: usize,
    /// Whose words answered the first question of an outage.
    by: &'static str,
    /// From the start of an outage to the first answer, sorted.
    took: Vec<Duration>,
    /// Of the endpoint before; all but a tenth come within this.
    p90: Duration,
    /// Questions that reached the endpoint after its breaker had opened.
    n_waited: usize,
    told: Vec<String>,
    recovered: Duration,
}

fn faults() -> Vec<(String, Act)> {
    let grow = |text, then| Act::Grow(text, Box::new(then));
    // A spent budget is no fault of the endpoint's.
    let causes = CAUSES.into_iter().filter(|cause| *cause != Cause::Budget);
    let mut faults: Vec<_> = causes.map(|cause| (format!("fails: {cause:?}"), Act::Fail(cause))).collect();
    faults.push(("stalls before the first word".to_string(), Act::Stall));
    faults.push(("stalls within a line".to_string(), grow("te", Act::Stall)));
    faults.push(("stalls after a line".to_string(), grow("team();\nte", Act::Stall)));
    faults.push(("is cut off within a line".to_string(), grow("te", Act::Fail(Cause::CutOff))));
    faults.push(("is cut off after a line".to_string(), grow("team();\nte", Act::Fail(Cause::CutOff))));
    faults
}

fn row((fault, act): (String, Act)) -> Row {
    let (mut took, mut told) = (Vec::new(), Vec::new());
    let (mut n_missed, mut n_waited, mut by) = (0, 0, "nobody");
    let (mut p90, mut recovered) = (Duration::ZERO, Duration::ZERO);
    for i in 0..N_OUTAGES {
        let (team, behind) = (Fake::new("team", Act::SayAfter(PACE_MS)), Fake::new("local", Act::Say));
        let scene = Scene::new(vec![Route { deadline: DEADLINE, ..remote(&team) }, local(&behind)]);
        scene.warm_up();
        p90 = p90.max(Duration::from_millis(scene.router.status()[0].first_words_p90_ms.expect("warm")));
        team.turn(act.clone());
        let mut n_until_open = None;
        for question in 0..N_QUESTIONS {
            let answer = scene.ask();
            if question == 0 {
                took.push(answer.took);
                by = answer.by();
            }
            n_missed += usize::from(!answer.said.last().is_some_and(|(_, text)| text.ends_with("();")));
            if n_until_open.is_none() && scene.router.status()[0].health != Health::Healthy {
                n_until_open = Some(team.n_asked());
            }
        }
        n_waited += team.n_asked() - n_until_open.expect("the breaker has opened");
        if i + 1 == N_OUTAGES {
            // Late twice is only a suspicion; a probe makes it an outage.
            super::wait_until("the user is told", || !scene.told().is_empty());
            team.turn(Act::SayAfter(PACE_MS));
            let begun = Instant::now();
            super::wait_until("it answers again", || scene.ask().by() == "team");
            (recovered, told) = (begun.elapsed(), scene.told());
        }
    }
    took.sort_unstable();
    Row { fault, n_missed, by, took, p90, n_waited, told, recovered }
}

#[test]
#[expect(clippy::print_stdout, reason = "the table is what is committed")]
fn an_outage_costs_no_suggestion() {
    let rows: Vec<Row> = std::thread::scope(|scope| {
        let running: Vec<_> = faults().into_iter().map(|fault| scope.spawn(|| row(fault))).collect();
        running.into_iter().map(|row| row.join().unwrap()).collect()
    });
    println!(
        "| the endpoint | missed | the question under way is answered by | p50 | p99 | own p90 | waited | told | back |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for Row { fault, n_missed, by, took, p90, n_waited, told, recovered } in &rows {
        let ms = |time: &Duration| time.as_secs_f64() * 1e3;
        let (p50, p99) = (ms(&took[took.len() / 2]), ms(&took[(took.len() * 99).div_ceil(100) - 1]));
        let (n_told, p90, back) = (told.len(), ms(p90), recovered.as_secs_f64());
        println!(
            "| {fault} | {n_missed} | {by} | {p50:.1} ms | {p99:.1} ms | {p90:.0} ms | {n_waited} | {n_told} | {back:.1} s |"
        );
    }
    for Row { fault, n_missed, took, p90, n_waited, told, recovered, .. } in rows {
        assert_eq!((n_missed, n_waited), (0, 0), "{fault}");
        assert!(took.last().unwrap() <= &(p90 + Duration::from_millis(300)), "{fault}: {took:?}");
        assert_eq!(told.len(), 2, "{fault}: down and up: {told:?}");
        assert!(recovered < Duration::from_secs(5), "{fault}: {recovered:?}");
    }
}

//! The estimate of the chance that a suggestion is taken.

use std::time::Duration;

use foretype::predictor::restraint::{Features, Maker, Recent, Restraint};
use foretype::syntax::Place;
use proptest::prelude::*;

fn code(chance: f32) -> Features {
    Features {
        chance,
        maker: Maker::Instant,
        n_chars: 12,
        n_lines: 1,
        place: Place::Code,
        at_line_end: true,
        in_word: false,
        n_rejections: 0,
        acceptance: None,
    }
}

fn comment(chance: f32) -> Features {
    Features { place: Place::Comment, ..code(chance) }
}

fn features() -> impl Strategy<Value = Features> {
    let makers = vec![Maker::Instant, Maker::Local, Maker::Remote, Maker::Other];
    let places = vec![Place::Code, Place::Comment, Place::String];
    let shape = (0usize..500, 0usize..20, any::<bool>(), any::<bool>());
    let past = (any::<u8>(), prop::option::of(0.0f32..=1.0));
    let kind = (0.0f32..=1.0, prop::sample::select(makers), prop::sample::select(places));
    (kind, shape, past).prop_map(|((chance, maker, place), (n_chars, n_lines, at_line_end, in_word), past)| Features {
        chance,
        maker,
        n_chars,
        n_lines,
        place,
        at_line_end,
        in_word,
        n_rejections: past.0,
        acceptance: past.1,
    })
}

fn outcomes(n: usize) -> impl Strategy<Value = Vec<(Features, f32)>> {
    prop::collection::vec((features(), 0.0f32..=1.0), n)
}

fn taught(outcomes: &[(Features, f32)]) -> Restraint {
    let mut restraint = Restraint::default();
    outcomes.iter().for_each(|(features, taken)| restraint.learn(features, *taken));
    restraint
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_thousand_random_outcomes_leave_it_sane(outcomes in outcomes(1000), seen in features(), surer in 0.0f32..=1.0) {
        let restraint = taught(&outcomes);
        let estimate = restraint.estimate(&seen);
        prop_assert!((0.0..=1.0).contains(&estimate.chance), "{estimate}");
        let more = Features { chance: seen.chance.max(surer), ..seen.clone() };
        prop_assert!(restraint.estimate(&more).chance >= estimate.chance, "monotone in the engine's chance");
        // Random outcomes say that the chance is a half, whatever the engine says; nothing else was to be learned.
        let usual = restraint.estimate(&code(0.5)).chance;
        prop_assert!((0.2..0.8).contains(&usual), "{usual}");
    }

    #[test]
    fn all_or_nothing_a_thousand_times_stays_bounded(seen in features(), taken in prop::sample::select(vec![0.0f32, 1.0])) {
        let restraint = taught(&vec![(seen.clone(), taken); 1000]);
        let chance = restraint.estimate(&seen).chance;
        prop_assert!(chance > 0.0 && chance < 1.0, "{chance}");
        // Fifty outcomes of the other kind are enough to be heard.
        let mut changed = restraint.clone();
        (0..50).for_each(|_| changed.learn(&seen, 1.0 - taken));
        let moved = (changed.estimate(&seen).chance - chance) * (1.0 - 2.0 * taken);
        prop_assert!(moved > 0.0, "from {chance} by {moved}");
    }

    #[test]
    fn what_is_kept_comes_back(outcomes in outcomes(50), seen in features()) {
        let restraint = taught(&outcomes);
        let back = Restraint::from_json(&restraint.to_json()).unwrap();
        prop_assert_eq!(back.estimate(&seen), restraint.estimate(&seen));
    }
}

#[test]
fn at_first_it_says_what_the_engine_says() {
    for chance in [0.05, 0.3, 0.5, 0.9] {
        for features in [code(chance), comment(chance), Features { n_lines: 5, n_chars: 200, ..code(chance) }] {
            assert!((Restraint::default().estimate(&features).chance - chance).abs() < 0.001, "{features:?}");
        }
    }
    assert!(Restraint::default().estimate(&code(f32::NAN)).chance < 0.05);
}

#[test]
fn rejections_in_a_row_lower_it_a_little_and_not_for_ever() {
    let after = |n_rejections| Restraint::default().estimate(&Features { n_rejections, ..code(0.4) }).chance;
    assert!(after(1) < 0.4 && after(2) < after(1) && after(5) < after(2));
    assert!(after(200) == after(5) && after(5) > 0.25, "{}", after(5));
}

#[test]
fn who_rejects_all_in_comments_gets_fewer_there_alone() {
    let mut restraint = Restraint::default();
    for i in 0..200 {
        restraint.learn(&comment(0.5), 0.0);
        restraint.learn(&code(0.5), (i % 2) as f32);
    }
    let (in_comments, in_code) = (restraint.estimate(&comment(0.5)).chance, restraint.estimate(&code(0.5)).chance);
    assert!(in_comments < 0.25, "{in_comments}");
    assert!((in_code - 0.5).abs() < 0.08, "{in_code}");
}

#[test]
fn a_few_outcomes_do_not_move_it_far() {
    let mut restraint = Restraint::default();
    (0..10).for_each(|_| restraint.learn(&code(0.5), 0.0));
    assert!(restraint.estimate(&code(0.5)).chance > 0.4);
    (0..100).for_each(|_| restraint.learn(&code(0.5), 0.0));
    assert!(restraint.estimate(&code(0.5)).chance < 0.3);
}

#[test]
fn it_explains_itself_in_one_line() {
    let estimate = Restraint::default().estimate(&Features { n_rejections: 2, ..code(0.42) });
    assert_eq!(estimate.to_string(), "chance 0.37: engine 0.42, after 2 rejections x0.80");
    assert_eq!(Restraint::default().estimate(&code(0.42)).to_string(), "chance 0.42: engine 0.42");
    assert!(Restraint::default().learned().is_empty());
    let rejected = taught(&vec![(comment(0.5), 0.0); 100]);
    assert_eq!(rejected.learned()[0].0, "in a comment");
}

#[test]
fn what_was_long_ago_is_no_row_of_rejections() {
    let at = Duration::from_secs;
    let mut recent = Recent::default();
    (0..3).for_each(|i| recent.add(false, at(i)));
    assert_eq!((recent.n_rejections(at(3)), recent.acceptance()), (3, None));
    assert_eq!(recent.n_rejections(at(700)), 0);
    recent.add(true, at(701));
    recent.add(false, at(702));
    assert_eq!(recent.n_rejections(at(703)), 1);
    (0..10).for_each(|i| recent.add(i % 2 == 0, at(704 + i)));
    assert!((recent.acceptance().unwrap() - 6.0 / 15.0).abs() < 1e-6);
}

//! What requests to providers cost: never more than a budget, counted exactly, whatever happens meanwhile.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use foretype::engine::Cause;
use foretype::engine::purse::{Counted, Ended, Planned, Purse, Receipt, Used};
use foretype::ledger::money::{Budget, Options, usd};
use foretype::ledger::prices::{Price, listed};
use foretype::ledger::{self, Costs, FREED_AFTER_MS, Till, UnixMs, WorkspaceName};
use serde_json::Value;
use tempfile::TempDir;

use crate::binary;

const DAY: UnixMs = 86_400_000;

/// 2026-11-30, noon in UTC: the last day of a month.
const NOON: UnixMs = 20_787 * DAY + DAY / 2;

/// Names the file for a spender in a process of its own.
const SPEND_IN: &str = "FORETYPE_TEST_SPEND_IN";

const MODEL: &str = "model";
const PRICE: Price = Price { input: 0.3, cached_input: 0.03, output: 0.9 };

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.sqlite");
    (folder, file)
}

fn priced() -> Options {
    Options { prices: vec![(MODEL.to_string(), PRICE)], ..Options::default() }
}

fn with_budget(provider: &str, per_day_usd: Option<f64>, per_month_usd: Option<f64>) -> Options {
    Options { budgets: vec![Budget { provider: provider.to_string(), per_day_usd, per_month_usd }], ..priced() }
}

fn till(file: &Path, options: Options) -> (Till, Receiver<String>) {
    let (send, notices) = channel();
    (Till::new(file, options, move |notice| drop(send.send(notice))), notices)
}

/// One that must have nothing to say.
fn quiet_till(file: &Path, options: Options) -> Till {
    Till::new(file, options, |notice| panic!("{notice}"))
}

fn planned(provider: &str, n_prompt: u64, n_answer: u64) -> Planned {
    Planned { provider: provider.into(), model: MODEL.into(), language: Some("rust"), n_prompt, n_answer }
}

fn used(n_prompt: u64, n_cached: u64, n_said: u64, ended: Ended) -> Used {
    let counted = if ended == Ended::Done { Counted::ByProvider } else { Counted::ByUs };
    Used { n_prompt, n_cached, n_said, counted, ended, latency: Duration::from_millis(120) }
}

/// A request of so many tokens of the prompt and none said.
fn spend(till: &Till, provider: &str, n_prompt: u64, at: UnixMs) -> Result<(), foretype::engine::Failure> {
    let receipt = till.reserve_at(&planned(provider, n_prompt, 0), at)?;
    till.settle_at(receipt, used(n_prompt, 0, 0, Ended::Done), at);
    Ok(())
}

fn now() -> UnixMs {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as UnixMs
}

#[track_caller]
fn costs(file: &Path, options: &Options) -> Costs {
    ledger::costs(file, 3, options).unwrap().expect("a file")
}

/// The recorded cost of all requests, and the sum that budgets go by, both in millionths.
fn recorded(file: &Path) -> (i64, i64) {
    let connection = rusqlite::Connection::open(file).unwrap();
    let sum = |table| {
        let sql = format!("SELECT coalesce(sum(cost_micro_usd), 0) FROM {table}");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    (sum("remote_tally"), sum("spent"))
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

#[test]
fn four_windows_never_spend_more_than_the_budget() {
    let (_folder, file) = folder();
    // Each asks for 500 requests of up to 120 micro-dollars; the budget is for about an eighth of them.
    let options = with_budget("codestral", Some(0.01), None);
    let spent: Vec<(i64, usize)> = std::thread::scope(|scope| {
        let windows: Vec<_> = (0..4)
            .map(|window| {
                let (file, options) = (&file, &options);
                scope.spawn(move || {
                    let (till, _notices) = till(file, options.clone());
                    let (mut numbers, mut spent, mut n_refused) = (Numbers(window), 0, 0);
                    for key in 0..500 {
                        let (n, at) = (10 * (1 + numbers.below(10)), NOON + 10 * key);
                        match till.reserve_at(&planned("codestral", n, n), at) {
                            Ok(receipt) => {
                                let n_said = numbers.below(n + 1);
                                till.settle_at(receipt, used(n, 0, n_said, Ended::Done), at);
                                spent += PRICE.cost(n, 0, n_said);
                            }
                            Err(failure) if failure.cause == Cause::Budget => n_refused += 1,
                            // The file is not there yet, or four are making it at once.
                            Err(failure) => assert_eq!(failure.cause, Cause::Here, "{failure}"),
                        }
                    }
                    (spent, n_refused)
                })
            })
            .collect();
        windows.into_iter().map(|window| window.join().unwrap()).collect()
    });
    let total: i64 = spent.iter().map(|(spent, _)| spent).sum();
    assert_eq!(recorded(&file), (total, total), "what was granted is what is recorded");
    assert!(total <= 10_000, "the budget of 10,000 micro-dollars is overshot: {total}");
    assert!(total > 9_880, "and it can be used up but for a request's worth: {total}");
    assert!(spent.iter().map(|(_, n_refused)| n_refused).sum::<usize>() > 500, "{spent:?}");
}

#[test]
fn a_thousand_requests_cost_exactly_what_they_took() {
    let (_folder, file) = folder();
    let mut numbers = Numbers(7);
    let (mut pico_of_each, mut n_crashed) = (Vec::new(), 0);
    let mut till = quiet_till(&file, priced());
    let at = now();
    for n in 0..1000 {
        let (n_prompt, n_answer) = (1 + numbers.below(3000), 1 + numbers.below(200));
        let receipt = till.reserve_at(&planned("p", n_prompt, n_answer), at).unwrap();
        let n_cached = numbers.below(n_prompt + 1);
        let (n_said, ended) = match n % 10 {
            0..6 => (n_answer, Ended::Done),
            6 | 7 => (numbers.below(n_answer), Ended::Cancelled),
            8 => (numbers.below(n_answer), Ended::Failed(Cause::CutOff)),
            _ => {
                // The window is gone before the answer is there.
                n_crashed += 1;
                till = quiet_till(&file, priced());
                continue;
            }
        };
        till.settle_at(receipt, used(n_prompt, n_cached, n_said, ended), at);
        // In a tenth of a micro-dollar a token the prices are 3, 0.3 and 9: in hundredths, whole numbers.
        pico_of_each.push(30 * (n_prompt - n_cached) + 3 * n_cached + 90 * n_said);
    }
    let expected: u64 = pico_of_each.iter().map(|hundredths| (hundredths + 50) / 100).sum();
    assert_eq!(recorded(&file), (expected as i64, expected as i64));
    let costs = costs(&file, &priced());
    assert_eq!(costs.all.cost, Some(expected as f64 / 1e6));
    assert_eq!((costs.all.requests, costs.all.unpriced, costs.all.counted_by_us), (1000, 0, 300));
    let endings: Vec<(&str, u64)> = costs.endings.iter().map(|(ended, n)| (ended.as_str(), *n)).collect();
    assert_eq!(endings, [("cancelled", 200), ("cut_off", 100), ("done", 600), ("open", n_crashed)]);
}

/// Not a test by itself: what [`a_killed_server_loses_nothing_that_it_was_told`] starts.
#[test]
fn a_spender_of_its_own() {
    let Some(folder) = std::env::var_os(SPEND_IN).map(PathBuf::from) else { return };
    let till = quiet_till(&folder.join("ledger.sqlite"), with_budget("", Some(1000.0), None));
    for n_settled in 1_u64.. {
        spend(&till, "p", 10, now()).unwrap();
        std::fs::write(folder.join("settled.new"), n_settled.to_string()).unwrap();
        std::fs::rename(folder.join("settled.new"), folder.join("settled")).unwrap();
    }
}

#[test]
fn a_killed_server_loses_nothing_that_it_was_told() {
    let (folder, file) = folder();
    let n_settled = || std::fs::read_to_string(folder.path().join("settled")).map_or(0, |n| n.parse::<i64>().unwrap());
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "money::a_spender_of_its_own"]).env(SPEND_IN, folder.path());
    let mut spender = command.stdout(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    while n_settled() < 50 && started.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    spender.kill().unwrap();
    spender.wait().unwrap();
    let (tally, spent) = recorded(&file);
    // The last one may be settled and not yet told.
    assert!(n_settled() >= 50 && (tally == 3 * n_settled() || tally == 3 * (n_settled() + 1)), "{tally}");
    assert_eq!(tally, spent);
}

#[test]
fn what_a_crashed_window_has_set_aside_is_freed() {
    let (_folder, file) = folder();
    let options = with_budget("p", Some(0.0009), None);
    let (crashed, _) = till(&file, options.clone());
    crashed.reserve_at(&planned("p", 0, 1000), NOON).unwrap();
    drop(crashed);
    let (other, notices) = till(&file, options);
    let failure = other.reserve_at(&planned("p", 1, 0), NOON + FREED_AFTER_MS - 1).unwrap_err();
    assert_eq!(failure.cause, Cause::Budget);
    assert!(failure.message.contains("under way: $0 are spent, $0.0009 are set aside"), "{failure}");
    assert!(notices.try_recv().is_err(), "nothing is spent yet");
    other.reserve_at(&planned("p", 0, 1000), NOON + FREED_AFTER_MS).unwrap();
}

#[test]
fn a_cost_takes_the_place_of_what_was_set_aside() {
    let (_folder, file) = folder();
    let till = quiet_till(&file, with_budget("p", Some(0.001), None));
    let receipt = till.reserve_at(&planned("p", 1000, 700), NOON).unwrap();
    assert!(till.reserve_at(&planned("p", 1000, 0), NOON).is_err());
    till.settle_at(receipt, used(1000, 1000, 0, Ended::Cancelled), NOON);
    till.reserve_at(&planned("p", 1000, 700), NOON).unwrap();
    // A receipt is good once, and a made-up one never.
    till.settle_at(Receipt(1), used(1_000_000, 0, 0, Ended::Done), NOON);
    till.settle_at(Receipt(77), used(1_000_000, 0, 0, Ended::Done), NOON);
    assert_eq!(recorded(&file), (30, 30));
}

#[test]
fn the_user_is_told_once_at_80_percent_and_once_at_the_end() {
    let (_folder, file) = folder();
    let options = with_budget("p", Some(0.001), None);
    let tills: Vec<_> = (0..4).map(|_| till(&file, options.clone())).collect();
    let mut refused = Vec::new();
    let mut told = Vec::new();
    // Each costs 30 millionths: the 27th passes 80 %, the 34th would be too much.
    for n in 1..=40 {
        let (till, notices) = &tills[n % 4];
        refused.extend(spend(till, "p", 100, NOON).is_err().then_some(n));
        told.extend(notices.try_iter().map(|notice| (n, notice)));
    }
    assert_eq!(refused, (34..=40).collect::<Vec<_>>());
    assert_eq!(told.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [27, 34], "{told:?}");
    assert_eq!(told[0].1, "the budget of $0.001 a day for `p` is used to 81 %: $0.0008 are spent");
    assert!(told[1].1.contains("used up until 2026-12-01 (UTC): $0.001 are spent"), "{told:?}");
    // A budget that was raised is another one.
    let (till, notices) = &tills[0];
    till.set_options(with_budget("p", Some(0.0011), None));
    spend(till, "p", 100, NOON).unwrap();
    assert_eq!(notices.try_iter().count(), 1);
}

#[test]
fn days_and_months_end() {
    let (_folder, file) = folder();
    let day = |provider: &str| with_budget(provider, Some(0.0003), None);
    let (till, _notices) = till(&file, day("p"));
    spend(&till, "p", 1000, NOON).unwrap();
    assert!(spend(&till, "p", 1, NOON + DAY / 2 - 1).is_err());
    spend(&till, "p", 1000, NOON + DAY / 2).unwrap();

    // Now of the month: November has 300, December 300 and nothing more.
    till.set_options(with_budget("p", None, Some(0.0006)));
    spend(&till, "p", 1000, NOON).unwrap();
    let failure = spend(&till, "p", 1, NOON).unwrap_err();
    assert!(failure.message.contains("until 2026-12-01 (UTC)"), "{failure}");
    spend(&till, "p", 1000, NOON + DAY).unwrap();
    let failure = spend(&till, "p", 1, NOON + 31 * DAY).unwrap_err();
    assert!(failure.message.contains("$0.0006 a month for `p` is used up until 2027-01-01"), "{failure}");
    spend(&till, "p", 1000, NOON + 32 * DAY).unwrap();
    // 2028 has a 29 February.
    let leap_day = NOON + 456 * DAY;
    for at in [leap_day - DAY, leap_day] {
        spend(&till, "p", 1000, at).unwrap();
    }
    let failure = spend(&till, "p", 1, leap_day).unwrap_err();
    assert!(failure.message.contains("until 2028-03-01"), "{failure}");
}

#[test]
fn a_request_that_ends_after_midnight_costs_the_day_on_which_it_began() {
    let (_folder, file) = folder();
    let (till, notices) = till(&file, with_budget("p", Some(0.0004), None));
    let receipt = till.reserve_at(&planned("p", 1000, 0), NOON + DAY / 2 - 1).unwrap();
    till.settle_at(receipt, used(1000, 0, 0, Ended::Done), NOON + DAY / 2 + 1);
    spend(&till, "p", 1000, NOON + DAY / 2 + 1).unwrap();
    let failure = spend(&till, "p", 1000, NOON).unwrap_err();
    assert!(failure.message.contains("$0.0003 are spent, and one more request can cost $0.0003"), "{failure}");
    assert_eq!(notices.try_iter().collect::<Vec<_>>(), [failure.message], "yesterday's is spent");
}

#[test]
fn a_budget_is_of_a_provider_or_of_all() {
    let (_folder, file) = folder();
    let mut options = with_budget("p", Some(0.0003), None);
    options.budgets.extend(with_budget("", Some(0.0005), None).budgets);
    let (till, _notices) = till(&file, options);
    spend(&till, "p", 1000, NOON).unwrap();
    assert!(spend(&till, "p", 1000, NOON).unwrap_err().message.contains("`p`"));
    spend(&till, "q", 600, NOON).unwrap();
    let failure = spend(&till, "q", 600, NOON).unwrap_err();
    assert!(failure.message.contains("for all providers together"), "{failure}");
}

#[test]
fn without_a_price_there_is_no_cost_and_no_budget() {
    let (_folder, file) = folder();
    let till = quiet_till(&file, Options::default());
    let at = now();
    spend(&till, "p", 1000, at).unwrap();
    let costs = costs(&file, &Options::default());
    assert_eq!((costs.all.cost, costs.all.unpriced, costs.all.input_tokens), (None, 1, 1000), "not known is not 0");

    let mut options = with_budget("", Some(1.0), None);
    options.prices.clear();
    till.set_options(options.clone());
    let failure = spend(&till, "p", 1000, at).unwrap_err();
    assert_eq!(failure.cause, Cause::Budget);
    assert!(failure.message.contains("price of the model `model` of `p` is not known"), "{failure}");
    options.prices.push(("p/model".to_string(), Price { input: 0.0, cached_input: 0.0, output: 0.0 }));
    till.set_options(options);
    spend(&till, "p", 1000, at).unwrap();
    assert!(spend(&till, "q", 1000, at).is_err(), "that price is only p's");
    let costs = ledger::costs(&file, 1, &Options::default()).unwrap().unwrap();
    assert_eq!((costs.all.cost, costs.all.unpriced), (Some(0.0), 1), "0 is known");
}

#[test]
fn models_are_found_by_name_and_version() {
    let codestral = listed("codestral").unwrap();
    for version in ["codestral-latest", "codestral-2508", "codestral-20250801", "codestral-2025-08-01"] {
        assert_eq!(listed(version), Some(codestral), "{version}");
    }
    for other in [
        "codestral-mamba",
        "codestral:22b",
        "codestral-",
        "codestral-25",
        "Codestral",
        "mistral/codestral",
        "",
        "codestral-20-25",
        "codestral-25-0801",
    ] {
        assert_eq!(listed(other), None, "{other}");
    }
    assert_ne!(listed("claude-sonnet-5-5"), listed("claude-sonnet-5"));
    assert_eq!(listed("claude-haiku-4-5-20251001").unwrap().output, 5.0);

    let mut options = Options { prices: vec![("codestral".to_string(), PRICE)], ..Options::default() };
    assert_eq!(options.price("p", "codestral-latest"), Some(PRICE), "the user's own goes first");
    assert_eq!(options.price("p", "gpt-4o-mini"), listed("gpt-4o-mini"));
    options.own_providers.push("llama".to_string());
    assert_eq!(options.price("llama", "gpt-4o-mini"), None, "a list price is none of an own machine");
}

#[test]
fn what_cannot_be_is_no_price_and_no_budget() {
    assert_eq!(with_budget("p", Some(1.0), None).problem(), None);
    let mut options = with_budget("p", Some(f64::NAN), None);
    assert_eq!(options.problem().unwrap(), "the budget of `p` must be US dollars, 0 or more");
    options.prices[0].1.input = -1.0;
    assert!(options.problem().unwrap().contains("price of `model`"));
    assert_eq!(options.price("p", MODEL), None);
    let (_folder, file) = folder();
    let (till, _notices) = till(&file, with_budget("p", Some(f64::NAN), None));
    assert!(spend(&till, "p", 1, NOON).is_err(), "not a number allows nothing");
}

#[test]
fn amounts_are_shown_as_far_as_they_go() {
    let shown = [0, 1, 100, 1_230, 12_300, 10_000, 500_000, 999_999, 1_000_000, 12_345_678].map(usd);
    let expected = ["$0", "<$0.0001", "$0.0001", "$0.0012", "$0.0123", "$0.01", "$0.50", "$1.00", "$1.00", "$12.35"];
    assert_eq!(shown, expected);
}

#[test]
fn a_locked_file_stops_what_has_a_budget_and_loses_nothing() {
    let (_folder, file) = folder();
    let till = quiet_till(&file, priced());
    spend(&till, "p", 1000, NOON).unwrap();
    let under_way = till.reserve_at(&planned("p", 1000, 0), NOON).unwrap();
    let mut connection = rusqlite::Connection::open(&file).unwrap();
    let lock = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();

    let started = Instant::now();
    let unwritten = till.reserve_at(&planned("p", 1000, 0), NOON).unwrap();
    assert!(started.elapsed() >= Duration::from_millis(40), "it waits for a moment: {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(2), "and no longer: {:?}", started.elapsed());
    till.settle_at(unwritten, used(1000, 0, 0, Ended::Done), NOON);
    till.settle_at(under_way, used(1000, 0, 0, Ended::Done), NOON);
    till.set_options(with_budget("", Some(1.0), None));
    let failure = till.reserve_at(&planned("p", 1000, 0), NOON).unwrap_err();
    assert_eq!(failure.cause, Cause::Here);
    assert!(failure.message.contains("ledger.sqlite") && failure.message.contains("locked"), "{failure}");

    lock.rollback().unwrap();
    drop(till);
    assert_eq!(recorded(&file), (900, 900), "all three are there, the last two written late");
}

#[test]
fn without_a_file_only_what_has_a_budget_stops() {
    let folder = tempfile::tempdir().unwrap();
    let (till, notices) = till(folder.path(), priced());
    for _ in 0..70 {
        spend(&till, "p", 1000, NOON).unwrap();
    }
    assert_eq!(till.n_lost(), 70 - 64);
    let notices: Vec<String> = notices.try_iter().collect();
    assert!(notices.len() == 1 && notices[0].contains("is not counted"), "{notices:?}");
    till.set_options(with_budget("p", Some(1.0), None));
    let failure = spend(&till, "p", 1000, NOON + 2000).unwrap_err();
    assert!(failure.cause == Cause::Here && failure.message.contains("remove the budget"), "{failure}");
}

#[test]
fn a_broken_file_is_put_aside_and_said() {
    let (_folder, file) = folder();
    std::fs::write(&file, "this is no database, and longer than the header of one: ".repeat(100)).unwrap();
    let (till, notices) = till(&file, with_budget("p", Some(1.0), None));
    spend(&till, "p", 1000, NOON).unwrap();
    let notice = notices.try_recv().unwrap();
    assert!(notice.contains("was broken") && notice.contains("until now is not known to budgets"), "{notice}");
    assert_eq!(recorded(&file), (300, 300));
}

#[test]
fn the_first_version_s_records_are_kept() {
    let (_folder, file) = folder();
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.execute_batch(include_str!("../../src/ledger/schema/1.sql")).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    let today = now() / DAY;
    let sql = "INSERT INTO suggestion VALUES (1, 1, ?1, ?2, 'w', 'rust', 'cache', 'instant', 0.5, 0.4, 20, 1, 'code',
        1, 0, 0, NULL, ?1, 'accepted', 20, 0, 900, 1.0)";
    connection.execute(sql, [now(), today]).unwrap();
    connection.execute("INSERT INTO total VALUES (?1, 'requests', 7.0)", [today]).unwrap();
    connection.execute("INSERT INTO latency VALUES (?1, 'cache', 80, 3)", [today]).unwrap();
    drop(connection);

    spend(&quiet_till(&file, priced()), "p", 1000, now()).unwrap();
    let report = ledger::report(&file, 2).unwrap().unwrap();
    assert_eq!((report.all.shown, report.all.accepted, report.all.chars_saved), (1, 1, 20));
    assert_eq!((report.totals["requests"], report.latencies["cache"].n, report.learned.outcomes), (7.0, 3, 1));
    assert_eq!(costs(&file, &priced()).all.cost, Some(0.0003));
}

#[test]
fn old_requests_are_folded_into_sums() {
    let (_folder, file) = folder();
    let (long_ago, at) = (now() - 100 * DAY, now());
    let till = quiet_till(&file, priced());
    for n in 0..4 {
        spend(&till, "p", 1000 * n, long_ago).unwrap();
    }
    till.set_options(Options::default());
    spend(&till, "p", 1000, long_ago).unwrap();
    let before = ledger::costs(&file, 365, &Options::default()).unwrap().unwrap();
    let ledger = ledger::Ledger::open(&file, |notice| panic!("{notice}"));
    ledger.record_at(ledger::Event::Totals(ledger::Totals::default()), at);
    assert!(ledger.flush(Duration::from_secs(30)));
    let after = ledger::costs(&file, 365, &Options::default()).unwrap().unwrap();
    assert_eq!((after.all.cost, after.all.unpriced), (Some(0.0018), 1));
    assert_eq!((&after.all, &after.days, &after.endings), (&before.all, &before.days, &before.endings));
    let connection = rusqlite::Connection::open(&file).unwrap();
    let n: i64 = connection.query_row("SELECT count(*) FROM remote_request", [], |row| row.get(0)).unwrap();
    assert_eq!(n, 0, "the single ones are gone");
}

#[test]
fn stats_shows_what_was_spent_on_what() {
    let (folder, file) = folder();
    let stats = |arguments: &[&str]| {
        let output = binary::command(folder.path()).args(["stats", "--cost"]).args(arguments).output().unwrap();
        let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        (output.status.code().unwrap(), stdout, stderr)
    };
    let (code, _, stderr) = stats(&[]);
    assert!(code == 1 && stderr.contains("no request was made to a provider in the last 30 days"), "{stderr}");

    let till = quiet_till(&file, priced());
    till.set_workspace(WorkspaceName::of(Path::new("/home/somebody/shop")));
    spend(&till, "team", 2_000_000, now()).unwrap();
    let receipt = till.reserve(&planned("team", 100, 10)).unwrap();
    till.settle(receipt, used(100, 50, 3, Ended::Failed(Cause::Stalled)));
    till.reserve(&planned("team", 100, 10)).unwrap();
    till.set_options(Options::default());
    spend(&till, "other", 40, now()).unwrap();

    let (code, stdout, stderr) = stats(&["--days", "2"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let said = [
        "The last 2 days",
        "4, of which 1 not ended, 1 failed (stalled)",
        "2,000,140 of prompts, 50 of them",
        "$0.60; the price is not known for 1 of the requests",
        "by us for 1, which ended early",
        "list prices of 2026-11",
        "shop",
        "rust",
        "none is set",
    ];
    for said in said {
        assert!(stdout.contains(said), "`{said}` is not in:\n{stdout}");
    }
    let row = |name: &str| {
        let line = stdout.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        line.split_whitespace().map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(row("team"), ["team", "3", "2,000,100", "3", "0", "$0.60"]);
    assert_eq!(row("other"), ["other", "1", "40", "0", "1", "-"]);
    assert!(!stdout.contains("somebody"), "no more of a path than its last part");

    let (code, stdout, _) = stats(&["--json"]);
    let costs: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &costs["currency"], &costs["providers"]["other"]["cost"]), (0, &"USD".into(), &Value::Null));
    assert_eq!(costs["days"].as_object().unwrap().len(), 1);
}

#[test]
fn the_budgets_state_is_of_today() {
    let (_folder, file) = folder();
    let options = with_budget("p", Some(1.0), Some(2.0));
    let till = quiet_till(&file, options.clone());
    spend(&till, "p", 1_000_000, now()).unwrap();
    till.reserve(&planned("p", 1_000_000, 0)).unwrap();
    let budgets = costs(&file, &options).budgets;
    let [day, month] = &budgets[..] else { panic!("{budgets:?}") };
    assert_eq!((day.period, day.amount, day.spent, day.reserved), ("day", 1.0, 0.3, 0.3));
    assert_eq!((month.period, month.amount, month.spent, month.reserved), ("month", 2.0, 0.3, 0.3));
}

#[test]
fn metrics_are_in_prometheus_text() {
    let (_folder, file) = folder();
    let till = quiet_till(&file, priced());
    let odd = "a\"b\\c\nd";
    for (n_said, ended) in [(10, Ended::Done), (0, Ended::Failed(Cause::Limited))] {
        let receipt = till.reserve(&planned(odd, 1000, 10)).unwrap();
        till.settle(receipt, used(1000, 500, n_said, ended));
    }
    till.reserve(&planned(odd, 1000, 10)).unwrap();
    let text = ledger::metrics(&file).unwrap();
    let labels = r#"gen_ai_provider_name="a\"b\\c\nd",gen_ai_request_model="model""#;
    let samples = [
        format!("foretype_remote_requests_total{{{labels},ended=\"done\"}} 1"),
        format!("foretype_remote_requests_total{{{labels},ended=\"limited\"}} 1"),
        format!("gen_ai_client_token_usage_tokens_total{{{labels},gen_ai_token_type=\"input\"}} 2000"),
        format!("gen_ai_client_token_usage_tokens_total{{{labels},gen_ai_token_type=\"output\"}} 10"),
        format!("gen_ai_usage_cache_read_input_tokens_total{{{labels}}} 1000"),
        format!("gen_ai_usage_cost_usd_total{{{labels}}} 0.000339"),
        format!("foretype_remote_unpriced_requests_total{{{labels}}} 0"),
        format!("gen_ai_client_operation_duration_seconds_sum{{{labels}}} 0.24"),
        format!("gen_ai_client_operation_duration_seconds_count{{{labels}}} 2"),
    ];
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines, samples);
    let families: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    assert_eq!(families.len(), 6, "{families:?}");
    assert!(ledger::metrics(&file.with_file_name("none")).unwrap().starts_with("# HELP "));
}

//! The meter between an agent and its provider: what it counts is what the provider counts, and it stops in time.

use std::time::{Duration, Instant};

use foretype::agent::catalogue::Meter;
use foretype::agent::{Agent, HandOff, Source, State};
use foretype::ledger;
use serde_json::json;

use super::Office;
use super::fake::{self, AFTER, FILE};
use crate::remote::provider::{Provider, Step, answer, event, head, last};

const KEY: &str = "key-of-the-user-0123456789";

/// It asks a model `n` times, in the middle of its turn.
fn asking(provider: &Provider, api: &str, n: usize) -> Agent {
    let mut agent = fake::agent("asks");
    let env = [format!("FAKE_N={n}"), format!("FAKE_API={api}"), format!("FAKE_KEY={KEY}")];
    agent.env.extend(env);
    agent.url_variable = "FAKE_URL".to_string();
    agent.upstream = provider.url.clone();
    agent.meter = match api {
        "anthropic" => Meter::Anthropic,
        "gemini" => Meter::Gemini,
        _ => {
            agent.upstream += "/v1";
            Meter::OpenAi
        }
    };
    (agent.input_usd, agent.cached_input_usd, agent.output_usd) = (Some(3.0), Some(0.3), Some(15.0));
    agent
}

/// A stream of events whose usage is 1,200 tokens of prompt, 200 of them cached, and 42 said.
fn told(api: &str) -> Vec<Step> {
    let mut steps = vec![head("text/event-stream")];
    match api {
        "anthropic" => {
            let usage = json!({"input_tokens": 1000, "cache_read_input_tokens": 200, "cache_creation_input_tokens": 0,
                "output_tokens": 1});
            steps.push(event(json!({"type": "message_start", "message": {"usage": usage}})));
            steps.push(event(json!({"type": "content_block_delta", "delta": {"text": "hi"}})));
            steps.push(event(json!({"type": "message_delta", "usage": {"output_tokens": 42}})));
        }
        "gemini" => {
            let usage = |said| {
                json!({"promptTokenCount": 1200, "cachedContentTokenCount": 200, "candidatesTokenCount": said,
                    "thoughtsTokenCount": 2})
            };
            steps.push(event(json!({"candidates": [], "usageMetadata": usage(1)})));
            steps.push(event(json!({"candidates": [], "usageMetadata": usage(40)})));
        }
        _ => {
            steps.push(event(json!({"choices": [{"delta": {"content": "hi"}}]})));
            let usage = json!({"prompt_tokens": 1200, "completion_tokens": 42,
                "prompt_tokens_details": {"cached_tokens": 200}});
            steps.push(event(json!({"choices": [], "usage": usage})));
            steps.push(event("[DONE]"));
        }
    }
    steps.push(last());
    steps
}

/// 1,000 at $3, 200 at $0.30, 42 at $15 a million.
const COST_OF_ONE: i64 = 3000 + 60 + 630;

fn run(office: &Office, agent: Agent) -> HandOff {
    office.start(agent);
    office.wait_for_end()
}

#[test]
fn it_counts_what_the_provider_counts() {
    for api in ["openai", "anthropic", "gemini"] {
        let provider = Provider::start(move |_, _| told(api));
        let office = Office::new();
        let done = run(&office, asking(&provider, api, 3));
        assert_eq!(done.state, State::Review, "{api}: {done:#?}");
        assert_eq!(office.left(&done, FILE), AFTER);
        assert_eq!(provider.seen().len(), 3);
        let usage = &done.usage;
        assert_eq!(usage.source, Source::Meter);
        assert_eq!(
            (usage.requests, usage.input_tokens, usage.output_tokens),
            (Some(3), Some(3600), Some(126)),
            "{api}"
        );
        assert_eq!((usage.cached_tokens, usage.cost_micro_usd), (600, Some(3 * COST_OF_ONE)), "{api}");

        let file = office.folder.path().join("ledger.sqlite");
        let log = office.log(&done);
        assert!(!log.contains(KEY), "{log}");
        drop(office.desk);
        let costs = ledger::costs(&file, 1, &Default::default()).unwrap().unwrap();
        let agents = &costs.agents.agents["fake"];
        assert_eq!((agents.requests, agents.input_tokens, agents.output_tokens), (3, 3600, 126));
        assert_eq!((agents.cost, agents.counted_by_us), (Some(3.0 * COST_OF_ONE as f64 / 1e6), 0));
        assert_eq!(costs.agents.models["fake-model"], *agents);
        assert_eq!(costs.agents.skills[""], *agents);
        // Completions have a purse of their own.
        assert_eq!(costs.all.requests, 0);
    }
}

#[test]
fn the_provider_gets_what_the_agent_sends() {
    let provider = Provider::start(move |_, _| told("openai"));
    let office = Office::new();
    let done = run(&office, asking(&provider, "openai", 1));
    let seen = &provider.seen()[0];
    assert!(seen.line.starts_with("POST /v1/chat/completions "), "{}", seen.line);
    assert_eq!(seen.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(seen.header("host"), provider.url.strip_prefix("http://"));
    // It was asked for its count, which the agent had not wished for and does not see.
    assert_eq!(seen.body["stream_options"]["include_usage"], true);
    let heard = office.left(&done, "answer");
    assert!(heard.contains("\"hi\"") && heard.contains("[DONE]") && !heard.contains("usage"), "{heard}");
}

#[test]
fn a_budget_stops_it_before_the_next_request() {
    for (budget, why) in [
        (("usd", 0.0074), "its budget of $0.0074 is used up"),
        (("tokens", 2500.0), "its budget of 2500 tokens is used up"),
        (("requests", 2.0), "its budget of 2 requests is used up"),
    ] {
        let provider = Provider::start(move |_, _| told("openai"));
        let office = Office::new();
        let mut agent = asking(&provider, "openai", 100);
        match budget {
            ("usd", usd) => agent.budget.usd = Some(usd),
            ("tokens", n) => agent.budget.tokens = Some(n as u64),
            (_, n) => agent.budget.requests = Some(n as u64),
        }
        let done = run(&office, agent);
        assert_eq!(done.state, State::OverBudget, "{done:#?}");
        assert!(done.reason.contains(why), "{}", done.reason);
        assert_eq!(provider.seen().len(), 2, "{why}");
        assert_eq!(office.left(&done, "statuses"), "200\n200\n402\n");
        assert!(done.usage.cost_micro_usd <= Some(7400));
    }
}

#[test]
fn a_budget_of_the_day_is_that_of_all_agents() {
    let provider = Provider::start(move |_, _| told("openai"));
    let mut office = Office::new();
    office.options.per_day_usd = Some(0.012);
    assert_eq!(run(&office, asking(&provider, "openai", 2)).state, State::Review);
    let done = run(&office, asking(&provider, "openai", 2));
    assert_eq!(done.state, State::OverBudget, "{done:#?}");
    assert!(done.reason.contains("a day for all agents"), "{}", done.reason);
    assert_eq!(provider.seen().len(), 3);
}

#[test]
fn money_without_a_price_is_not_spent() {
    let provider = Provider::start(move |_, _| told("openai"));
    let office = Office::new();
    let mut agent = asking(&provider, "openai", 1);
    (agent.input_usd, agent.output_usd) = (None, None);
    // Without a budget in money it may go on, and its cost is not known.
    let done = run(&office, agent.clone());
    assert_eq!((done.state, done.usage.cost_micro_usd), (State::Review, None));
    agent.budget.usd = Some(1.0);
    let done = run(&office, agent);
    assert_eq!(done.state, State::OverBudget);
    assert!(done.reason.contains("the price of the model `fake-model` is not known"), "{}", done.reason);
    assert_eq!(provider.seen().len(), 1);
}

#[test]
fn a_provider_that_is_down_shows_at_once() {
    let provider = Provider::that_sends(vec![answer("503 Service Unavailable", "", "{}")]);
    let office = Office::new();
    let started = Instant::now();
    let id = office.start(asking(&provider, "openai", 2)).id;
    let stalled = office.wait("stalled", |hand_off| hand_off.state == State::Stalled);
    assert!(stalled.reason.contains("its provider is down (it answers 503)"), "{}", stalled.reason);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    // The next one of the list goes on from the same snapshot.
    let next = office.desk.pass_on(&id, office.terms(fake::agent("edit"))).unwrap();
    let done = office.wait("done", |hand_off| hand_off.id == next.id && !hand_off.state.is_running());
    assert_eq!(office.left(&done, FILE), AFTER);
}

#[test]
fn a_refused_key_shows_at_once_and_ends_it() {
    let provider = Provider::that_sends(vec![answer("401 Unauthorized", "", "{}")]);
    let office = Office::new();
    let mut agent = asking(&provider, "anthropic", 2);
    agent.login = "set FAKE_KEY".to_string();
    let done = run(&office, agent);
    assert_eq!(done.state, State::AuthRequired);
    assert!(done.reason.contains("refuses the key (401); set FAKE_KEY"), "{}", done.reason);
    assert_eq!(provider.seen().len(), 1);
}

#[test]
fn a_cancel_ends_the_request_and_what_it_took_is_estimated() {
    let steps = vec![head("text/event-stream"), event(json!({"choices": [{"delta": {"content": "hi"}}]})), Step::Stall];
    let provider = Provider::that_sends(steps);
    let office = Office::new();
    let id = office.start(asking(&provider, "openai", 1)).id;
    office.wait("asked", |hand_off| hand_off.usage.requests == Some(1));
    office.desk.cancel(&id).unwrap();
    assert!(provider.hung_up(1, Duration::from_secs(10)));
    let done = office.wait_for_end();
    assert_eq!(done.state, State::Cancelled);
    let Office { folder, desk, .. } = office;
    drop(desk);
    let costs = ledger::costs(&folder.path().join("ledger.sqlite"), 1, &Default::default()).unwrap().unwrap();
    let agents = &costs.agents.all;
    assert_eq!((agents.requests, agents.counted_by_us), (1, 1));
    assert!(agents.input_tokens > 0 && agents.cost > Some(0.0), "{agents:?}");
}

#[test]
fn it_adds_no_time_worth_a_word() {
    // A connection that is kept, where it is wanted: one that closes by itself may be taken once more a moment too late.
    let provider = Provider::start(move |_, seen| {
        let close = (seen.header("connection") == Some("close")).then_some(Step::Close);
        told("openai").into_iter().chain(close).collect()
    });
    let office = Office::new();
    let mut direct = asking(&provider, "openai", 100);
    direct.meter = Meter::None;
    direct.env.push(format!("FAKE_URL={}/v1", provider.url));
    let mut medians = [direct, asking(&provider, "openai", 100)].map(|agent| {
        let done = run(&office, agent);
        let mut times: Vec<u64> = office.left(&done, "times").lines().map(|line| line.parse().unwrap()).collect();
        times.sort_unstable();
        times[times.len() / 2]
    });
    eprintln!("median of 100 requests: {} us direct, {} us through the meter", medians[0], medians[1]);
    // Of a debug build, on a machine that does other things.
    medians[0] += 20_000;
    assert!(medians[1] < medians[0], "{medians:?}");
}

#[test]
fn a_redirect_takes_the_key_nowhere() {
    let other = Provider::that_sends(vec![answer("200 OK", "", "{}")]);
    let to = format!("location: {}/elsewhere\r\n", other.url);
    let provider = Provider::start(move |_, _| vec![answer("307 Temporary Redirect", &to, "")]);
    let office = Office::new();
    let id = office.start(asking(&provider, "openai", 1)).id;
    let stalled = office.wait("stalled", |hand_off| hand_off.state == State::Stalled);
    assert!(stalled.reason.contains("redirect"), "{}", stalled.reason);
    office.desk.cancel(&id).unwrap();
    office.wait_for_end();
    assert!(other.seen().is_empty());
}

#[test]
fn another_path_is_nobody_s() {
    let provider = Provider::start(move |_, _| told("openai"));
    let office = Office::new();
    let mut agent = asking(&provider, "openai", 1);
    // Whoever has the port has not the secret.
    agent.env.push("FAKE_URL={url}/../../wrong".to_string());
    agent.url_variable = "OTHER_URL".to_string();
    let id = office.start(agent).id;
    let answered = || {
        let snapshot = office.desk.read(&id).ok()?.snapshot?;
        std::fs::read_to_string(snapshot.folder.join("statuses")).ok()
    };
    let status = loop {
        if let Some(status) = answered().filter(|status| !status.is_empty()) {
            break status;
        }
        std::thread::yield_now();
    };
    assert_eq!(status, "404\n");
    assert!(provider.seen().is_empty());
    office.desk.cancel(&id).unwrap();
    office.wait_for_end();
}

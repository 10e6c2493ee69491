//! What agents were seen to do, and worse.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use foretype::agent::{Source, State};
use serde_json::Value;

use super::Office;
use super::fake::{self, AFTER, BEFORE, FILE};
use super::project::git;

/// It worked, and its work waits.
#[track_caller]
fn check_done(manner: &str) -> (Office, foretype::agent::HandOff) {
    let office = Office::new();
    let done = office.run(manner);
    assert_eq!(done.state, State::Review, "{done:#?}");
    assert!(done.files.contains(&FILE.into()), "{done:#?}");
    assert_eq!(office.left(&done, FILE), AFTER);
    // The user's own is as it was.
    assert_eq!(std::fs::read_to_string(office.project().join(FILE)).unwrap(), BEFORE);
    assert_eq!(git(&office.project(), ["status", "--porcelain"]), "");
    (office, done)
}

#[test]
fn it_works_in_a_copy() {
    let (office, done) = check_done("edit");
    assert_eq!(done.answer, "Done.");
    assert_eq!(done.usage.source, Source::Nobody);
    assert_eq!(done.usage.cost_micro_usd, None);
    let log = office.log(&done);
    for part in ["## Implement `add`.", "- edit src/lib.rs", "Done.", "## End\n\nreview"] {
        assert!(log.contains(part), "{part}: {log}");
    }
    // What everybody sees is what this window knows.
    assert_eq!(office.desk.store().read(&done.id).unwrap(), done);
}

#[test]
fn odd_traffic_ends_no_turn() {
    for manner in ["early", "huge", "late", "leaves-with-1", "stubborn"] {
        check_done(manner);
    }
    let (office, done) = check_done("late");
    assert!(office.log(&done).contains("said after the end"));
}

#[cfg(target_os = "linux")]
#[test]
fn it_runs_when_nothing_else_would() {
    let (office, done) = check_done("modest");
    assert_eq!(office.left(&done, "priority"), format!("nice 19, policy {}", libc::SCHED_IDLE));
}

#[test]
fn what_is_not_served_is_refused() {
    let (office, done) = check_done("unknown");
    assert_eq!(office.left(&done, "codes"), "-32601\n-32601\n-32601\n");
}

#[test]
fn a_permission_is_answered_by_its_meaning() {
    // No diff, no kind, no path in the question; the first answer is for ever.
    let (office, done) = check_done("permission");
    assert_eq!(office.left(&done, "answers"), "yes\n");
    assert_eq!(done.decisions.len(), 1);
    assert_eq!(done.decisions[0].what, "edit src/lib.rs");
    assert!(done.decisions[0].is_allowed);
}

#[test]
fn a_command_is_asked_for_one_at_a_time() {
    let office = Office::new();
    office.start(fake::agent("execute"));
    let asks = office.wait("asked", |hand_off| hand_off.question.is_some());
    assert_eq!(asks.state, State::Waiting);
    let question = asks.question.unwrap();
    assert_eq!(question.text, "execute make");
    office.desk.permit(&asks.id, question.number, true).unwrap();
    let asks = office.wait("asked again", |hand_off| {
        hand_off.question.as_ref().is_some_and(|question| question.text.contains("install"))
    });
    office.desk.permit(&asks.id, asks.question.unwrap().number, false).unwrap();
    let done = office.wait_for_end();
    assert_eq!(office.left(&done, "answers"), "yes\nno\n");
    let said: Vec<(bool, &str)> = done.decisions.iter().map(|made| (made.is_allowed, made.what.as_str())).collect();
    assert_eq!(said, [(true, "execute make"), (false, "execute make install")]);
    assert!(office.log(&done).contains("denied (by you): execute make install"));
}

#[test]
fn who_does_not_answer_says_no() {
    let mut office = Office::new();
    office.options.ask_s = 0;
    let done = office.run("execute");
    assert_eq!(office.left(&done, "answers"), "no\nno\n");
    assert_eq!(done.state, State::Review);
}

#[test]
fn the_table_of_the_settings_decides_first() {
    let mut office = Office::new();
    office.options.allow = vec!["execute".to_string()];
    let done = office.run("execute");
    assert_eq!(office.left(&done, "answers"), "yes\nyes\n");

    office.options.deny = vec!["execute".to_string()];
    let done = office.run("execute");
    assert_eq!(office.left(&done, "answers"), "no\nno\n");

    office.options.deny = vec!["edit".to_string()];
    let done = office.run("permission");
    assert_eq!(office.left(&done, "answers"), "no\n");
}

#[test]
fn paths_outside_are_asked_for() {
    let mut office = Office::new();
    office.options.ask_s = 0;
    let done = office.run("outside");
    // The last one is behind a link.
    let last = if cfg!(unix) { "no" } else { "yes" };
    assert_eq!(office.left(&done, "answers"), format!("no\nno\nno\nyes\nyes\n{last}\n"));
}

#[test]
fn an_answer_for_ever_is_never_given() {
    let mut office = Office::new();
    office.options.allow = vec!["execute".to_string()];
    let done = office.run("only-always");
    assert_eq!(office.left(&done, "answers"), "cancelled\n");
    assert!(!done.decisions[0].is_allowed);
}

#[test]
fn a_crash_keeps_what_was_made() {
    let office = Office::new();
    let done = office.run("crash");
    assert_eq!(done.state, State::Failed);
    assert!(done.reason.contains("exit status: 3") && done.reason.contains("boom"), "{}", done.reason);
    assert!(!done.reason.contains("Qx7mL2pV9s"), "{}", done.reason);
    assert_eq!(done.files, [Path::new(FILE)]);
    assert_eq!(office.left(&done, FILE), AFTER);

    let done = office.run("half");
    assert_eq!(done.state, State::Failed, "{done:#?}");
}

#[test]
fn a_line_without_end_is_not_kept() {
    let office = Office::new();
    let done = office.run("endless");
    assert_eq!(done.state, State::Failed);
    assert!(done.reason.contains("more than 16 MB"), "{}", done.reason);
}

#[test]
fn who_has_to_log_in_is_told_how() {
    let office = Office::new();
    let done = office.run("auth");
    assert_eq!(done.state, State::AuthRequired);
    assert!(done.reason.contains("Authentication required"), "{}", done.reason);
    assert!(done.reason.contains("Log in with your browser"), "{}", done.reason);

    let mut agent = fake::agent("auth");
    agent.login = "run `fake login`".to_string();
    office.start(agent);
    assert!(office.wait_for_end().reason.contains("run `fake login`"));
}

#[test]
fn what_cannot_start_says_why() {
    let office = Office::new();
    let mut agent = fake::agent("edit");
    agent.command = "no-such-agent-anywhere".to_string();
    let error = office.desk.start(office.task(), office.terms(agent)).unwrap_err().to_string();
    assert!(error.contains("`no-such-agent-anywhere`, was not found: install it"), "{error}");
    assert!(office.desk.list().is_empty());

    // What is there may still not be a program.
    let mut agent = fake::agent("edit");
    agent.command = office.project().join(FILE).display().to_string();
    office.start(agent);
    let done = office.wait_for_end();
    assert_eq!(done.state, State::Failed);
    assert!(done.reason.contains("may not be run"), "{}", done.reason);

    let done = office.run("old");
    assert!(done.reason.contains("version 0"), "{}", done.reason);
}

#[test]
fn a_turn_without_a_change_is_no_success() {
    let office = Office::new();
    let done = office.run("talk");
    assert_eq!(done.state, State::Review);
    assert!(done.reason.contains("changed nothing"), "{}", done.reason);
    let done = office.run("sulk");
    assert!(done.reason.contains("stopped by itself"), "{}", done.reason);
}

#[test]
fn a_cancel_is_answered_at_once() {
    let office = Office::new();
    let id = office.start(fake::agent("hang")).id;
    office.wait("working", |hand_off| hand_off.state == State::Working);
    let started = Instant::now();
    office.desk.cancel(&id).unwrap();
    let done = office.wait_for_end();
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(done.state, State::Cancelled);
    assert!(office.desk.cancel(&id).unwrap_err().to_string().contains("does not run: it is cancelled"));
}

#[cfg(target_os = "linux")]
#[test]
fn who_is_deaf_is_ended_with_its_children() {
    let office = Office::new();
    let id = office.start(fake::agent("deaf")).id;
    let working = office.wait("reading", |hand_off| hand_off.state == State::Working);
    let child = working.snapshot.as_ref().unwrap().folder.join("child");
    while !child.exists() {
        std::thread::yield_now();
    }
    let started = Instant::now();
    office.desk.cancel(&id).unwrap();
    let done = office.wait_for_end();
    eprintln!("cancel to no process: {} ms", started.elapsed().as_millis());
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(done.state, State::Cancelled);
    check_gone(&office.left(&done, "child"));
}

#[cfg(target_os = "linux")]
#[test]
fn what_leaves_the_group_is_ended_too() {
    let office = Office::new();
    let done = office.run("two-lives");
    assert_eq!(done.state, State::Failed, "{done:#?}");
    check_gone(&office.left(&done, "child"));
}

#[cfg(target_os = "linux")]
#[track_caller]
fn check_gone(pid: &str) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    assert!(status.is_empty() || status.contains("State:\tZ"), "{pid} is still there: {status}");
}

#[test]
fn a_question_is_answered_by_a_cancel() {
    let office = Office::new();
    let id = office.start(fake::agent("execute")).id;
    office.wait("asked", |hand_off| hand_off.question.is_some());
    office.desk.cancel(&id).unwrap();
    let done = office.wait_for_end();
    assert_eq!(office.left(&done, "answers"), "cancelled\ncancelled\n");
    assert_eq!((done.state, done.question), (State::Cancelled, None));
}

#[test]
fn silence_is_shown() {
    let mut office = Office::new();
    office.options.stalled_after_s = 1;
    let id = office.start(fake::agent("hang")).id;
    office.wait("working", |hand_off| hand_off.state == State::Working);
    let started = Instant::now();
    let stalled = office.wait("stalled", |hand_off| hand_off.state == State::Stalled);
    // A tick, and a machine that does other things.
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert!(stalled.reason.contains("nothing was heard of it"), "{}", stalled.reason);
    office.desk.cancel(&id).unwrap();
    office.wait_for_end();
}

#[test]
fn what_an_agent_says_it_took_is_marked_so() {
    let (office, done) = check_done("counts");
    let usage = &done.usage;
    assert_eq!((usage.input_tokens, usage.output_tokens), (Some(1200), Some(42)));
    assert_eq!((usage.cost_micro_usd, usage.source), (Some(12_300), Source::Agent));
    assert_eq!(usage.requests, None);
    assert_eq!(usage.describe(), "≥ 1k tokens · ≥ $0.0123");
    assert_eq!(done.context, Some((12_000, 200_000)));

    let ledger = office.folder.path().join("ledger.sqlite");
    drop(office.desk);
    let costs = foretype::ledger::costs(&ledger, 1, &Default::default()).unwrap().unwrap();
    assert_eq!(costs.agents.agents["fake"].cost, Some(0.0123));
    assert_eq!(costs.agents.agents["fake"].counted_by_us, 1);
    assert_eq!(costs.agents.workspaces["project"].input_tokens, 1200);
    assert_eq!(costs.all.requests, 0);
}

#[test]
fn a_budget_is_kept_by_what_the_agent_says() {
    let office = Office::new();
    let mut agent = fake::agent("hang");
    agent.budget.minutes = Some(0);
    office.start(agent);
    let done = office.wait_for_end();
    assert_eq!(done.state, State::OverBudget, "{done:#?}");
}

#[test]
fn several_at_once_have_their_own_state() {
    let office = Office::new();
    let hanging = office.start(fake::agent("hang")).id;
    let asking = office.start(fake::agent("execute")).id;
    let editing = office.start(fake::agent("edit")).id;
    office.wait("asked", |hand_off| hand_off.id == asking && hand_off.question.is_some());
    while office.desk.read(&editing).unwrap().state != State::Review {
        std::thread::yield_now();
    }
    let states: Vec<(String, State)> = office.desk.list().into_iter().map(|known| (known.id, known.state)).collect();
    assert!(states.contains(&(hanging.clone(), State::Working)), "{states:?}");
    assert!(states.contains(&(asking.clone(), State::Waiting)), "{states:?}");
    for id in [&hanging, &asking] {
        office.desk.cancel(id).unwrap();
    }
    while office.desk.is_busy() {
        std::thread::yield_now();
    }
    assert_eq!(office.desk.read(&editing).unwrap().state, State::Review);
}

#[test]
fn another_window_sees_and_ends_it() {
    let office = Office::new();
    let id = office.start(fake::agent("execute")).id;
    let asks = office.wait("asked", |hand_off| hand_off.question.is_some());
    let other = foretype::agent::Desk::new(office.desk.store().clone(), None, |_| ());
    assert_eq!(other.list()[0].state, State::Waiting);
    other.hide(&id, true).unwrap();
    office.wait("hidden", |hand_off| !hand_off.is_visible);
    other.permit(&id, asks.question.unwrap().number, true).unwrap();
    office.wait("answered", |hand_off| hand_off.decisions.len() == 1);
    other.cancel(&id).unwrap();
    assert_eq!(office.wait_for_end().state, State::Cancelled);
    assert_eq!(other.discard(&id).unwrap().state, State::Discarded);
    assert_eq!(office.desk.read(&id).unwrap().snapshot, None);
}

#[test]
fn a_desk_that_goes_leaves_what_was_made() {
    let office = Office::new();
    let id = office.start(fake::agent("half-done")).id;
    office.wait("at its tool", |hand_off| hand_off.tool == "read src/lib.rs");
    let (store, folder) = (office.desk.store().clone(), office.folder);
    drop(office.desk);
    let next = foretype::agent::Desk::new(store, None, |_| ());
    let started = std::time::Instant::now();
    let found = loop {
        let found = next.list().remove(0);
        if found.state != State::Working || started.elapsed().as_secs() > 10 {
            break found;
        }
        std::thread::yield_now();
    };
    assert_eq!((found.id, found.state), (id, State::Review));
    assert!(found.reason.contains("the server ended"), "{}", found.reason);
    assert_eq!(found.files, [PathBuf::from(FILE)]);
    drop(folder);
}

#[test]
fn the_next_agent_begins_where_the_first_did() {
    let office = Office::new();
    let first = office.start(fake::agent("hang")).id;
    office.wait("working", |hand_off| hand_off.state == State::Working);
    // The user goes on meanwhile; the task is the old one.
    std::fs::write(office.project().join(FILE), "changed since\n").unwrap();
    let next = office.desk.pass_on(&first, office.terms(fake::agent("edit"))).unwrap();
    let done = office.wait("done", |hand_off| hand_off.id == next.id && !hand_off.state.is_running());
    assert_eq!((done.state, &done.title), (State::Review, &next.title));
    assert_eq!(office.left(&done, FILE), AFTER);
    let base = |hand_off: &foretype::agent::HandOff| hand_off.snapshot.as_ref().unwrap().base.clone();
    while office.desk.is_busy() {
        std::thread::yield_now();
    }
    assert_eq!(base(&done), base(&office.desk.read(&first).unwrap()));
}

#[test]
fn no_secret_lands_in_the_log() {
    let office = Office::new();
    let mut agent = fake::agent("key");
    agent.env.push("FAKE_SECRET=hunter2hunter2".to_string());
    office.start(agent);
    let done = office.wait_for_end();
    let log = office.log(&done);
    assert!(!log.contains("Qx7mL2pV9s") && !log.contains("hunter2"), "{log}");
    assert!(log.contains("the key is [hidden]"), "{log}");
}

#[test]
fn its_environment_is_a_list_of_what_it_may_know() {
    let agent = fake::agent("edit");
    let names = |environment: Vec<(std::ffi::OsString, std::ffi::OsString)>| {
        environment.into_iter().map(|(name, _)| name.into_string().unwrap()).collect::<Vec<_>>()
    };
    let environment = names(agent.environment(None));
    assert!(environment.contains(&"PATH".to_string()));
    assert!(!environment.iter().any(|name| name.starts_with("CARGO")), "{environment:?}");
}

#[test]
fn a_prompt_leads_into_the_copy_alone() {
    use foretype::agent::Part;
    let office = Office::new();
    let project = office.project();
    for (manner, embeds) in [("prompt", true), ("plain", false)] {
        let part = Part {
            path: FILE.to_string(),
            lines: Some(0..3),
            text: BEFORE.to_string(),
            what: "the selection".to_string(),
        };
        let task = foretype::agent::Task {
            instruction: format!("Implement {}/{FILE}", project.display()),
            selection: Some(part),
            diagnostics: vec!["src/lib.rs:2: not implemented".to_string()],
            ..office.task()
        };
        office.desk.start(task, office.terms(fake::agent(manner))).unwrap();
        let done = office.wait_for_end();
        let text = office.left(&done, "prompt.json");
        assert!(!text.contains(&format!("{}/", project.display())), "{text}");
        let prompt: Value = serde_json::from_str(&text).unwrap();
        let worktree = done.snapshot.unwrap().folder;
        assert_eq!(prompt[0]["text"], format!("Implement {}/{FILE}", worktree.display()));
        let uri = format!("file://{}/{FILE}#L1-3", worktree.display());
        let has = |wanted: &dyn Fn(&Value) -> bool| prompt.as_array().unwrap().iter().any(wanted);
        if embeds {
            assert!(has(&|block| block["resource"]["uri"] == uri && block["resource"]["text"] == BEFORE), "{text}");
        } else {
            assert!(has(&|block| block["type"] == "resource_link" && block["uri"] == uri), "{text}");
            assert!(has(&|block| block["text"].as_str().is_some_and(|text| text.contains("todo!()"))), "{text}");
        }
        assert!(has(&|block| block["text"].as_str().is_some_and(|text| text.contains("not implemented"))), "{text}");
    }
}

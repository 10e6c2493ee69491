//! What the user sees of running agents without asking: a bar each, the questions that they have, and how they end.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use super::{commands, next_agent};
use crate::agent::{HandOff, State as Stand, Trouble};
use crate::server::client;
use crate::server::progress::Bar;
use crate::server::state::{State, WeakState};

/// Begins the token of a bar; the hand-off's id follows. By it the client cancels.
pub const TOKEN: &str = "foretype.agent.";

/// A bar is told no more often.
const PACE: Duration = Duration::from_millis(250);

const ALLOW: &str = "Allow once";
const DENY: &str = "Deny";
const CANCEL: &str = "End the agent";
const WAIT: &str = "Wait";
const REVIEW: &str = "Review it";
const LOG: &str = "Show the log";

/// Takes the news of a desk.
pub fn start(state: &State) -> UnboundedSender<HandOff> {
    let (send, news) = unbounded_channel();
    tokio::spawn(spread(state.downgrade(), news));
    send
}

/// Gives each hand-off a task of its own, and puts their questions one after the other.
async fn spread(state: WeakState, mut news: UnboundedReceiver<HandOff>) {
    let mut shown: HashMap<String, watch::Sender<HandOff>> = HashMap::new();
    let (ask, questions) = unbounded_channel();
    tokio::spawn(put_questions(state.clone(), questions));
    while let Some(hand_off) = news.recv().await {
        let is_over = !hand_off.state.is_running();
        match shown.get(&hand_off.id) {
            Some(watched) => drop(watched.send(hand_off.clone())),
            // What is changed after its end needs no bar.
            None if is_over => continue,
            None => {
                let (send, watched) = watch::channel(hand_off.clone());
                tokio::spawn(show(state.clone(), watched));
                shown.insert(hand_off.id.clone(), send);
            }
        }
        if hand_off.question.is_some()
            && let Some(watched) = shown.get(&hand_off.id)
        {
            let _ = ask.send(watched.subscribe());
        }
        if is_over {
            shown.remove(&hand_off.id);
        }
    }
}

/// One hand-off's bar, and its end.
async fn show(state: WeakState, mut watched: watch::Receiver<HandOff>) {
    let Some((client, abilities)) = state.upgrade().map(|state| (state.client.clone(), state.abilities())) else {
        return;
    };
    let first = watched.borrow().clone();
    let title = format!("{}: {}", first.agent, first.title);
    let begin = json!({"title": title, "cancellable": true, "message": first.line()});
    let bar = Bar::begin(&client, abilities, &format!("{TOKEN}{}", first.id), begin).await;
    let mut is_told = false;
    let last = loop {
        let now = watched.borrow_and_update().clone();
        if !now.state.is_running() {
            break now;
        }
        if let Some(bar) = &bar {
            bar.report(json!({"message": now.line()})).await;
        }
        if now.trouble == Some(Trouble::Provider) && !std::mem::replace(&mut is_told, true) {
            tokio::spawn(tell_trouble(state.clone(), now));
        }
        tokio::time::sleep(PACE).await;
        if watched.changed().await.is_err() {
            break watched.borrow().clone();
        }
    };
    if let Some(bar) = bar {
        bar.end(&last.line()).await;
    }
    tell_end(&state, &last).await;
}

/// Its provider does not serve it: the next agent of the list may take over.
async fn tell_trouble(state: WeakState, hand_off: HandOff) -> Option<()> {
    let state = state.upgrade()?;
    let (agent, reason) = (&hand_off.agent, &hand_off.reason);
    let text = format!("foretype: {agent} cannot go on: {reason}");
    let next = next_agent(&state, agent);
    let over = next.as_ref().map(|next| hand_to(next));
    if !state.abilities().message_actions {
        client::show_warning(&state.client, format!("{text}. `foretype.agent.pass` hands the task to another")).await;
        return None;
    }
    let answers: Vec<&str> = over.as_deref().into_iter().chain([WAIT, CANCEL]).collect();
    let answer = client::ask(&state.client, text, &answers).await?;
    match answer.as_str() {
        CANCEL => drop(state.agents.desk(&state).ok()?.cancel(&hand_off.id)),
        answer if Some(answer) == over.as_deref() => hand_over(&state, &hand_off.id, next).await,
        _ => {}
    }
    Some(())
}

fn hand_to(agent: &str) -> String {
    format!("Hand it to {agent}")
}

async fn hand_over(state: &State, id: &str, next: Option<String>) {
    if let Err(why) = commands::pass_on(state, id, next).await {
        client::show_warning(&state.client, format!("foretype: {why}")).await;
    }
}

async fn tell_end(state: &WeakState, hand_off: &HandOff) -> Option<()> {
    let state = state.upgrade()?;
    let HandOff { agent, title, reason, .. } = hand_off;
    let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    let text = match hand_off.state {
        Stand::Review if hand_off.files.is_empty() => format!("foretype: {agent} has ended `{title}`{because}"),
        Stand::Review => format!("foretype: {agent} has changed {} for `{title}`{because}", hand_off.n_files()),
        Stand::Cancelled => return None,
        Stand::OverBudget => format!("foretype: {agent} was stopped{because}"),
        _ => format!("foretype: {agent} has failed{because}"),
    };
    tell(&state, hand_off, text).await
}

/// An earlier session has left this one, and more.
pub async fn tell_left(state: &State, hand_off: &HandOff, n_more: usize) {
    let HandOff { agent, title, reason, .. } = hand_off;
    let more = if n_more > 0 { format!(" and of {n_more} more") } else { String::new() };
    let text = match hand_off.has_made() {
        true => format!("foretype: what {agent} made of `{title}`{more} waits for your review"),
        false => format!("foretype: {agent} did not come to an end with `{title}`{more}: {reason}"),
    };
    let (state, hand_off) = (state.clone(), hand_off.clone());
    // The answer may take any time.
    tokio::spawn(async move { tell(&state, &hand_off, text).await });
}

/// Says how one has ended, and offers what can be done now.
async fn tell(state: &State, hand_off: &HandOff, text: String) -> Option<()> {
    let HandOff { agent, id, .. } = hand_off;
    let is_good = hand_off.state == Stand::Review;
    if !state.abilities().message_actions {
        let text = format!("{text} ({id}; `foretype.agent.review`)");
        match is_good {
            true => client::show_info(&state.client, text).await,
            false => client::show_warning(&state.client, text).await,
        }
        return None;
    }
    let review = hand_off.has_made().then_some(REVIEW);
    // Only what was begun in this window can be passed on.
    let next = next_agent(state, agent).filter(|_| !is_good && hand_off.trouble != Some(Trouble::Orphaned));
    let over = next.as_ref().map(|next| hand_to(next));
    let answers: Vec<&str> = review.into_iter().chain(over.as_deref()).chain([LOG]).collect();
    let answer = client::ask(&state.client, text, &answers).await?;
    let command = match answer.as_str() {
        REVIEW => commands::REVIEW,
        LOG => commands::LOG,
        answer if Some(answer) == over.as_deref() => {
            hand_over(state, id, next).await;
            return Some(());
        }
        _ => return None,
    };
    if let Err(error) = commands::handle(state, command, Some(id.as_str().into())).await {
        client::show_warning(&state.client, format!("foretype: {}", error.message)).await;
    }
    Some(())
}

/// One at a time, whoever asks: clients show them over everything else.
async fn put_questions(state: WeakState, mut questions: UnboundedReceiver<watch::Receiver<HandOff>>) {
    let mut asked: HashMap<String, u64> = HashMap::new();
    while let Some(watched) = questions.recv().await {
        let hand_off = watched.borrow().clone();
        let Some(question) = hand_off.question.clone() else { continue };
        // News of other things repeat the question.
        if asked.insert(hand_off.id.clone(), question.number) != Some(question.number) {
            put(&state, &hand_off, question.number, &question.text, watched).await;
        }
    }
}

async fn put(
    state: &WeakState,
    hand_off: &HandOff,
    number: u64,
    question: &str,
    mut watched: watch::Receiver<HandOff>,
) -> Option<()> {
    let state = state.upgrade()?;
    let text = format!("foretype: {} wants to {question} (in its copy of your project)", hand_off.agent);
    if !state.abilities().message_actions {
        client::show_warning(&state.client, format!("{text}; answer with `foretype.agent.permit`")).await;
        return None;
    }
    let is_gone = watched.wait_for(|now| now.question.as_ref().map(|asked| asked.number) != Some(number));
    let answer = tokio::select! {
        answer = client::ask(&state.client, text, &[ALLOW, DENY, CANCEL]) => answer?,
        // Answered elsewhere, or too late: the client's box stays, and says nothing more.
        _ = is_gone => return None,
    };
    let desk = state.agents.desk(&state).ok()?;
    let done = match answer.as_str() {
        ALLOW => desk.permit(&hand_off.id, number, true),
        CANCEL => desk.cancel(&hand_off.id),
        _ => desk.permit(&hand_off.id, number, false),
    };
    // It has ended meanwhile.
    drop(done);
    Some(())
}

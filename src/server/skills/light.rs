//! A light run: our own model is told the skill's instructions and the selection, and what it answers becomes a proposal.
//! Nothing is changed before that is applied.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use tower_lsp::gen_lsp_types as lsp;

use super::commands::{Argument, bring_in};
use crate::agent::plan::Chosen;
use crate::agent::review::{File, Review};
use crate::agent::worktree::{Blob, Change};
use crate::document::{Clearance, Snapshot};
use crate::engine::{Ask, Cancel, Finish, Wish};
use crate::router::Route;
use crate::server::progress::Bar;
use crate::server::state::State;
use crate::server::{client, convert};
use crate::skills::Skill;

/// What a skill would change; kept until it is applied or forgotten.
pub struct Proposal {
    pub id: String,
    pub skill: String,
    /// Of the project, links resolved.
    pub root: PathBuf,
    /// Of the one file, from there.
    pub path: PathBuf,
    pub review: Arc<Review>,
    /// Who made it.
    model: String,
}

/// A longer selection is for an agent.
const MAX_SELECTED: usize = 24 << 10;
/// Lines around the selection that go along.
const CONTEXT_LINES: usize = 40;
/// The answer may be this much longer than the selection.
const GROWTH: f32 = 2.0;
const MIN_TOKENS: usize = 256;
const BYTES_PER_TOKEN: f32 = 3.3;

const APPLIED: &str = "Apply";
const KEPT: &str = "Not now";
const FORGOTTEN: &str = "Discard";

/// What a run is about.
struct Job {
    skill: Skill,
    /// What else is wanted.
    instruction: String,
    body: String,
    document: Snapshot,
    /// Bytes, whole lines.
    selected: Range<usize>,
    root: PathBuf,
    path: PathBuf,
}

/// Begins, and answers at once.
pub async fn start(state: &State, skill: Skill, argument: Argument) -> Result<Value, String> {
    let uri = argument.uri.ok_or("name the file as `uri`, or hand the skill to an agent (`agent`)")?;
    let document = state.documents.lock().snapshot(&convert::document_id(&uri));
    let document = document.ok_or_else(|| format!("{} is not open", uri.as_str()))?;
    match state.analysis.verdict(&document).await {
        Clearance::Cleared | Clearance::Local(_) => {}
        Clearance::Denied(denied) => return Err(denied.to_string()),
        Clearance::Pending => return Err("the file is still being checked for secrets; ask again".to_string()),
    }
    let file = document.path.clone().ok_or("save the file first; an edit needs a place")?;
    let folder = file.parent().unwrap_or(Path::new("/"));
    let root = folder.canonicalize().map_err(|error| format!("{} cannot be found: {error}", folder.display()))?;
    let path = PathBuf::from(file.file_name().ok_or("save the file first; an edit needs a place")?);
    let selected = selected(state, &document, argument.range);
    if selected.len() > MAX_SELECTED {
        return Err(format!(
            "the selection is larger than {} kB; select less, or hand the skill to an agent (`agent`)",
            MAX_SELECTED >> 10
        ));
    }
    let body = skill.body()?;
    let title = format!("foretype: {}", skill.name);
    let instruction = argument.instruction.unwrap_or_default();
    let job = Job { skill, instruction, body, document, selected, root, path };
    let state = state.clone();
    tokio::spawn(async move { run(&state, job, title).await });
    Ok(Value::Null)
}

/// Whole lines; all of the document where nothing is selected.
fn selected(state: &State, document: &Snapshot, range: Option<lsp::Range>) -> Range<usize> {
    let text = &document.text;
    let Some(range) = range.filter(|range| range.start != range.end) else { return 0..text.len() };
    let at = |wire| text.offset(convert::position(wire), state.encoding());
    let (start, end) = (at(range.start), at(range.end).max(at(range.start)));
    let start = text.line_range(text.line_of(start)).start;
    // A selection of whole lines ends at the start of the next one.
    let last = text.line_of(if end > start { end - 1 } else { end });
    let end = if last + 1 < text.n_lines() { text.line_range(last + 1).start } else { text.len() };
    start..end.max(start)
}

async fn run(state: &State, job: Job, title: String) {
    let token = format!("foretype.skill.{}", job.skill.name);
    let bar = Bar::begin(&state.client, state.abilities(), &token, json!({"title": title})).await;
    let routes = state.services().map(|services| services.lineup.routes.clone()).unwrap_or_default();
    let work = tokio::task::spawn_blocking(move || {
        let asked = ask(&routes, &job);
        (job, asked)
    });
    let Ok((job, asked)) = work.await else { return };
    let proposed = asked.and_then(|(model, answer)| propose(state, &job, model, &answer));
    let said = match &proposed {
        Ok(proposal) => proposal.review.summary(),
        Err(problem) => problem.clone(),
    };
    if let Some(bar) = bar {
        bar.end(&said).await;
    }
    match proposed {
        Ok(proposal) => offer(state, &proposal).await,
        Err(problem) => client::show_warning(&state.client, format!("{title}: {problem}")).await,
    }
}

/// The first model that can be told and may: remote ones first, as the user has put them. With its name.
fn ask(routes: &[Route], job: &Job) -> Result<(String, String), String> {
    let (instruction, text) = (job.instruction(), job.text());
    let selected = job.document.text.slice(job.selected.clone());
    let max_tokens = MIN_TOKENS + (selected.len() as f32 / BYTES_PER_TOKEN * GROWTH) as usize;
    let language = job.document.language.map(|language| language.id());
    let fence = job.fence();
    let wish = Wish { instruction: &instruction, text: &text, likely: &selected, fence: &fence, language, max_tokens };
    let mut reasons = Vec::new();
    for route in routes {
        if let Some(may_answer) = &route.may_answer
            && let Err(why) = may_answer(&Ask::at(&job.document, job.selected.start))
        {
            reasons.push(format!("{}: {why}", route.label));
            continue;
        }
        match route.engine.told(&wish, &Cancel::default()) {
            Ok(answer) => return Ok((route.label.to_string(), answer)),
            Err(Finish::Failed(failure)) => reasons.push(format!("{}: {}", route.label, failure.message)),
            Err(Finish::Silent(why)) => reasons.push(format!("{}: {why}", route.label)),
            Err(Finish::Cancelled | Finish::Done) => reasons.push(format!("{}: it was stopped", route.label)),
        }
    }
    if reasons.is_empty() {
        return Err("there is no model to tell; `foretype model pull` gets one, or name an endpoint".to_string());
    }
    Err(format!("no model did it ({})", reasons.join("; ")))
}

impl Job {
    fn instruction(&self) -> String {
        let mut said = format!(
            "You edit a part of a file as a skill says. Answer with the whole new text of that part between two lines {}, \
             and with nothing else. Keep what the skill does not speak of as it is, the indentation, too.\n\
             <skill name=\"{}\">\n{}\n</skill>",
            self.fence(),
            self.skill.name,
            self.body
        );
        if !self.instruction.trim().is_empty() {
            said.push_str(&format!("\nBeside that: {}", self.instruction.trim()));
        }
        said
    }

    /// Longer than any that the selection has.
    fn fence(&self) -> String {
        let selected = self.document.text.slice(self.selected.clone());
        let longest = selected.split(|c| c != '`').map(str::len).max().unwrap_or_default();
        "`".repeat(3.max(longest + 1))
    }

    fn text(&self) -> String {
        let (text, fence) = (&self.document.text, self.fence());
        let language = self.document.language.map_or("", |language| language.id());
        let (first, last) = (text.line_of(self.selected.start), text.line_of(self.selected.end));
        let before = text.line_range(first.saturating_sub(CONTEXT_LINES)).start..self.selected.start;
        let after = self.selected.end..text.line_range((last + CONTEXT_LINES).min(text.n_lines() - 1)).end;
        let around = |what: &str, range: Range<usize>| match text.slice(range) {
            slice if slice.trim().is_empty() => String::new(),
            slice => format!("{what}, for you to know and not to repeat:\n{}\n\n", slice.trim_end()),
        };
        format!(
            "{}{}The part of {} to edit:\n{fence}{language}\n{}\n{fence}",
            around("What stands before it", before),
            around("What stands after it", after.start..after.end.max(after.start)),
            self.path.display(),
            text.slice(self.selected.clone()).trim_end_matches('\n')
        )
    }
}

/// `Err` is a sentence for the user: there is nothing to propose.
fn propose(state: &State, job: &Job, model: String, answer: &str) -> Result<Arc<Proposal>, String> {
    let text = &job.document.text;
    let old = text.slice(0..text.len()).into_owned();
    let selected = &old[job.selected.clone()];
    let mut new = between(answer, &job.fence()).to_string();
    if new.trim().is_empty() && !selected.trim().is_empty() {
        return Err(format!("{model} answered without any text"));
    }
    // A fence says nothing of the last line's end, nor of what ends the lines.
    new.truncate(new.trim_end_matches(['\n', '\r']).len());
    if selected.ends_with('\n') {
        new.push('\n');
    }
    if selected.contains("\r\n") {
        new = new.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    if new == selected {
        return Err(format!("{model} would change nothing"));
    }
    let theirs = format!("{}{new}{}", &old[..job.selected.start], &old[job.selected.end..]);
    let blob = |id: &str| Some(Blob { id: id.to_string(), is_executable: false, is_link: false });
    let change = Change { path: job.path.clone(), from: None, old: blob("old"), new: blob("new") };
    let file = File::new(change, Some(old.into_bytes()), Some(theirs.into_bytes()));
    let review = Arc::new(Review { files: vec![file], left_out: Vec::new() });
    let (skill, root, path) = (job.skill.name.clone(), job.root.clone(), job.path.clone());
    Ok(state.skills.keep(|id| Proposal { id, skill, root, path, review, model }))
}

/// The text between the first fence and the last; all of it where there is none. A model may write a shorter one than it
/// was shown.
fn between<'a>(answer: &'a str, fence: &str) -> &'a str {
    let shorter = || Some("```").filter(|_| !answer.contains(fence));
    let fence = shorter().unwrap_or(fence);
    let is_start = |(at, _): &(usize, &str)| *at == 0 || answer[..*at].ends_with('\n');
    let Some((first, _)) = answer.match_indices(fence).find(is_start) else { return answer };
    let start = answer[first..].find('\n').map_or(answer.len(), |end| first + end + 1);
    let last = answer.match_indices(fence).filter(|found| found.0 >= start && is_start(found)).last();
    &answer[start..last.map_or(answer.len(), |(at, _)| at)]
}

/// Asks what is to become of it, where the client can; else says how to go on.
async fn offer(state: &State, proposal: &Arc<Proposal>) {
    let Proposal { id, skill, review, model, .. } = &**proposal;
    let what = format!("foretype: {skill}, by {model}: {}", review.summary());
    if !state.abilities().message_actions {
        return client::show_info(
            &state.client,
            format!("{what} (`foretype.skill.show`, `foretype.skill.apply`: {id})"),
        )
        .await;
    }
    match client::ask(&state.client, what, &[APPLIED, KEPT, FORGOTTEN]).await.as_deref() {
        Some(APPLIED) => {
            let said = match bring_in(state, proposal, Chosen::All).await {
                Ok(answer) if answer["conflicts"].is_array() => {
                    "you changed the same lines meanwhile; nothing was changed".to_string()
                }
                Ok(_) => return,
                Err(problem) => problem,
            };
            client::show_warning(&state.client, format!("foretype: {skill}: {said}")).await;
        }
        Some(FORGOTTEN) => state.skills.forget(id),
        _ => {}
    }
}

impl Proposal {
    pub fn answer(&self) -> Value {
        json!({
            "id": self.id,
            "skill": self.skill,
            "model": self.model,
            "summary": self.review.summary(),
            "files": self.review.rows(),
            "markdown": self.review.markdown(&self.skill),
        })
    }
}

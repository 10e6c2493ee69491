//! What an agent made, shown and taken over: `review` opens a document, `apply` merges onto the buffers as they are now
//! (`server/apply.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp::gen_lsp_types as lsp;

use super::{Refused, blocking, commands, shows};
use crate::agent::merge;
use crate::agent::plan::{Chosen, Conflict, conflicts_markdown};
use crate::agent::{Desk, HandOff};
use crate::server::apply::{self, Outcome, Wanted};
use crate::server::state::State;

/// Arguments of an apply: all, or some files, or some hunks (numbers from 0) of some.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wish {
    pub id: Option<String>,
    pub files: Option<Vec<PathBuf>>,
    pub hunks: BTreeMap<PathBuf, BTreeSet<usize>>,
}

/// Opens the review; answers its rows and where it is.
pub async fn review(state: &State, desk: &Desk, id: String) -> Result<Value, Refused> {
    let desk = desk.clone();
    let (hand_off, review, path) = blocking(move || {
        let (hand_off, review) = desk.review(&id)?;
        let path = desk.store().folder(&hand_off.id).join("review.md");
        std::fs::write(&path, review.markdown(&hand_off.title))?;
        Ok((hand_off, review, path))
    })
    .await?;
    let uri = uri(&path)?;
    commands::open(state, uri.clone()).await;
    Ok(json!({"id": hand_off.id, "summary": review.summary(), "files": review.rows(), "uri": uri}))
}

/// Takes it over; nothing is changed where anything conflicts.
pub async fn apply(state: &State, desk: &Desk, id: String, wish: Wish) -> Result<Value, Refused> {
    let looked = desk.clone();
    let (hand_off, review) = blocking(move || looked.review(&id)).await?;
    let root = hand_off.snapshot.as_ref().map(|snapshot| snapshot.root.clone()).ok_or("its copy is gone")?;
    if !shows(state, &hand_off.workspace) {
        let (id, project) = (&hand_off.id, hand_off.workspace.display());
        return Err(format!(
            "`{id}` is of {project}, which is not open in this window; apply it in a window that shows it, or by \
             `foretype agent apply {id}`"
        ));
    }
    let chosen = wish.chosen();
    let is_all = chosen == Chosen::All;
    let label = format!("{}: {}", hand_off.agent, hand_off.title);
    let wanted = Wanted { root, review: Arc::new(review), chosen, label };
    match apply::apply(state, wanted).await {
        Outcome::Applied(files) => {
            let desk = desk.clone();
            let now = blocking(move || if is_all { desk.applied(&hand_off.id) } else { Ok(hand_off) }).await?;
            Ok(json!({"id": now.id, "state": now.state, "files": files}))
        }
        Outcome::Conflicts(conflicts) => Err(show(state, desk, &hand_off, &conflicts).await),
        Outcome::Failed(why) => Err(why),
    }
}

impl Wish {
    fn chosen(&self) -> Chosen {
        if self.files.is_none() && self.hunks.is_empty() {
            return Chosen::All;
        }
        let whole = self.files.iter().flatten().map(|path| (path.clone(), merge::Wanted::All));
        let parts = self.hunks.iter().map(|(path, hunks)| (path.clone(), merge::Wanted::Some(hunks.clone())));
        Chosen::Files(whole.chain(parts).collect())
    }
}

/// Both sides of each conflict, as a document.
async fn show(state: &State, desk: &Desk, hand_off: &HandOff, conflicts: &[Conflict]) -> Refused {
    let path = desk.store().folder(&hand_off.id).join("conflicts.md");
    let (at, text) = (path.clone(), conflicts_markdown(conflicts));
    if blocking(move || Ok(std::fs::write(at, text)?)).await.is_ok()
        && let Ok(uri) = uri(&path)
    {
        commands::open(state, uri).await;
    }
    let lines: Vec<String> = conflicts.iter().map(Conflict::to_string).collect();
    format!("nothing was changed: {}. Both sides are in {}", lines.join("; "), path.display())
}

fn uri(path: &Path) -> Result<lsp::Uri, Refused> {
    lsp::Uri::from_file_path(path).map_err(|()| format!("{} has no address", path.display()))
}

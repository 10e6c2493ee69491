//! The engines of this build, wired together: the instant one, the endpoints of the settings, the model on this machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::Settings;
use crate::context::{self, Gathered};
use crate::document::Snapshot;
use crate::engine::instant::Instant;
use crate::engine::local::Local;
use crate::engine::purse::Purse;
use crate::engine::remote::{Endpoint, Net, Remote};
use crate::engine::{Ask, Cancel};
use crate::ledger::{Till, WorkspaceName};
use crate::privacy::Privacy;
use crate::router::Route;
use crate::workspace::ProjectSource;

/// Makes the engines of a session, in the order in which they are asked. `router::Lineup` puts the models behind one.
pub type Engines = Box<dyn Fn(&Settings, &Supplies) -> Vec<Route> + Send + Sync>;

/// What engines are made with.
pub struct Supplies {
    pub project: ProjectSource,
    /// Pays for what costs something; without it nothing is counted.
    pub purse: Option<Arc<dyn Purse>>,
    /// Told what the user should know, such as an endpoint that cannot be used.
    pub notice: Arc<dyn Fn(String) + Send + Sync>,
}

impl Supplies {
    /// Of one project, and nothing else.
    pub fn of(project: ProjectSource) -> Supplies {
        Supplies { project, purse: None, notice: Arc::new(|_| ()) }
    }
}

/// Who pays, where something may cost: counted in the ledger's `file`, and told to `notice`. Budgets hold also where no
/// other records are kept.
pub fn purse(
    settings: &Settings,
    file: Option<PathBuf>,
    workspace: Option<&Path>,
    notice: impl Fn(String) + Send + Sync + 'static,
) -> Option<Arc<dyn Purse>> {
    let is_wanted = settings.remote.enabled && (settings.ledger.enabled || !settings.money.budgets.is_empty());
    let till = Till::new(&file.filter(|_| is_wanted)?, settings.money.clone(), notice);
    till.set_workspace(workspace.and_then(WorkspaceName::of));
    Some(Arc::new(till))
}

pub fn default_engines() -> Engines {
    Box::new(|settings, supplies| {
        let project = supplies.project.clone();
        let index = project.clone();
        let instant = Arc::new(Instant::new(Arc::new(move || index().index)));
        let mut routes = Vec::new();
        if settings.instant {
            routes.push(Route::local(instant.clone()));
        }
        if settings.remote.enabled {
            routes.extend(remote_routes(settings, supplies));
        }
        if settings.local.enabled {
            let continuations = move |ask: &Ask, cancel: &Cancel| instant.continuations(ask, cancel);
            let options = settings.context.clone();
            let contexts = move |place: &context::Place| context::gather(place, &project(), &options);
            let local = Local::new(settings.local.clone(), Arc::new(continuations), Arc::new(contexts));
            routes.push(Route::local(Arc::new(local)));
        }
        routes
    })
}

/// In the user's order. One that cannot be used is told, and left out.
fn remote_routes(settings: &Settings, supplies: &Supplies) -> Vec<Route> {
    let endpoints = &settings.remote.endpoints;
    if endpoints.is_empty() {
        return Vec::new();
    }
    // Without its rules nothing may leave; the caller has said so.
    let Ok(privacy) = Privacy::new(&settings.privacy).map(Arc::new) else { return Vec::new() };
    let net = match Net::start() {
        Ok(net) => Arc::new(net),
        Err(error) => {
            (supplies.notice)(format!("the thread for remote models could not be started: {error}"));
            return Vec::new();
        }
    };
    let route = |endpoint: &Endpoint| match remote_route(endpoint, settings, supplies, &privacy, &net) {
        Ok(route) => Some(route),
        Err(why) => {
            (supplies.notice)(why);
            None
        }
    };
    endpoints.iter().filter_map(route).collect()
}

fn remote_route(
    endpoint: &Endpoint,
    settings: &Settings,
    supplies: &Supplies,
    privacy: &Arc<Privacy>,
    net: &Arc<Net>,
) -> Result<Route, String> {
    let (project, options) = (supplies.project.clone(), settings.context.clone());
    let (privacy, leaves) = (privacy.clone(), endpoint.leaves_machine());
    let contexts = move |place: &context::Place| {
        if !leaves {
            return context::gather(place, &project(), &options);
        }
        let others: Vec<Snapshot> = place.others.iter().filter(|other| other.may_leave().is_ok()).cloned().collect();
        let project = project();
        let gathered = context::gather(&context::Place { others: &others, ..place.clone() }, &project, &options);
        let may_leave = |path: &str| !project.folders.iter().any(|folder| privacy.keeps(&folder.join(Path::new(path))));
        let pieces = gathered.pieces.into_iter().filter(|piece| may_leave(&piece.path)).collect();
        Gathered { pieces, ..gathered }
    };
    let waits = settings.remote.client_waits;
    let remote = Remote::new(endpoint.clone(), net.clone(), Arc::new(contexts), supplies.purse.clone(), waits)?;
    let (name, ahead) = (endpoint.name.clone(), endpoint.ahead);
    let may_answer = move |ask: &Ask| match ask.is_ahead && !ahead {
        true => Err(format!("`{name}` is not asked ahead")),
        false if leaves => ask.document.may_leave(),
        false => Ok(()),
    };
    Ok(Route {
        engine: Arc::new(remote),
        label: endpoint.name.as_str().into(),
        deadline: endpoint.timeout(),
        is_remote: true,
        may_answer: Some(Arc::new(may_answer)),
    })
}

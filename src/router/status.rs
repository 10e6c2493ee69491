//! What can be asked of the routes at any time: health, pace and counts, as JSON.

use serde::Serialize;

use super::Route;
use crate::engine::Cause;

/// One model and how it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RouteStatus {
    /// The endpoint's name.
    pub label: String,
    pub engine: &'static str,
    pub is_remote: bool,
    /// What computes now; absent where nothing does, and then `missing` says why.
    pub model: Option<String>,
    pub missing: Option<String>,
    pub health: Health,
    /// In nine of ten cases the first words come within this; absent before there are enough.
    pub first_words_p90_ms: Option<u64>,
    /// Absent where nobody counts: a model that is the only one.
    pub counts: Option<Counts>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Health {
    Healthy,
    Down {
        #[serde(serialize_with = "by_name")]
        cause: Cause,
        /// For the user.
        message: String,
        since_s: u64,
        /// Absent while a probe runs. Without questions none is made before the next question.
        next_probe_s: Option<u64>,
    },
}

/// Questions to one route since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub n_asked: u64,
    /// With words.
    pub n_answered: u64,
    pub n_failed: u64,
    /// Another was asked as well, because this one had said nothing for longer than usual.
    pub n_hedged: u64,
    /// Its words were used.
    pub n_won: u64,
}

/// All engines of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Engines that are asked at every key.
    pub instant: Vec<&'static str>,
    /// In the order in which they are asked.
    pub models: Vec<RouteStatus>,
    /// The model that is asked first now; absent when there is none that would be.
    pub answers: Option<String>,
}

impl RouteStatus {
    /// One that nobody counts and nothing is known of.
    pub fn new(route: &Route) -> RouteStatus {
        let (model, missing) = match route.engine.model() {
            Ok(model) => (Some(model), None),
            Err(why) => (None, Some(why)),
        };
        RouteStatus {
            label: route.label.to_string(),
            engine: route.engine.name(),
            is_remote: route.is_remote,
            model,
            missing,
            health: Health::Healthy,
            first_words_p90_ms: None,
            counts: None,
        }
    }
}

impl Status {
    pub fn new(instant: Vec<&'static str>, models: Vec<RouteStatus>) -> Status {
        let first = models.iter().find(|route| route.model.is_some() && route.health == Health::Healthy);
        let answers = first.map(|route| route.label.clone());
        Status { instant, models, answers }
    }
}

fn by_name<S: serde::Serializer>(cause: &Cause, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(cause.name())
}

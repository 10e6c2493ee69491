//! Asks one engine as the server would, and listens to what it says before it is refined.

use std::ops::ControlFlow;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use anyhow::{Result, bail, ensure};
use foretype::config::Settings;
use foretype::context;
use foretype::document::{Clearance, DocumentId, Snapshot};
use foretype::engine::{Ask, Cancel, Candidate, Engine, Finish};
use foretype::predictor::{Outcome, Predictor, Request, Trigger};
use foretype::server::{self, Supplies};
use foretype::syntax::Tree;
use foretype::text::Text;
use foretype::workspace::Project;
use parking_lot::Mutex;

use crate::hole::Question;
use crate::record::{Record, Tokens};
use crate::sets::Set;

/// Which engine, and how it is set.
#[derive(clap::Args)]
pub struct Wish {
    #[arg(long, default_value = "instant")]
    engine: Which,
    /// The local engine's model
    #[arg(long, value_name = "NAME|PATH", required_if_eq_any([("engine", "local"), ("engine", "both")]))]
    pub model: Option<String>,
    /// What else a model is shown: none, all, or kinds
    #[arg(long, value_name = "none|all|KIND,…", default_value = "all")]
    context: Wanted,
}

/// Kinds of context, as they were written and as they are.
#[derive(Clone)]
struct Wanted {
    name: String,
    options: context::Options,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Which {
    Instant,
    Local,
    /// Both, and the likelier answer.
    Both,
}

pub struct Asker {
    /// Set, engine, model and context, for people.
    pub run: String,
    which: Which,
    /// What is less likely counts as not shown.
    bar: Option<f32>,
    predictor: Predictor,
    project: Arc<Mutex<Project>>,
    heard: Arc<Mutex<Heard>>,
}

/// What the engine said to the last question.
#[derive(Default)]
struct Heard {
    best: Option<Candidate>,
    failed: Option<String>,
}

struct Overheard {
    engine: Arc<dyn Engine>,
    heard: Arc<Mutex<Heard>>,
}

impl Wish {
    /// The server's defaults, but nothing depends on the clock.
    fn settings(&self, set: Set) -> Result<Settings> {
        let mut settings = Settings::default();
        settings.predictor.max_lines = set.max_lines();
        settings.suggestion.max_lines = set.max_lines();
        settings.suggestion.parse_within = Duration::MAX;
        settings.local.waits = true;
        settings.local.lines_within = Duration::MAX;
        settings.local.model = self.model.clone().unwrap_or_default();
        settings.context = self.context.options.clone();
        Ok(settings)
    }
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(name: &str) -> Result<Wanted, String> {
        Ok(Wanted { name: name.to_string(), options: name.parse()? })
    }
}

impl Which {
    /// As the engine calls itself.
    fn name(self) -> &'static str {
        match self {
            Which::Instant => "instant",
            Which::Local => "local",
            Which::Both => "both",
        }
    }
}

impl Asker {
    pub fn new(wish: &Wish, set: Set) -> Result<Asker> {
        let settings = wish.settings(set)?;
        let (project, heard) = (Arc::<Mutex<Project>>::default(), Arc::<Mutex<Heard>>::default());
        let source = project.clone();
        let routes = server::default_engines()(&settings, &Supplies::of(Arc::new(move || source.lock().clone())));
        let engines = routes.into_iter().map(|route| route.engine);
        let is_wanted = |engine: &Arc<dyn Engine>| [engine.name(), "both"].contains(&wish.engine.name());
        let overhear = |engine| Arc::new(Overheard { engine, heard: heard.clone() }) as Arc<dyn Engine>;
        let engines: Vec<_> = engines.filter(is_wanted).map(overhear).collect();
        ensure!(!engines.is_empty(), "there is no such engine");
        let bar = (set == Set::AddedLines).then_some(settings.predictor.min_chance);
        let predictor = Predictor::new(settings.predictor, settings.suggestion, engines);
        let model = wish.model.as_deref().map(|model| format!(" {model}")).unwrap_or_default();
        let run = format!("{}, {}{model}, context {}", set.name(), wish.engine.name(), wish.context.name);
        let asker = Asker { run, which: wish.engine, bar, predictor, project, heard };
        asker.warm_up()?;
        Ok(asker)
    }

    /// Opens the project that the next questions are of.
    pub fn enter(&self, project: &Project) {
        *self.project.lock() = project.clone();
    }

    pub fn ask(&self, question: &Question) -> Result<Record> {
        let mut document = question.document.clone();
        // The instant engine looks at no tree, and is asked thousands of questions.
        if self.which != Which::Instant {
            let parsed = document.language.map(|language| Tree::parse(&document.text, language, None, &mut || false));
            document.tree = parsed.and_then(Result::ok);
        }
        let others = question.hole.others.to_vec();
        let (shown, ms) = self.shown(document, others, question.offset)?;
        let best = self.heard.lock().best.take();
        let hole = question.hole;
        Ok(Record {
            run: self.run.clone(),
            id: hole.id.clone(),
            repository: hole.repository.clone(),
            path: hole.path.display().to_string(),
            language: question.document.language.map_or("text", |language| language.id()).to_string(),
            line: hole.line(),
            n_typed: question.n_typed,
            kind: hole.kind,
            typed: question.typed.to_string(),
            right: question.answer.to_string(),
            shown,
            confidence: best.as_ref().map(|best| best.confidence),
            tokens: best.map(|best| Tokens::from(best.cost)),
            ms,
        })
    }

    /// The best suggestion, less what it only repeats right of the cursor, and the milliseconds that it took.
    fn shown(&self, document: Snapshot, others: Vec<Snapshot>, offset: usize) -> Result<(Option<String>, f64)> {
        let (id, text) = (document.id.clone(), document.text.clone());
        // By hand, for the gates of taste are no part of the question, nor is the bar for a model's confidence.
        let request =
            Request { document, offset, others, trigger: Trigger::Invoked, selected: None, takes_beginnings: false };
        *self.heard.lock() = Heard::default();
        let started = Clock::now();
        let answer = self.predictor.answer(&request, &Cancel::default());
        let ms = started.elapsed().as_secs_f64() * 1e3;
        // An answer must not come from the one before.
        self.predictor.forget(&id);
        if let Some(why) = self.heard.lock().failed.take() {
            bail!("the engine failed: {why}");
        }
        let Outcome::Suggest { suggestions, made } = answer.outcome else { return Ok((None, ms)) };
        if self.bar.is_some_and(|bar| made.chance < bar) {
            return Ok((None, ms));
        }
        let best = suggestions.into_iter().next();
        let shown = best.map(|best| {
            let replaced = text.slice(offset..offset + best.n_replaced);
            best.text.strip_suffix(&*replaced).unwrap_or(&best.text).to_string()
        });
        Ok((shown, ms))
    }

    /// Loads what there is to load.
    fn warm_up(&self) -> Result<()> {
        let (id, text) = (DocumentId("warm-up".into()), Text::new("def first(items):\n    "));
        let clearance = Clearance::Cleared;
        let offset = text.len();
        let document = Snapshot {
            id,
            path: None,
            language: None,
            version: 0,
            text,
            tree: None,
            clearance,
            edited: Arc::default(),
        };
        self.shown(document, Vec::new(), offset).map(drop)
    }
}

impl Engine for Overheard {
    fn name(&self) -> &'static str {
        self.engine.name()
    }

    fn is_instant(&self) -> bool {
        self.engine.is_instant()
    }

    fn generate(&self, ask: &Ask, _: &Cancel, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish {
        let (mut best, enough) = (None, Cancel::default());
        let finish = self.engine.generate(ask, &enough, &mut |candidate| {
            if candidate.is_growing {
                return emit(candidate);
            }
            best.get_or_insert_with(|| candidate.clone());
            let flow = emit(candidate);
            if !self.is_instant() {
                // While typing, a model says one thing; how often it is asked again by hand depends on its speed.
                enough.cancel();
                return ControlFlow::Break(());
            }
            flow
        });
        let failed = if let Finish::Failed(why) = &finish { Some(why.message.clone()) } else { None };
        let mut heard = self.heard.lock();
        heard.failed = heard.failed.take().or(failed);
        // Of two engines' the likelier, with what the model's took.
        heard.best = match (heard.best.take(), best) {
            (Some(a), Some(b)) => {
                let cost = if a.cost.n_prompt > 0 { a.cost } else { b.cost };
                Some(Candidate { cost, ..if a.confidence > b.confidence { a } else { b } })
            }
            (a, b) => a.or(b),
        };
        finish
    }
}

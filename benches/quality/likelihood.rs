//! How likely a model finds what people really wrote, with one context or another.
//!
//! A line is right or wrong; its likelihood tells small differences from a hundredth of the questions. Natural
//! logarithms of the whole rest of the line, line break included.

use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use foretype::context::{self, Options};
use foretype::engine::local;
use foretype::engine::local::loaded::{Help, Loaded};
use foretype::engine::{Ask, Cancel};
use foretype::syntax::Tree;
use foretype::weights::Store;
use foretype::workspace::Project;

use crate::hole::Hole;
use crate::statistics::interval;

pub struct Likelihood {
    loaded: Loaded,
    contexts: Vec<(String, Options)>,
    n_typed: usize,
    /// For each hole, of each context.
    found: Vec<Vec<f64>>,
    n_tokens: Vec<usize>,
}

impl Likelihood {
    /// `contexts` are compared with the first of them.
    pub fn new(model: &str, contexts: &[String], n_typed: usize) -> Result<Likelihood> {
        let path = Store::open()?.find(model)?;
        let loaded = Loaded::load(model, &path, &local::Options::default())?;
        let contexts: Vec<_> = contexts
            .iter()
            .map(|name| Ok((name.clone(), name.parse().map_err(|why: String| anyhow!(why))?)))
            .collect::<Result<_>>()?;
        let n_tokens = vec![0; contexts.len()];
        Ok(Likelihood { loaded, contexts, n_typed, found: Vec::new(), n_tokens })
    }

    pub fn add(&mut self, hole: &Hole, project: &Project) -> Result<()> {
        let typed = [self.n_typed];
        let Some(question) = hole.questions(&typed).next() else { return Ok(()) };
        let mut document = question.document.clone();
        let parsed = document.language.map(|language| Tree::parse(&document.text, language, None, &mut || false));
        document.tree = parsed.and_then(Result::ok);
        let rest = format!("{}\n", question.answer.lines().next().context("nothing is missing")?);
        let mut found = Vec::new();
        for (i, (name, options)) in self.contexts.iter().enumerate() {
            // Each context is asked for anew.
            document.id.0 = Arc::from(format!("{} with {name}", hole.id));
            let ask = Ask { others: &hole.others, ..Ask::at(&document, question.offset) };
            let help = Help { continuations: &[], context: &|place| context::gather(place, project, options) };
            let likelihood = self.loaded.likelihood(&ask, &rest, &help, &Cancel::default());
            let likelihood = likelihood.map_err(|stopped| anyhow!("{stopped:?}"))?;
            found.push(likelihood.ln);
            self.n_tokens[i] += likelihood.n_prompt;
        }
        self.found.push(found);
        Ok(())
    }

    pub fn print(&self) {
        let n = self.found.len();
        println!("{n} lines after {} characters:\n", self.n_typed);
        println!("| context | prompt tokens | ln of the likelihood | gained | 95 % |\n|---|---|---|---|---|");
        for (i, (name, _)) in self.contexts.iter().enumerate() {
            let mean = self.found.iter().map(|found| found[i]).sum::<f64>() / n as f64;
            let gains: Vec<[f64; 2]> = self.found.iter().map(|found| [found[i] - found[0], 1.0]).collect();
            let gain = gains.iter().map(|gain| gain[0]).sum::<f64>() / n as f64;
            let [low, high] = interval(&gains, |[sum, n]| sum / n);
            let n_tokens = self.n_tokens[i] / n.max(1);
            println!("| {name} | {n_tokens} | {mean:.2} | {gain:+.2} | {low:+.2} to {high:+.2} |");
        }
    }
}

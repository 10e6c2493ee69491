//! The sets of holes, by their names on the command line.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::ValueEnum;
use foretype::syntax::Language;
use foretype::workspace::Project;

use crate::edits::{Repository, Unit};
use crate::hole::{Hole, Kind};
use crate::problems::{self, Problem, SAFIM_API, SINGLE_LINE};
use crate::statistics::sample;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Set {
    /// Lines of code that commits added, each in the project as it was then.
    GitEdits,
    /// Runs of such lines, asked for at their first.
    GitBlocks,
    /// All lines that commits or releases added, in the project as it was before the first of them.
    AddedLines,
    /// HumanEval-Infilling: a line of a function is missing.
    SingleLine,
    /// HumanEval-Infilling: any part of a function is missing, within a line or over several.
    RandomSpan,
    /// SAFIM: a call is missing.
    SafimApi,
}

/// Which holes of a set.
pub struct Choice {
    pub n: usize,
    pub seed: u64,
    /// One in so many of the added lines.
    pub every: usize,
}

const RANDOM_SPAN: &str = "HumanEval-RandomSpanInfillingLight.jsonl.gz";

/// Most lines of an answer where more than one is wanted: the server's default.
const MAX_LINES: usize = 10;

impl Set {
    pub fn name(self) -> String {
        self.to_possible_value().map_or(String::new(), |value| value.get_name().to_string())
    }

    /// The environment variable that names the folder of its data.
    pub fn variable(self) -> &'static str {
        match self {
            Set::GitEdits | Set::GitBlocks | Set::AddedLines => "FORETYPE_GIT_EDITS",
            Set::SingleLine | Set::RandomSpan => "FORETYPE_HUMAN_EVAL",
            Set::SafimApi => "FORETYPE_SAFIM",
        }
    }

    /// Most lines that an engine is asked for.
    pub fn max_lines(self) -> usize {
        match self {
            Set::GitEdits | Set::SingleLine | Set::SafimApi => 1,
            Set::GitBlocks | Set::AddedLines | Set::RandomSpan => MAX_LINES,
        }
    }

    pub fn visit(
        self,
        data: &Path,
        choice: &Choice,
        visit: &mut dyn FnMut(Hole, &Project) -> Result<()>,
    ) -> Result<()> {
        let problems = |name: &str| problems::read(&data.join(name));
        match self {
            Set::GitEdits => sampled(data, Unit::Line, choice, visit),
            Set::GitBlocks => sampled(data, Unit::Block, choice, visit),
            Set::AddedLines => {
                let mut paths = Repository::paths(data)?.into_iter();
                paths.try_for_each(|path| Repository::read(&path)?.every_line(choice.every, visit))
            }
            Set::SingleLine => alone(problems(SINGLE_LINE)?, choice, whole_line, visit),
            Set::RandomSpan => alone(problems(RANDOM_SPAN)?, choice, span, visit),
            Set::SafimApi => alone(problems(SAFIM_API)?, choice, span, visit),
        }
    }
}

/// As many of each repository.
fn sampled(
    data: &Path,
    unit: Unit,
    choice: &Choice,
    visit: &mut dyn FnMut(Hole, &Project) -> Result<()>,
) -> Result<()> {
    let paths = Repository::paths(data)?;
    let n = choice.n.div_ceil(paths.len());
    paths.iter().try_for_each(|path| Repository::read(path)?.sampled(unit, n, choice.seed, visit))
}

/// Files without a project.
fn alone(
    problems: Vec<Problem>,
    choice: &Choice,
    hole: fn(Problem) -> Hole,
    visit: &mut dyn FnMut(Hole, &Project) -> Result<()>,
) -> Result<()> {
    let chosen = sample(problems.len(), choice.n, choice.seed);
    let is_chosen = |i: &usize| chosen.binary_search(i).is_ok();
    let mut problems = problems.into_iter().enumerate().filter(|(i, _)| is_chosen(i));
    problems.try_for_each(|(_, problem)| visit(hole(problem), &Project::default()))
}

fn span(problem: Problem) -> Hole {
    let Problem { language, name: id, before, hole: missing, after } = problem;
    let extension = Language::from_id(&language).map_or("txt", Language::extension);
    let path: Arc<Path> = PathBuf::from(format!("problem.{extension}")).into();
    let (repository, others, edited) = (String::new(), Arc::default(), Arc::default());
    Hole { id, repository, path, kind: Kind::InFile, before, missing, after, others, edited }
}

/// The line is asked for behind its indentation, and its break stands there already, as in an editor.
fn whole_line(problem: Problem) -> Hole {
    let mut hole = span(problem);
    let line = hole.missing.trim_end();
    let content = line.trim_start();
    hole.before.push_str(&line[..line.len() - content.len()]);
    if hole.missing.ends_with('\n') {
        hole.after.insert(0, '\n');
    }
    hole.missing = content.to_string();
    hole
}

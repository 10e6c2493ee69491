//! Reads code with a hole from the published sets, which are known by the names of their files.
//!
//! HumanEval-Infilling (Python): whole lines, or any span. SAFIM's `api` part (Python, Java, C++, C#): calls, of which
//! those that go over several lines are left out.

use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context as _, Result};
use flate2::read::GzDecoder;
use serde::Deserialize;

pub struct Problem {
    /// As an editor calls it.
    pub language: String,
    pub name: String,
    pub before: String,
    /// What is missing, with the line break at its end where that is missing too.
    pub hole: String,
    pub after: String,
}

#[derive(Deserialize)]
struct HumanEval {
    task_id: String,
    prompt: String,
    suffix: String,
    canonical_solution: String,
}

#[derive(Deserialize)]
struct Safim {
    lang: String,
    task_id: String,
    eval_prompt: String,
    ground_truth: String,
}

pub const SINGLE_LINE: &str = "HumanEval-SingleLineInfilling.jsonl.gz";
pub const SAFIM_API: &str = "api_completion.jsonl.gz";
/// Stands in a text of SAFIM where the hole is.
const HOLE: &str = "{{completion}}";

/// All problems of one of the files.
pub fn read(path: &Path) -> Result<Vec<Problem>> {
    if path.ends_with(SAFIM_API) {
        let problems = read_lines(path)?.map(|line| serde_json::from_str::<Safim>(&line?)?.problem());
        return problems.filter_map(Result::transpose).collect();
    }
    read_lines(path)?.map(|line| Ok(serde_json::from_str::<HumanEval>(&line?)?.into())).collect()
}

/// The lines of a packed text.
pub fn read_lines(path: &Path) -> Result<impl Iterator<Item = Result<String>>> {
    let file = std::fs::File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    Ok(BufReader::new(GzDecoder::new(file)).lines().map(|line| Ok(line?)))
}

impl From<HumanEval> for Problem {
    fn from(given: HumanEval) -> Problem {
        let HumanEval { task_id: name, prompt: before, suffix: after, canonical_solution: hole } = given;
        Problem { language: "python".into(), name, before, hole, after }
    }
}

impl Safim {
    fn problem(self) -> Result<Option<Problem>> {
        let Safim { lang: language, task_id: name, eval_prompt, ground_truth: hole } = self;
        let (before, after) = eval_prompt.split_once(HOLE).with_context(|| format!("{name} has no hole"))?;
        let is_line = !hole.trim_end().contains('\n');
        Ok(is_line.then(|| Problem { language, name, before: before.into(), hole, after: after.into() }))
    }
}

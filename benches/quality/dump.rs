//! What `benches/quality/fit.py` reads: the instant engine's candidates, sure or not.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use foretype::engine::instant::Instant;
use foretype::engine::{Ask, Cancel};
use foretype::workspace::Project;

use crate::hole::Hole;

/// Rows of little-endian 32-bit floats: the number of columns, then for each candidate the number of its question,
/// whether it is right, its features.
pub struct Dump {
    file: BufWriter<File>,
    pub n_asked: usize,
}

impl Dump {
    pub fn create(path: &Path) -> Result<Dump> {
        Ok(Dump { file: BufWriter::new(File::create(path)?), n_asked: 0 })
    }

    pub fn add(&mut self, hole: &Hole, project: &Project, typed: &[usize]) -> Result<()> {
        let index = project.index.clone();
        let engine = Instant::new(Arc::new(move || index.clone()));
        for question in hole.questions(typed) {
            let (document, offset) = (&question.document, question.offset);
            let ask = Ask { n_candidates: usize::MAX, ..Ask::at(document, offset) };
            let line = question.answer.split('\n').next().unwrap_or_default();
            let is_first = self.n_asked == 0;
            self.n_asked += 1;
            for (i, weighed) in engine.weigh(&ask, &Cancel::default()).into_iter().enumerate() {
                let is_right = weighed.candidate.text.trim_end() == line;
                if is_first && i == 0 {
                    self.write(&[weighed.features.len() as f32 + 2.0])?;
                }
                self.write(&[self.n_asked as f32, is_right as u8 as f32])?;
                self.write(&weighed.features)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, values: &[f32]) -> Result<()> {
        Ok(values.iter().try_for_each(|value| self.file.write_all(&value.to_le_bytes()))?)
    }
}

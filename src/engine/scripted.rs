//! An engine that says what it was told to: for tests and benches, where no weights and no index are wanted.

use std::ops::ControlFlow;

use super::{Ask, Cancel, Candidate, Engine, Finish, Wish};

type Words = dyn Fn(&Wish, &Cancel) -> Result<String, Finish> + Send + Sync;
type Script = dyn Fn(&Ask, &Cancel) -> Result<Vec<String>, Finish> + Send + Sync;

/// Calls a function for every ask. The function runs on the asking thread and may block, look at the cancel flag, or
/// panic, like any engine.
pub struct Scripted {
    script: Box<Script>,
    words: Option<Box<Words>>,
}

impl Scripted {
    pub fn new(script: impl Fn(&Ask, &Cancel) -> Result<Vec<String>, Finish> + Send + Sync + 'static) -> Scripted {
        Scripted { script: Box::new(script), words: None }
    }

    /// Does also what it is told in words.
    pub fn told(self, words: impl Fn(&Wish, &Cancel) -> Result<String, Finish> + Send + Sync + 'static) -> Scripted {
        Scripted { words: Some(Box::new(words)), ..self }
    }

    /// Says the second text of the first pair whose first text stands right before the cursor.
    pub fn lines(pairs: &'static [(&'static str, &'static str)]) -> Scripted {
        Scripted::new(move |ask, _| {
            let before = ask.document.text.slice(0..ask.offset);
            match pairs.iter().find(|(key, _)| before.ends_with(key)) {
                Some((_, said)) => Ok(vec![said.to_string()]),
                None => Err(Finish::Silent("not in the script".to_string())),
            }
        })
    }

    /// Says nothing until it is cancelled.
    pub fn stuck() -> Scripted {
        Scripted::new(|_, cancel| {
            while !cancel.is_cancelled() {
                std::thread::park_timeout(std::time::Duration::from_millis(1));
            }
            Err(Finish::Cancelled)
        })
    }
}

impl Engine for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn told(&self, wish: &Wish, cancel: &Cancel) -> Result<String, Finish> {
        match &self.words {
            Some(words) => words(wish, cancel),
            None => Err(Finish::Silent("it only fills in".to_string())),
        }
    }

    fn generate(&self, ask: &Ask, cancel: &Cancel, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish {
        match (self.script)(ask, cancel) {
            Err(finish) => finish,
            Ok(texts) => {
                for text in texts {
                    let provenance = "script".to_string();
                    let candidate = Candidate { text, confidence: 1.0, provenance, ..Candidate::default() };
                    if emit(candidate).is_break() {
                        break;
                    }
                }
                Finish::Done
            }
        }
    }
}

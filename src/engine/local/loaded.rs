//! A loaded model with what belongs to it: its tokenizer, its prompt format, and what the last prompts were made of.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use lru::LruCache;

use super::Options;
use super::backend::Backend;
use super::decode::{Decoder, Effort, Said, Task};
use super::draft::Draft;
use super::evaluator::Stopped;
use super::gguf::Gguf;
use super::sampler::{self, Sampling};
use super::tokenizer::Tokenizer;
use crate::context::{self, Considered, Gathered};
use crate::document::DocumentId;
use crate::engine::held::{Context, Held, MAX_HELD};
use crate::engine::stop::Place;
use crate::engine::{Ask, Cancel};
use crate::prompt::{self, Anchor, Budget, Format, Layout, Parts, Piece, Plan};

pub struct Loaded {
    pub name: String,
    format: Format,
    layout: Layout,
    lines_within: Duration,
    drafts: bool,
    decoder: Decoder,
    held: LruCache<DocumentId, Held>,
    /// Tokens of a prompt a second, as fast as they were ever read here, if any were.
    reads_per_second: Option<f64>,
    /// Pieces of the last prompts, with their tokens: a key changes only the last one.
    pieces: LruCache<String, Vec<u32>>,
}

/// A question as the model gets it.
struct Laid {
    tokens: Vec<u32>,
    /// Of these, what does not change with the next key.
    n_settled: usize,
    /// What the answer has to begin with.
    forced: String,
    context: Arc<Context>,
}

/// What a model said.
pub struct Answer {
    pub text: String,
    /// Its tokens by their ends in bytes, with the natural logarithm of each one's probability.
    pub pieces: Vec<(usize, f32)>,
    pub effort: Effort,
    /// What else of the project was shown to it, or was not.
    pub context: Arc<[Considered]>,
}

/// How likely a model finds a text.
#[derive(Clone, Copy, Debug)]
pub struct Likelihood {
    /// The natural logarithm of its probability.
    pub ln: f64,
    /// Tokens of the prompt.
    pub n_prompt: usize,
}

/// What a question brings along.
pub struct Help<'a> {
    /// Texts that may come next, for drafts.
    pub continuations: &'a [String],
    /// Looks for context: asked where a prompt is begun anew.
    pub context: &'a dyn Fn(&context::Place) -> Gathered,
}

/// How fast a model is here.
#[derive(Clone, Copy, Debug)]
pub struct Speed {
    /// One token after the other.
    pub per_token: Duration,
    /// What an answer of a line takes on a warm prefix.
    pub per_line: Duration,
}

const MAX_PIECES: std::num::NonZeroUsize = std::num::NonZeroUsize::new(64).unwrap();

/// What is thought of a model's speed before it has read anything, tokens a second, and tokens from which on it shows.
const UNKNOWN_RATE: f64 = 300.0;
const MIN_READ: usize = 128;

/// Most tokens of an answer's line, and of an answer.
const MAX_LINE_TOKENS: usize = 64;
const MAX_TOKENS: usize = 256;

/// The bytes of the text after the cursor that tell where an answer ends.
const AFTER_WINDOW: usize = 1 << 10;

/// Tokens of a line, the healed ones included: what [`Speed`] counts with.
const LINE_TOKENS: u32 = 12;

impl Loaded {
    pub fn load(name: &str, path: &Path, options: &Options) -> Result<Loaded> {
        // Side by side: the tokenizer takes a sixth of the time.
        let (evaluator, tokenizer) = std::thread::scope(|scope| {
            let tokenizer = scope.spawn(|| Tokenizer::load(&Gguf::open(path)?));
            let evaluator = Backend::best().load(path, options.n_threads, options.context_tokens);
            let tokenizer = tokenizer.join().unwrap_or_else(|_| Err(anyhow!("loading its tokenizer panicked")));
            (evaluator, tokenizer)
        });
        let (evaluator, tokenizer) = (evaluator?, tokenizer?);
        let gguf = evaluator.gguf();
        let has_token = |name: &str| tokenizer.special(name).is_some();
        let architecture = gguf.text("general.architecture").unwrap_or_default();
        let format = Format::detect(&has_token, architecture, gguf.text("general.name").unwrap_or(name));
        Ok(Loaded {
            name: name.to_string(),
            format,
            layout: Layout { budget: budget(options.context_tokens), ..Layout::default() },
            lines_within: options.lines_within,
            drafts: options.drafts,
            decoder: Decoder::new(evaluator, tokenizer),
            held: LruCache::new(MAX_HELD),
            reads_per_second: None,
            pieces: LruCache::new(MAX_PIECES),
        })
    }

    pub fn decoder(&mut self) -> &mut Decoder {
        &mut self.decoder
    }

    /// Measures a few passes, which also brings the weights' pages in.
    pub fn speed(&mut self) -> Result<Speed, Stopped> {
        const N_TOKENS: u32 = 6;
        let (cancel, evaluator) = (Cancel::default(), self.decoder.evaluator());
        evaluator.evaluate(&[0; 8], 1, &cancel)?;
        let started = Instant::now();
        for _ in 0..N_TOKENS {
            evaluator.evaluate(&[0], 1, &cancel)?;
        }
        evaluator.truncate(0);
        let per_token = started.elapsed() / N_TOKENS;
        Ok(Speed { per_token, per_line: per_token * LINE_TOKENS })
    }

    /// `on_text` sees the answer grow.
    pub fn answer(
        &mut self,
        ask: &Ask,
        sampling: Sampling,
        help: &Help,
        cancel: &Cancel,
        on_text: &mut dyn FnMut(&Said),
    ) -> Result<Answer, Stopped> {
        let text = &ask.document.text;
        let failed = |error: anyhow::Error| Stopped::Failed(format!("{error:#}"));
        let Laid { tokens, n_settled, forced, context } = self.lay_out(ask, help).map_err(failed)?;
        let mut draft = Draft::default();
        for continuation in help.continuations.iter().rev() {
            draft.add(self.decoder.tokenizer.encode(&format!("{forced}{continuation}")).map_err(failed)?);
        }

        let line = text.line_range(text.line_of(ask.offset));
        let (line_before, after) =
            (text.slice(line.start..ask.offset), text.slice(ask.offset..ask.offset + AFTER_WINDOW));
        let place = Place { line_before: &line_before, after: &after, max_lines: ask.max_lines };
        let started = Instant::now();
        let (mut said, mut pieces) = (String::new(), Vec::new());
        let task = Task {
            prompt: &tokens,
            n_settled,
            forced: &forced,
            sampling,
            draft: self.drafts.then_some(&draft),
            max_tokens: MAX_TOKENS,
        };
        let effort = self.decoder.decode(&task, cancel, &mut |grown| {
            said.clear();
            said.push_str(grown.text);
            pieces.splice(.., grown.pieces.iter().copied());
            if let Some(end) = place.end(&said) {
                said.truncate(end);
                return ControlFlow::Break(());
            }
            // What is whole by then is worth more than the rest of the block later.
            let n_whole =
                said.rfind('\n').filter(|n| started.elapsed() > self.lines_within && !said[..*n].trim().is_empty());
            if let Some(n_whole) = n_whole {
                said.truncate(n_whole);
                return ControlFlow::Break(());
            }
            on_text(grown);
            let is_one_line = !said.trim_start_matches('\n').contains('\n');
            if is_one_line && grown.n_tokens >= MAX_LINE_TOKENS {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        self.has_read(effort.n_before_first, effort.until_first);
        Ok(Answer { text: said, pieces, effort, context: context.considered.clone() })
    }

    /// How likely `rest` is to come at a place, for benches: as if it were the answer.
    pub fn likelihood(&mut self, ask: &Ask, rest: &str, help: &Help, cancel: &Cancel) -> Result<Likelihood, Stopped> {
        let failed = |error: anyhow::Error| Stopped::Failed(format!("{error:#}"));
        let Laid { mut tokens, forced, .. } = self.lay_out(ask, help).map_err(failed)?;
        let said = self.decoder.tokenizer.encode(&format!("{forced}{rest}")).map_err(failed)?;
        let n_prompt = tokens.len();
        tokens.extend_from_slice(&said);
        // The last one's own logits say what would follow it.
        tokens.pop();
        let started = Instant::now();
        let logits = self.decoder.evaluator().evaluate(&tokens, said.len(), cancel)?;
        let ln = said.iter().enumerate().map(|(i, token)| sampler::ln_probability(logits.row(i), *token)).sum();
        self.has_read(tokens.len(), started.elapsed());
        Ok(Likelihood { ln, n_prompt })
    }

    fn has_read(&mut self, n_tokens: usize, took: Duration) {
        if n_tokens >= MIN_READ {
            let rate = n_tokens as f64 / took.as_secs_f64();
            self.reads_per_second = Some(self.reads_per_second.map_or(rate, |before| before.max(rate)));
        }
    }

    /// The prompt of a question, with the context of the one before as long as it goes on.
    fn lay_out(&mut self, ask: &Ask, help: &Help) -> Result<Laid> {
        let before = self.held.get(&ask.document.id);
        let gather = |anchor: &Anchor| {
            let budget = &self.layout.budget;
            let n_tokens = budget.affordable_context(self.reads_per_second.unwrap_or(UNKNOWN_RATE));
            Context::gather(ask, anchor, help.context, n_tokens, budget)
        };
        let (plan, held) = Held::next(before, ask, &self.layout, gather);
        let context = held.context.clone();
        let (tokens, n_settled) = self.tokens(&context, &plan)?;
        self.held.put(ask.document.id.clone(), held);
        Ok(Laid { tokens, n_settled, forced: plan.forced, context })
    }

    /// Whether this question needs another anchor than the one before, so that the next would need it moved back.
    pub fn would_move(&self, ask: &Ask) -> bool {
        let before = self.held.peek(&ask.document.id).map(|held| &held.anchor);
        before.is_none_or(|before| {
            prompt::plan(&ask.document.text, ask.offset, Some(before), &self.layout).anchor != *before
        })
    }

    /// The tokens of a prompt, and how many stand before the piece that ends with what was typed.
    fn tokens(&mut self, context: &Context, plan: &Plan) -> Result<(Vec<u32>, usize)> {
        let prompt = self.format.render(&Parts {
            repository: &context.repository,
            path: &context.path,
            files: &context.files,
            prefix: &plan.anchor.prefix,
            suffix: &plan.anchor.suffix,
            typed: &plan.typed,
        });
        let mut tokens: Vec<u32> = self.decoder.tokenizer.begin.into_iter().collect();
        let mut n_settled = 0;
        for piece in prompt.pieces {
            n_settled = tokens.len();
            match piece {
                Piece::Special(name) => tokens.extend(self.decoder.tokenizer.special(name)),
                Piece::Text(text) => {
                    if !self.pieces.contains(&text) {
                        let encoded = self.decoder.tokenizer.encode(&text)?;
                        self.pieces.put(text.clone(), encoded);
                    }
                    tokens.extend(self.pieces.get(&text).into_iter().flatten());
                }
            }
        }
        Ok((tokens, n_settled))
    }
}

/// The usual budget, or what fits a smaller cache beside the answer.
fn budget(context_tokens: usize) -> Budget {
    let usual = Budget::default();
    Budget {
        prefix_tokens: usual.prefix_tokens.min(context_tokens * 3 / 8),
        suffix_tokens: usual.suffix_tokens.min(context_tokens / 8),
        context_tokens: usual.context_tokens.min(context_tokens / 4),
        // In the worst case each byte is a token.
        typed_bytes: usual.typed_bytes.min(context_tokens / 8),
        ..usual
    }
}

//! What the known clients ask, read into one question. Unknown members are left aside: clients send settings of models
//! (`temperature`, `max_tokens`) that mean nothing here, where a suggestion ends where its syntax does.

use serde::Deserialize;

use super::guard::Refusal;
use super::{NAME, Question};
use crate::prompt::Hole;
use crate::syntax::Language;

/// Whose requests and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    OpenAi,
    Mistral,
    Ollama,
    LlamaCpp,
}

/// A question, and how its answer is to look.
pub struct Asked {
    pub question: Question,
    pub style: Style,
}

pub struct Style {
    /// As the client named it.
    pub model: String,
    pub is_stream: bool,
    /// Texts that end the answer and do not belong to it.
    stops: Vec<String>,
}

#[derive(Deserialize)]
struct Body {
    model: Option<String>,
    prompt: Option<OneOrMany>,
    suffix: Option<String>,
    input_prefix: Option<String>,
    input_suffix: Option<String>,
    stream: Option<bool>,
    stop: Option<OneOrMany>,
    options: Option<OllamaOptions>,
    /// Ours: the file's path, and its language by the protocol's identifier.
    path: Option<String>,
    language: Option<String>,
}

#[derive(Deserialize)]
struct OllamaOptions {
    stop: Option<OneOrMany>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Dialect {
    pub fn parse(self, body: &[u8]) -> Result<Asked, Refusal> {
        let mut body: Body = serde_json::from_slice(body).map_err(|error| Refusal::malformed(&error))?;
        let style = Style {
            model: body.model.take().unwrap_or_else(|| NAME.to_string()),
            // Ollama streams unless it is told not to.
            is_stream: body.stream.unwrap_or(self == Dialect::Ollama),
            stops: body.stops(),
        };
        let language = body.language()?;
        let path = body.path.take();
        let hole = if self == Dialect::LlamaCpp { body.infill()? } else { body.hole()? };
        let path = path.or(hole.path);
        Ok(Asked { question: Question { prefix: hole.prefix, suffix: hole.suffix, path, language }, style })
    }
}

impl Style {
    pub fn until_stop<'t>(&self, text: &'t str) -> &'t str {
        let end = self.stops.iter().filter_map(|stop| text.find(stop.as_str())).min();
        &text[..end.unwrap_or(text.len())]
    }
}

impl Body {
    /// A prompt with a suffix is a prefix; without one it may hold both, between markers.
    fn hole(self) -> Result<Hole, Refusal> {
        let Some(prompt) = self.prompt else { return Err(Refusal::missing("prompt")) };
        let prompt = prompt.one()?;
        // Editors send an empty suffix at the end of a file; then the prompt has no markers.
        match self.suffix {
            Some(suffix) if !suffix.is_empty() => Ok(Hole { prefix: prompt, suffix, path: None }),
            _ if is_rewrite(&prompt) => Err(Refusal::rewrite()),
            _ => Ok(Hole::read(&prompt).unwrap_or_else(|| Hole { prefix: prompt, ..Hole::default() })),
        }
    }

    /// llama.cpp: `prompt` is what stands between the prefix's end and the cursor.
    fn infill(self) -> Result<Hole, Refusal> {
        let Some(prefix) = self.input_prefix else { return Err(Refusal::missing("input_prefix")) };
        let typed = self.prompt.map(OneOrMany::one).transpose()?.unwrap_or_default();
        Ok(Hole { prefix: prefix + &typed, suffix: self.input_suffix.unwrap_or_default(), path: None })
    }

    fn stops(&mut self) -> Vec<String> {
        let of_options = self.options.take().and_then(|options| options.stop);
        let stops = [self.stop.take(), of_options].into_iter().flatten().flat_map(OneOrMany::many);
        stops.filter(|stop| !stop.is_empty()).collect()
    }

    fn language(&self) -> Result<Option<Language>, Refusal> {
        let known = |id: &String| Language::from_id(id).ok_or_else(|| Refusal::unknown_language(id));
        self.language.as_ref().map(known).transpose()
    }
}

impl OneOrMany {
    fn one(self) -> Result<String, Refusal> {
        match self {
            OneOrMany::One(text) => Ok(text),
            OneOrMany::Many(mut texts) if texts.len() == 1 => Ok(texts.remove(0)),
            OneOrMany::Many(_) => Err(Refusal::several_prompts()),
        }
    }

    fn many(self) -> Vec<String> {
        match self {
            OneOrMany::One(text) => vec![text],
            OneOrMany::Many(texts) => texts,
        }
    }
}

/// Zed's own formats (`zeta`, `zeta2`) ask for a rewritten region, and would put our text in its place.
fn is_rewrite(prompt: &str) -> bool {
    prompt.contains("<|user_cursor|>") || prompt.contains("<|user_cursor_is_here|>")
}

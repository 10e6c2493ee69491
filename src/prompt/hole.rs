//! FIM prompts that other programs wrote, read back into what stands around the hole: the reverse of
//! [`Format::render`](super::Format::render), over text.
//!
//! Several families share their markers, and programs write them without the rest of a family's format, so the markers
//! alone decide. Text that holds markers itself is ambiguous: then the first prefix and suffix and the last middle
//! count.

use super::fim::Family;

/// The text around the cursor, as a prompt shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hole {
    /// Of the file, where the prompt names it by its family's token for that.
    pub path: Option<String>,
    /// Where a family names other files in plain text, they stand here, too.
    pub prefix: String,
    pub suffix: String,
}

#[derive(Clone, Copy)]
struct Markers {
    prefix: &'static str,
    suffix: &'static str,
    middle: Option<&'static str>,
    /// The format has a blank before the prefix that is not the text's.
    has_blank: bool,
}

/// As programs write them that know no vocabulary (Ollama's templates, Zed's `code_llama` and `glm`).
const SPELT: [Markers; 2] = [
    Markers { prefix: "<PRE>", suffix: " <SUF>", middle: Some(" <MID>"), has_blank: true },
    Markers { prefix: "<|code_prefix|>", suffix: "<|code_suffix|>", middle: Some("<|code_middle|>"), has_blank: false },
];

impl Hole {
    /// `None` for a text without the markers of any known family.
    pub fn read(prompt: &str) -> Option<Hole> {
        let families = Family::ALL.into_iter().map(Markers::of);
        families.chain(SPELT).find_map(|markers| markers.read(prompt))
    }
}

impl Markers {
    fn of(family: Family) -> Markers {
        let (prefix, suffix, middle) = family.markers();
        let has_blank = matches!(family, Family::CodeLlama | Family::Codestral);
        Markers { prefix, suffix, middle, has_blank }
    }

    fn read(&self, prompt: &str) -> Option<Hole> {
        let (opening, rest) = prompt.split_once(self.prefix)?;
        let (opening, prefix, suffix) = match opening.split_once(self.suffix) {
            Some((opening, suffix)) => {
                let (prefix, typed) = self.middle.and_then(|middle| rest.rsplit_once(middle)).unwrap_or((rest, ""));
                (opening, self.unblanked(prefix).to_owned() + typed, suffix)
            }
            None => {
                let (prefix, rest) = rest.split_once(self.suffix)?;
                let (suffix, typed) = self.middle.and_then(|middle| rest.rsplit_once(middle)).unwrap_or((rest, ""));
                (opening, self.unblanked(prefix).to_owned() + typed, suffix)
            }
        };
        let mut hole = Hole { path: path_at_end(opening), prefix, suffix: suffix.to_string() };
        hole.take_path_inside(opening);
        Some(hole)
    }

    fn unblanked<'p>(&self, prefix: &'p str) -> &'p str {
        if self.has_blank { prefix.strip_prefix(' ').unwrap_or(prefix) } else { prefix }
    }
}

impl Hole {
    /// StarCoder 2 puts the path inside the prefix once a repository is named.
    fn take_path_inside(&mut self, opening: &str) {
        let (_, repository, file) = Family::StarCoder2.names();
        let is_inside = repository.is_some_and(|token| opening.contains(token))
            && file.is_some_and(|token| opening.ends_with(token));
        if is_inside && let Some((path, prefix)) = self.prefix.split_once('\n') {
            (self.path, self.prefix) = (Some(path.to_string()), prefix.to_string());
        }
    }
}

/// The line before the markers, if nothing but a token stands before it.
fn path_at_end(opening: &str) -> Option<String> {
    let line = opening.strip_suffix('\n')?;
    let tokens = Family::ALL.into_iter().flat_map(|family| {
        let (bos, _, file) = family.names();
        [bos, file]
    });
    let start = tokens.flatten().filter_map(|token| Some(line.rfind(token)? + token.len())).max().unwrap_or(0);
    let path = &line[start..];
    (!path.is_empty() && !path.contains('\n')).then(|| path.to_string())
}

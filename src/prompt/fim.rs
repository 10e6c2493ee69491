//! The fill-in-the-middle formats of the model families, each as its authors published it.
//!
//! The sources stand at the variants of [`Family`]. A format is a row of [`Tokens`], an order, and a place for other
//! files. Must not know how the parts were chosen.

use super::{ContextFile, Parts, Prompt, headed};

/// Models that were trained on one format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Qwen2.5-Coder and Qwen3-Coder. Technical report, arXiv 2409.12186, §3; `examples/Qwen2.5-Coder-repolevel-fim.py`
    /// of its repository.
    Qwen,
    /// arXiv 2402.19173, §5.1: the path stands inside the prefix, and a file opens with `<file_sep>` even when it is
    /// the only one.
    StarCoder2,
    /// The README of its repository, for the tokens and for `#path` above each file. That other files stand in the
    /// prefix follows from training on joined files (arXiv 2401.14196); no example shows both together.
    DeepSeekCoder,
    /// 7B and 13B. `infilling_prompt_tokens` in its repository's `generation.py`. No form for other files.
    CodeLlama,
    /// arXiv 2406.11409, figures 2 and 4: path (recommended also for a single file), line break, FIM; a separator
    /// between files.
    CodeGemma,
    /// Codestral 22B. `encode_fim` of mistral-common: suffix first, no middle token. `+++++ path` is the heading that
    /// Continue's template for it uses.
    Codestral,
    /// Granite 3.3 and 4: the tokens of [`Family::GraniteCode`] with bars, used in the same way. How those for project
    /// and file are meant is not published.
    Granite,
    /// Granite Code (arXiv 2405.04324), and StarCoder, whose vocabulary it has: arXiv 2305.06161 for
    /// `<reponame>name<filename>path`.
    GraniteCode,
    /// arXiv 2506.03524, §2.2: suffix first. No form for other files.
    SeedCoder,
    /// Model card of Mellum-4b-base: suffix first, after the path.
    Mellum,
}

enum Order {
    PrefixFirst,
    SuffixFirst,
}

/// The special tokens of a format, by their texts in the vocabulary.
struct Tokens {
    order: Order,
    /// Opens every prompt of the family; `None` where nothing is published and the file's own setting decides.
    bos: Option<&'static str>,
    prefix: &'static str,
    suffix: &'static str,
    /// `None` where the answer follows the prefix at once.
    middle: Option<&'static str>,
    repository: Option<&'static str>,
    file: Option<&'static str>,
    /// What ends an answer, besides all of the above.
    ends: &'static [&'static str],
}

const QWEN: Tokens = Tokens {
    order: Order::PrefixFirst,
    bos: None,
    prefix: "<|fim_prefix|>",
    suffix: "<|fim_suffix|>",
    middle: Some("<|fim_middle|>"),
    repository: Some("<|repo_name|>"),
    file: Some("<|file_sep|>"),
    ends: &["<|endoftext|>", "<|fim_pad|>", "<|im_start|>", "<|im_end|>"],
};

const STARCODER2: Tokens = Tokens {
    order: Order::PrefixFirst,
    bos: None,
    prefix: "<fim_prefix>",
    suffix: "<fim_suffix>",
    middle: Some("<fim_middle>"),
    repository: Some("<repo_name>"),
    file: Some("<file_sep>"),
    ends: &["<|endoftext|>", "<fim_pad>"],
};

/// The bars are full-width.
const DEEPSEEK_CODER: Tokens = Tokens {
    order: Order::PrefixFirst,
    bos: Some("<｜begin▁of▁sentence｜>"),
    prefix: "<｜fim▁begin｜>",
    suffix: "<｜fim▁hole｜>",
    middle: Some("<｜fim▁end｜>"),
    repository: None,
    file: None,
    ends: &["<｜end▁of▁sentence｜>", "<|EOT|>"],
};

const CODE_LLAMA: Tokens = Tokens {
    order: Order::PrefixFirst,
    bos: Some("<s>"),
    prefix: "▁<PRE>",
    suffix: "▁<SUF>",
    middle: Some("▁<MID>"),
    repository: None,
    file: None,
    ends: &["▁<EOT>", "</s>"],
};

const CODE_GEMMA: Tokens = Tokens {
    order: Order::PrefixFirst,
    bos: Some("<bos>"),
    prefix: "<|fim_prefix|>",
    suffix: "<|fim_suffix|>",
    middle: Some("<|fim_middle|>"),
    repository: None,
    file: Some("<|file_separator|>"),
    ends: &["<eos>", "<end_of_turn>"],
};

const CODESTRAL: Tokens = Tokens {
    order: Order::SuffixFirst,
    bos: Some("<s>"),
    prefix: "[PREFIX]",
    suffix: "[SUFFIX]",
    middle: None,
    repository: None,
    file: None,
    ends: &["</s>", "[MIDDLE]"],
};

const GRANITE: Tokens = Tokens {
    order: Order::PrefixFirst,
    bos: None,
    prefix: "<|fim_prefix|>",
    suffix: "<|fim_suffix|>",
    middle: Some("<|fim_middle|>"),
    repository: Some("<|reponame|>"),
    file: Some("<|filename|>"),
    ends: &["<|end_of_text|>", "<|fim_pad|>", "<|start_of_role|>"],
};

const GRANITE_CODE: Tokens = Tokens {
    order: Order::PrefixFirst,
    bos: None,
    prefix: "<fim_prefix>",
    suffix: "<fim_suffix>",
    middle: Some("<fim_middle>"),
    repository: Some("<reponame>"),
    file: Some("<filename>"),
    ends: &["<|endoftext|>", "<fim_pad>"],
};

const SEED_CODER: Tokens = Tokens {
    order: Order::SuffixFirst,
    bos: None,
    prefix: "<[fim-prefix]>",
    suffix: "<[fim-suffix]>",
    middle: Some("<[fim-middle]>"),
    repository: None,
    file: None,
    ends: &["<[end▁of▁sentence]>", "<[begin▁of▁sentence]>"],
};

const MELLUM: Tokens = Tokens {
    order: Order::SuffixFirst,
    bos: None,
    prefix: "<fim_prefix>",
    suffix: "<fim_suffix>",
    middle: Some("<fim_middle>"),
    repository: None,
    file: Some("<filename>"),
    ends: &["<|endoftext|>", "<fim_pad>"],
};

impl Family {
    /// Those that need a name to be told from others come first.
    pub const ALL: [Family; 10] = [
        Family::Mellum,
        Family::Codestral,
        Family::Qwen,
        Family::StarCoder2,
        Family::DeepSeekCoder,
        Family::CodeLlama,
        Family::CodeGemma,
        Family::Granite,
        Family::GraniteCode,
        Family::SeedCoder,
    ];

    /// The family of a model file: by its vocabulary, and by `architecture` and `name`, as the file states them, where
    /// vocabularies are alike. `None` for a model that has no FIM tokens, or has them only because its vocabulary is
    /// shared (every Mistral model has Codestral's).
    pub fn detect(has_token: &dyn Fn(&str) -> bool, architecture: &str, name: &str) -> Option<Family> {
        let name = name.to_lowercase();
        // Mamba Codestral has the tokens too, and was not trained on them.
        let is_codestral = name.contains("codestral") && architecture == "llama";
        let is_candidate = |family: &Family| match family {
            Family::Codestral => is_codestral,
            Family::Mellum => name.contains("mellum"),
            _ => true,
        };
        let has_all = |family: &Family| family.specials().iter().all(|token| has_token(token));
        Family::ALL.into_iter().find(|family| is_candidate(family) && has_all(family))
    }

    /// As it is written in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Family::Qwen => "qwen",
            Family::StarCoder2 => "starcoder2",
            Family::DeepSeekCoder => "deepseek-coder",
            Family::CodeLlama => "codellama",
            Family::CodeGemma => "codegemma",
            Family::Codestral => "codestral",
            Family::Granite => "granite",
            Family::GraniteCode => "granite-code",
            Family::SeedCoder => "seed-coder",
            Family::Mellum => "mellum",
        }
    }

    /// Whether prompts of the family open with this token, which servers add by themselves.
    pub fn begins_with(self, token: &str) -> bool {
        self.tokens().bos == Some(token)
    }

    /// Every token that [`Format::render`](super::Format::render) may put into a prompt.
    pub fn specials(self) -> Vec<&'static str> {
        let Tokens { bos, prefix, suffix, middle, repository, file, .. } = self.tokens();
        [bos, Some(prefix), Some(suffix), middle, repository, file].into_iter().flatten().collect()
    }

    /// The tokens that end an answer, as far as a model's vocabulary has them.
    pub fn ends(self) -> Vec<&'static str> {
        [self.specials().as_slice(), self.tokens().ends].concat()
    }

    /// The tokens before prefix and suffix and before the answer.
    pub(super) fn markers(self) -> (&'static str, &'static str, Option<&'static str>) {
        let Tokens { prefix, suffix, middle, .. } = self.tokens();
        (prefix, suffix, middle)
    }

    /// The tokens that open a prompt, a repository's name and a file.
    pub(super) fn names(self) -> (Option<&'static str>, Option<&'static str>, Option<&'static str>) {
        let Tokens { bos, repository, file, .. } = self.tokens();
        (bos, repository, file)
    }

    pub(super) fn render(self, parts: &Parts) -> Prompt {
        let Tokens { order, bos, prefix, suffix, middle, .. } = self.tokens();
        let mut prompt = Prompt::default();
        bos.into_iter().for_each(|token| prompt.special(token));
        self.open(parts, &mut prompt);
        if let Order::SuffixFirst = order {
            prompt.special(suffix);
            prompt.text(parts.suffix);
        }
        prompt.special(prefix);
        let before = self.head(parts) + parts.prefix;
        // Without a middle token the answer goes on where the prefix ends, so that they are one text to a tokenizer.
        let (before, typed) = if middle.is_some() { (before, parts.typed) } else { (before + parts.typed, "") };
        prompt.text(before);
        if let Order::PrefixFirst = order {
            prompt.special(suffix);
            prompt.text(parts.suffix);
        }
        middle.into_iter().for_each(|token| prompt.special(token));
        prompt.text(typed);
        prompt
    }

    /// What stands before the FIM tokens: the other files, where they are marked off by tokens.
    fn open(self, parts: &Parts, prompt: &mut Prompt) {
        let (has_files, path) = (!parts.files.is_empty(), parts.path);
        let Tokens { repository, file: Some(file), .. } = self.tokens() else { return };
        if has_files && let Some(token) = repository {
            prompt.special(token);
            prompt.text(parts.repository.to_owned() + self.after_file());
        }
        for ContextFile { path, text } in parts.files {
            let text = format!("{path}\n{text}{}", self.after_file());
            match self {
                Family::CodeGemma => {
                    prompt.text(text);
                    prompt.special(file);
                }
                _ => {
                    prompt.special(file);
                    prompt.text(text);
                }
            }
        }
        match self {
            Family::StarCoder2 => prompt.special(file),
            Family::CodeGemma if path.is_empty() => {}
            Family::CodeGemma => prompt.text(format!("{path}\n")),
            _ if has_files => {
                prompt.special(file);
                prompt.text(format!("{path}\n"));
            }
            _ => {}
        }
    }

    /// What stands between the prefix token and the prefix.
    fn head(self, parts: &Parts) -> String {
        match self {
            Family::StarCoder2 if !parts.files.is_empty() => format!("{}\n", parts.path),
            Family::DeepSeekCoder => headed(parts, "#", "\n"),
            // SentencePiece puts a blank before a text; both tokenizers take it off the suffix and leave it here.
            Family::CodeLlama => format!(" {}", headed(parts, "# ", "\n")),
            Family::Codestral => format!(" {}", headed(parts, "+++++ ", "\n\n")),
            Family::SeedCoder => headed(parts, "# ", "\n"),
            _ => String::new(),
        }
    }

    /// What follows a name or a file before the next token.
    fn after_file(self) -> &'static str {
        match self {
            Family::Qwen | Family::Mellum => "\n",
            _ => "",
        }
    }

    fn tokens(self) -> Tokens {
        match self {
            Family::Qwen => QWEN,
            Family::StarCoder2 => STARCODER2,
            Family::DeepSeekCoder => DEEPSEEK_CODER,
            Family::CodeLlama => CODE_LLAMA,
            Family::CodeGemma => CODE_GEMMA,
            Family::Codestral => CODESTRAL,
            Family::Granite => GRANITE,
            Family::GraniteCode => GRANITE_CODE,
            Family::SeedCoder => SEED_CODER,
            Family::Mellum => MELLUM,
        }
    }
}

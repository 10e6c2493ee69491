//! Text to tokens and back, by the vocabulary in a GGUF file.
//!
//! Text is only ever text: a marker such as `<|fim_middle|>` in a document becomes ordinary tokens, and special tokens
//! are reached by [`Tokenizer::special`] alone. Kinds of splitting are named here one by one: a wrong guess gives
//! plausible nonsense, so an unknown kind is refused.

use std::collections::HashMap;
use std::ops::Range;

use anyhow::{Context as _, Result, anyhow, bail};
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior::Isolated;

use super::gguf::Gguf;

pub struct Tokenizer {
    splitter: tokenizers::Tokenizer,
    vocabulary: Vocabulary,
    specials: HashMap<String, u32>,
    /// Put before every prompt, where the model was trained so.
    pub begin: Option<u32>,
    /// Tokens that end a text.
    pub ends: Vec<u32>,
}

/// What each token stands for.
struct Vocabulary {
    /// The bytes of all tokens, one after another; a special token has none.
    bytes: Vec<u8>,
    /// Where each token's bytes end.
    ends: Vec<u32>,
    /// The tokens in the order of their bytes, without the special ones.
    sorted: Vec<u32>,
}

/// `tokenizer.ggml.token_type` of tokens that are text.
const NORMAL: usize = 1;

/// Qwen's own, from its published `tokenizer.json`.
const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Llama 3's: digits in threes.
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

impl Tokenizer {
    pub fn load(gguf: &Gguf) -> Result<Tokenizer> {
        let path = gguf.path.display();
        let kind = gguf.text("tokenizer.ggml.model").unwrap_or("none");
        if kind != "gpt2" {
            bail!("{path}: the tokenizer kind `{kind}` is not supported, only `gpt2`; take another model");
        }
        let tokens = gguf.texts("tokenizer.ggml.tokens").with_context(|| format!("{path} has no vocabulary"))?;
        let merges = gguf.texts("tokenizer.ggml.merges").with_context(|| format!("{path} has no merges"))?;
        let types = gguf.numbers("tokenizer.ggml.token_type").unwrap_or_else(|| vec![NORMAL; tokens.len()]);
        let is_special = |i: usize| types.get(i).is_some_and(|kind| *kind != NORMAL);

        let specials =
            (0..tokens.len()).filter(|i| is_special(*i)).map(|i| (tokens[i].to_string(), i as u32)).collect();
        let mut splitter = tokenizers::Tokenizer::new(bpe(&tokens, &merges).with_context(|| format!("{path}"))?);
        let pre = gguf.text("tokenizer.ggml.pre").unwrap_or("default");
        splitter.with_pre_tokenizer(Some(splitting(pre).with_context(|| format!("{path}"))?));
        let wants_begin = matches!(
            gguf.value("tokenizer.ggml.add_bos_token"),
            Some(candle_core::quantized::gguf_file::Value::Bool(true))
        );
        let id = |key: &str| gguf.number(&format!("tokenizer.ggml.{key}_token_id")).map(|id| id as u32);
        let mut ends: Vec<u32> = ["eos", "eot"].into_iter().filter_map(id).collect();
        ends.dedup();
        Ok(Tokenizer {
            splitter,
            vocabulary: Vocabulary::new(&tokens, is_special),
            specials,
            begin: id("bos").filter(|_| wants_begin),
            ends,
        })
    }

    /// Number of tokens.
    pub fn n(&self) -> usize {
        self.vocabulary.ends.len()
    }

    /// The tokens of a text, none of them special.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let encoding =
            self.splitter.encode_fast(text, false).map_err(|error| anyhow!("the text has no tokens: {error}"))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// A special token by its name in the file.
    pub fn special(&self, name: &str) -> Option<u32> {
        self.specials.get(name).copied()
    }

    /// A token's bytes, maybe a part of a character; none for a special token.
    pub fn bytes(&self, token: u32) -> &[u8] {
        self.vocabulary.of(token)
    }

    /// A token that is no text: a marker or an end.
    pub fn is_special(&self, token: u32) -> bool {
        self.bytes(token).is_empty()
    }

    /// The tokens that a text may begin with if it has to begin with `forced`, which is not empty: those that begin with
    /// it, and those that it begins with.
    pub fn begins(&self, forced: &[u8]) -> Vec<u32> {
        let shorter = (1..forced.len()).filter_map(|n| self.vocabulary.find(&forced[..n]));
        shorter.chain(self.vocabulary.sorted[self.vocabulary.starting_with(forced)].iter().copied()).collect()
    }
}

impl Vocabulary {
    fn new(tokens: &[&str], is_special: impl Fn(usize) -> bool) -> Vocabulary {
        let byte_of = byte_of_char();
        let mut vocabulary = Vocabulary { bytes: Vec::new(), ends: Vec::new(), sorted: Vec::new() };
        for (i, token) in tokens.iter().enumerate() {
            if !is_special(i) {
                vocabulary.bytes.extend(token.chars().filter_map(|c| byte_of.get(&c)));
                vocabulary.sorted.push(i as u32);
            }
            vocabulary.ends.push(vocabulary.bytes.len() as u32);
        }
        let mut sorted = std::mem::take(&mut vocabulary.sorted);
        sorted.sort_unstable_by(|a, b| vocabulary.of(*a).cmp(vocabulary.of(*b)));
        vocabulary.sorted = sorted;
        vocabulary
    }

    fn of(&self, token: u32) -> &[u8] {
        let token = token as usize;
        let start = token.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(token).copied().unwrap_or(start);
        &self.bytes[start as usize..end as usize]
    }

    fn starting_with(&self, bytes: &[u8]) -> Range<usize> {
        let start = self.sorted.partition_point(|token| self.of(*token) < bytes);
        let n = self.sorted[start..].partition_point(|token| self.of(*token).starts_with(bytes));
        start..start + n
    }

    fn find(&self, bytes: &[u8]) -> Option<u32> {
        let token = *self.sorted.get(self.starting_with(bytes).start)?;
        (self.of(token) == bytes).then_some(token)
    }
}

fn bpe(tokens: &[&str], merges: &[&str]) -> Result<BPE> {
    let vocabulary: Vocab = tokens.iter().enumerate().map(|(i, token)| (token.to_string(), i as u32)).collect();
    let pair = |merge: &&str| {
        let (left, right) = merge.split_once(' ').with_context(|| format!("`{merge}` is no merge"))?;
        Ok((left.to_string(), right.to_string()))
    };
    let merges = merges.iter().map(pair).collect::<Result<_>>()?;
    BPE::builder().vocab_and_merges(vocabulary, merges).build().map_err(|error| anyhow!("its merges: {error}"))
}

/// How a text is split before tokens are merged, by llama.cpp's name for it.
fn splitting(pre: &str) -> Result<PreTokenizerWrapper> {
    let by = |pattern: &str| -> Result<PreTokenizerWrapper> {
        let split = Split::new(SplitPattern::Regex(pattern.to_string()), Isolated, false)
            .map_err(|error| anyhow!("the pattern of `{pre}`: {error}"))?;
        Ok(Sequence::new(vec![split.into(), ByteLevel::new(false, false, false).into()]).into())
    };
    let gpt2 = ByteLevel::new(false, false, true);
    match pre {
        "qwen2" => by(QWEN2),
        "llama3" | "llama-bpe" | "llama-v3" | "smaug-bpe" => by(LLAMA3),
        "gpt-2" | "gpt2" => Ok(gpt2.into()),
        "starcoder" | "refact" | "command-r" | "smollm" | "codeshell" => {
            Ok(Sequence::new(vec![Digits::new(true).into(), gpt2.into()]).into())
        }
        other => bail!("the tokenizer splits text by `{other}`, which is not supported; take another model"),
    }
}

/// Byte-level vocabularies write each byte as a printable character. Source: GPT-2's `bytes_to_unicode`.
fn byte_of_char() -> HashMap<char, u8> {
    let is_printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut n_others = 0;
    let char_of = |byte: u8| {
        if is_printable(byte) {
            return (char::from(byte), byte);
        }
        n_others += 1;
        (char::from_u32(255 + n_others).unwrap_or_default(), byte)
    };
    (0..=255).map(char_of).collect()
}

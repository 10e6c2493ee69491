//! The local engine on tiny models with random weights: kernels, cache, decoding.

mod engine;
mod reference;
pub mod tiny;

use std::ops::ControlFlow;
use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use foretype::engine::Cancel;
use foretype::engine::local::activations::Activations;
use foretype::engine::local::decode::{Decoder, Task};
use foretype::engine::local::draft::Draft;
use foretype::engine::local::evaluator::{Evaluator, Logits, Stopped};
use foretype::engine::local::gguf::Gguf;
use foretype::engine::local::kernel::{self, Isa, Output};
use foretype::engine::local::matrix::Matrix;
use foretype::engine::local::model::{Model, Packed};
use foretype::engine::local::sampler::{self, Sampler, Sampling};
use foretype::engine::local::tensors::Tensors;
use foretype::engine::local::tokenizer::Tokenizer;
use foretype::engine::local::vector;
use tiny::{N_VOCABULARY, Random};

const ARCHITECTURES: [&str; 3] = ["qwen2", "qwen3", "llama"];

fn model(architecture: &str) -> (tempfile::TempDir, Arc<Model>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    tiny::write(architecture, &path);
    (folder, Arc::new(Model::load(&path).unwrap()))
}

fn evaluator(model: &Arc<Model>, n_threads: usize) -> Packed {
    Packed::new(model.clone(), Isa::best(), n_threads, 512)
}

fn tensors(folder: &tempfile::TempDir) -> Tensors {
    Tensors::load(&folder.path().join("tiny.gguf"), &Device::Cpu, 512).unwrap()
}

fn evaluate(evaluator: &mut dyn Evaluator, tokens: &[u32]) -> Vec<f32> {
    evaluator.evaluate(tokens, 1, &Cancel::default()).unwrap().row(0).to_vec()
}

fn tokens(random: &mut Random, n: usize) -> Vec<u32> {
    (0..n).map(|_| random.below(N_VOCABULARY) as u32).collect()
}

fn here() -> impl Iterator<Item = Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.is_here())
}

/// Every kernel, with every kind of weight and number of rows, against candle's floats.
#[test]
fn kernels_multiply() {
    use GgmlDType::*;
    let (n_out, n_in) = (40, 512);
    for dtype in [Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, F16, F32, BF16, Q4K, Q5K, Q6K] {
        let mut random = Random(11);
        let weights: Vec<f32> = (0..n_out * n_in).map(|_| random.number() + 0.3).collect();
        let weights = Tensor::from_vec(weights, (n_out, n_in), &Device::Cpu).unwrap();
        let quantised = QTensor::quantize(&weights, dtype).unwrap();
        let floats = quantised.dequantize(&Device::Cpu).unwrap();
        let matrix = Matrix::pack(dtype, n_out, n_in, &quantised.data().unwrap()).unwrap();
        for n_rows in [1, 2, 3, 5, 8, 13] {
            let x: Vec<f32> = (0..n_rows * n_in).map(|i| random.number() * (1.0 + (i % 7) as f32)).collect();
            let wanted =
                Tensor::from_vec(x.clone(), (n_rows, n_in), &Device::Cpu).unwrap().matmul(&floats.t().unwrap());
            let wanted: Vec<Vec<f32>> = wanted.unwrap().to_vec2().unwrap();
            for isa in here() {
                let products = products(isa, &matrix, &x, n_rows);
                for (row, wanted) in wanted.iter().enumerate() {
                    for (got, wanted) in products[row].iter().zip(wanted) {
                        // 8 bits of each activation are what is lost.
                        assert!((got - wanted).abs() < 4.0, "{dtype:?} on {isa:?}, {n_rows} rows: {got} for {wanted}");
                    }
                }
            }
        }
    }
}

fn products(isa: Isa, matrix: &Matrix, x: &[f32], n_rows: usize) -> Vec<Vec<f32>> {
    let mut activations = Activations::default();
    activations.resize(n_rows, matrix.n_in());
    activations.panels_mut().for_each(|mut panel| vector::to_8_bits(isa, x, matrix.n_in(), &mut panel));
    let mut out = vec![0.0; n_rows * matrix.n_tiles() * 16];
    kernel::matmul(isa, matrix, &activations, 0..matrix.n_tiles(), Output::new(&mut out, matrix.n_tiles()));
    out.chunks_exact(matrix.n_tiles() * 16).map(|row| row[..matrix.n_out()].to_vec()).collect()
}

/// The fast kernels give what the plain one gives, to the rounding of sums.
#[test]
fn kernels_agree() {
    let mut random = Random(3);
    for dtype in [GgmlDType::Q4_1, GgmlDType::Q5_0, GgmlDType::Q8_0, GgmlDType::Q4K, GgmlDType::Q5K, GgmlDType::Q6K] {
        let weights: Vec<f32> = (0..48 * 256).map(|_| random.number()).collect();
        let weights = Tensor::from_vec(weights, (48, 256), &Device::Cpu).unwrap();
        let raw = QTensor::quantize(&weights, dtype).unwrap();
        let matrix = Matrix::pack(dtype, 48, 256, &raw.data().unwrap()).unwrap();
        let x: Vec<f32> = (0..8 * 256).map(|_| random.number()).collect();
        let wanted = products(Isa::Portable, &matrix, &x, 8);
        for isa in here() {
            for (got, wanted) in products(isa, &matrix, &x, 8).iter().flatten().zip(wanted.iter().flatten()) {
                assert!((got - wanted).abs() < 2e-3, "{dtype:?} on {isa:?}: {got} for {wanted}");
            }
        }
    }
}

/// Against the transformer as it is written in the books, in floats.
#[test]
fn a_pass_is_the_transformer() {
    for architecture in ARCHITECTURES {
        let (folder, model) = model(architecture);
        let tokens = tokens(&mut Random(5), 37);
        let wanted = reference::logits(&folder.path().join("tiny.gguf"), architecture, &tokens);
        for isa in here() {
            let mut evaluator = Packed::new(model.clone(), isa, 1, 64);
            let got = evaluate(&mut evaluator, &tokens);
            let error = error(&got, &wanted);
            assert!(error < 0.03, "{architecture} on {isa:?}: off by {error}");
        }
    }
}

/// The largest difference, as a share of the largest logit.
fn error(got: &[f32], wanted: &[f32]) -> f32 {
    let scale = wanted.iter().fold(0f32, |largest, logit| largest.max(logit.abs()));
    got.iter().zip(wanted).fold(0f32, |worst, (a, b)| worst.max((a - b).abs())) / scale
}

/// Each quantises activations in its own way.
#[test]
fn tensors_are_the_transformer_too() {
    for architecture in ARCHITECTURES {
        let (folder, model) = model(architecture);
        let tokens = tokens(&mut Random(5), 70);
        let wanted = evaluate(&mut evaluator(&model, 1), &tokens);
        let got = evaluate(&mut tensors(&folder), &tokens);
        assert!(error(&got, &wanted) < 0.03, "{architecture}: off by {}", error(&got, &wanted));
    }
}

/// However a sequence was come by, its logits are those of one clean pass, to the bit.
#[test]
fn any_way_to_a_sequence_gives_the_same_logits() {
    for architecture in ARCHITECTURES {
        let (_folder, model) = model(architecture);
        for seed in 0..4 {
            let mut random = Random(seed);
            let mut evaluator = evaluator(&model, 1 + seed as usize % 3);
            let mut sequence = Vec::new();
            let mut logits = Vec::new();
            for _ in 0..6 {
                wander(&mut evaluator, &mut sequence, &mut random);
                let next = tokens(&mut random, 1);
                logits = evaluate(&mut evaluator, &next);
                sequence.extend(next);
            }
            let clean = evaluate(&mut self::evaluator(&model, 1), &sequence);
            assert!(logits == clean, "{architecture}, seed {seed}, after {} tokens", sequence.len());
        }
    }
}

/// The same for tensors, but for the rounding of sums: candle has other kernels for one row than for many.
#[test]
fn any_way_to_a_sequence_gives_tensors_the_same_logits() {
    for architecture in ARCHITECTURES {
        let (folder, _) = model(architecture);
        let (mut evaluator, mut clean) = (tensors(&folder), tensors(&folder));
        let (mut random, mut sequence) = (Random(3), Vec::new());
        for _ in 0..2 {
            (0..4).for_each(|_| wander(&mut evaluator, &mut sequence, &mut random));
            let next = tokens(&mut random, 1);
            let logits = evaluate(&mut evaluator, &next);
            sequence.extend(next);
            clean.truncate(0);
            let error = error(&logits, &evaluate(&mut clean, &sequence));
            assert!(error < 0.01, "{architecture}, after {} tokens: off by {error}", sequence.len());
        }
    }
}

/// One step of what happens to a cache in use.
fn wander(evaluator: &mut dyn Evaluator, sequence: &mut Vec<u32>, random: &mut Random) {
    match random.below(4) {
        // A prompt, or the tokens of a keystroke.
        0 => {
            let n = 1 + random.below(90);
            let new = tokens(random, n.min(500 - sequence.len().min(499)));
            if sequence.len() + new.len() < 500 {
                evaluate(evaluator, &new);
                sequence.extend(new);
            }
        }
        // Text was deleted.
        1 => {
            let n = random.below(sequence.len() + 1);
            sequence.truncate(n);
            evaluator.truncate(n);
        }
        // Guesses that were wrong from some point on.
        2 if sequence.len() < 490 => {
            let guessed = tokens(random, 4);
            let n_right = random.below(5);
            evaluator.evaluate(&guessed, 4, &Cancel::default()).unwrap();
            sequence.extend(&guessed[..n_right]);
            evaluator.truncate(sequence.len());
        }
        // A question that was cancelled.
        _ => {
            let cancel = Cancel::default();
            cancel.cancel();
            let lost = tokens(random, 9);
            assert_eq!(evaluator.evaluate(&lost, 1, &cancel).map(drop), Err(Stopped::Cancelled));
            assert_eq!(evaluator.len(), sequence.len());
        }
    }
}

#[test]
fn logits_of_the_last_rows_are_those_of_single_steps() {
    let (_folder, model) = model("qwen2");
    let sequence = tokens(&mut Random(2), 70);
    let mut together = evaluator(&model, 2);
    let rows: Vec<Vec<f32>> = {
        let logits = together.evaluate(&sequence, 4, &Cancel::default()).unwrap();
        (0..4).map(|i| logits.row(i).to_vec()).collect()
    };
    for (i, row) in rows.iter().enumerate() {
        assert!(evaluate(&mut evaluator(&model, 1), &sequence[..67 + i]) == *row, "row {i}");
    }
}

fn decoder(architecture: &str) -> (tempfile::TempDir, Decoder) {
    let (folder, model) = model(architecture);
    let tokenizer = Tokenizer::load(&model.gguf).unwrap();
    (folder, Decoder::new(Box::new(evaluator(&model, 1)), tokenizer))
}

/// Everything that is said, with the effort.
fn say(decoder: &mut Decoder, prompt: &[u32], forced: &str, draft: Option<&Draft>) -> (String, usize) {
    let task = Task { prompt, n_settled: 0, forced, sampling: Sampling::Greedy, draft, max_tokens: 24 };
    let mut said = String::new();
    let effort = decoder.decode(&task, &Cancel::default(), &mut |text| {
        said = text.text.to_string();
        ControlFlow::Continue(())
    });
    (said, effort.unwrap().n_right)
}

/// The user types as soon as a batch is begun.
struct Interrupted {
    inner: Packed,
    cancel: Cancel,
    stop: fn(&Cancel),
}

impl Evaluator for Interrupted {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn gguf(&self) -> &Gguf {
        self.inner.gguf()
    }

    fn n_threads(&self) -> usize {
        self.inner.n_threads()
    }

    fn len(&self) -> usize {
        self.inner.len()
    }

    fn capacity(&self) -> usize {
        self.inner.capacity()
    }

    fn truncate(&mut self, len: usize) {
        self.inner.truncate(len);
    }

    fn max_batch(&self) -> usize {
        self.inner.max_batch()
    }

    fn batch(&mut self, tokens: &[u32], cancel: &Cancel) -> Result<(), Stopped> {
        (self.stop)(&self.cancel);
        self.inner.batch(tokens, cancel)
    }

    fn head(&mut self, n_logits: usize, cancel: &Cancel) -> Result<(), Stopped> {
        self.inner.head(n_logits, cancel)
    }

    fn last_logits(&self) -> Logits<'_> {
        self.inner.last_logits()
    }
}

#[test]
fn who_types_faster_than_a_prompt_is_read_is_answered_in_the_end() {
    let (_folder, model) = model("qwen2");
    let prompt = tokens(&mut Random(3), 100);
    // How many tokens a question that was stopped leaves to the next one.
    let left_by = |n_settled: usize, stop: fn(&Cancel)| {
        let (cancel, tokenizer) = (Cancel::default(), Tokenizer::load(&model.gguf).unwrap());
        let interrupted = Interrupted { inner: evaluator(&model, 1), cancel: cancel.clone(), stop };
        let mut decoder = Decoder::new(Box::new(interrupted), tokenizer);
        let mut ask = |cancel: &Cancel| {
            let (sampling, max_tokens) = (Sampling::Greedy, 1);
            let task = Task { prompt: &prompt, n_settled, forced: "", sampling, draft: None, max_tokens };
            decoder.decode(&task, cancel, &mut |_| ControlFlow::Continue(()))
        };
        assert_eq!(ask(&cancel).unwrap_err(), Stopped::Cancelled);
        let effort = ask(&Cancel::default()).unwrap();
        assert_eq!(effort.n_reused + effort.n_before_first, 100);
        effort.n_reused
    };
    assert_eq!(left_by(0, Cancel::supersede), 0, "a batch that is given up is lost");
    assert_eq!(left_by(90, Cancel::supersede), 32, "one that the next question needs, too, is finished");
    assert_eq!(left_by(20, Cancel::supersede), 19, "the rest belongs to what is typed");
    assert_eq!(left_by(90, Cancel::cancel), 0, "there is no next question");
}

/// Guesses change how fast a text comes, never which.
#[test]
fn drafts_do_not_change_what_is_said() {
    for architecture in ARCHITECTURES {
        let (_folder, mut decoder) = decoder(architecture);
        for seed in 0..6 {
            let prompt = tokens(&mut Random(seed), 30);
            let (plain, _) = say(&mut decoder, &prompt, "", None);
            let mut draft = Draft::default();
            // One that is right in parts: what it will say, with holes.
            let mut guess = [prompt.clone(), decoder.tokenizer.encode(&plain).unwrap()].concat();
            guess.iter_mut().skip(5).step_by(6).for_each(|token| *token = 65);
            draft.add(guess);
            let (drafted, _) = say(&mut decoder, &prompt, "", Some(&draft));
            assert_eq!(drafted, plain, "{architecture}, seed {seed}");
        }
    }
}

#[test]
fn what_is_forced_is_said_first_and_left_out() {
    let (_folder, mut decoder) = decoder("llama");
    let prompt = tokens(&mut Random(1), 20);
    let spoken = |decoder: &mut Decoder, forced: &str| {
        // The whole text is what a plain run says after a prompt that ends with the forced text's tokens.
        say(decoder, &prompt, forced, None).0
    };
    for forced in ["l", "le", "let x", "    ret", "é"] {
        let (first, again) = (spoken(&mut decoder, forced), spoken(&mut decoder, forced));
        assert_eq!(first, again);
    }
}

#[test]
fn text_never_becomes_a_special_token() {
    let (_folder, decoder) = decoder("qwen2");
    let text = "a <|fim_middle|> b<|endoftext|>";
    let tokens = decoder.tokenizer.encode(text).unwrap();
    assert!(tokens.iter().all(|token| !decoder.tokenizer.is_special(*token)));
    let bytes: Vec<u8> = tokens.iter().flat_map(|token| decoder.tokenizer.bytes(*token).to_vec()).collect();
    assert_eq!(String::from_utf8(bytes).unwrap(), text);
    assert!(decoder.tokenizer.special("<|fim_middle|>").is_some());
}

#[test]
fn a_text_may_begin_with_what_it_is_forced_to() {
    let (_folder, decoder) = decoder("qwen2");
    let texts = |forced: &str| {
        let mut texts: Vec<String> = decoder
            .tokenizer
            .begins(forced.as_bytes())
            .into_iter()
            .map(|token| String::from_utf8_lossy(decoder.tokenizer.bytes(token)).into_owned())
            .collect();
        texts.sort();
        texts
    };
    assert_eq!(texts("le"), ["l", "le", "let"]);
    assert_eq!(texts(" let"), [" ", " let"]);
    assert_eq!(texts("lex"), ["l", "le"]);
}

#[test]
fn the_probabilities_of_all_tokens_make_one() {
    let logits = [0.5, -1.0, 3.0, 2.0];
    let all = (0..4).map(|token| sampler::ln_probability(&logits, token).exp());
    assert!((all.sum::<f64>() - 1.0).abs() < 1e-6);
    let likeliest = Sampler::new(Sampling::Greedy).choose(&logits);
    let ln = sampler::ln_probability(&logits, likeliest.token);
    assert!((ln.exp() - f64::from(likeliest.probability)).abs() < 1e-6);
}

#[test]
fn a_token_that_was_forced_is_as_sure_as_it_is_among_those_allowed() {
    let logits = [0.5, -1.0, 3.0, 2.0];
    let among = |allowed: &[u32]| Sampler::new(Sampling::Greedy).choose_among(&logits, allowed);
    assert_eq!(among(&[1]).map(|choice| (choice.token, choice.probability)), Some((1, 1.0)));
    let choice = among(&[0, 3]).unwrap();
    assert_eq!(choice.token, 3);
    assert!((choice.probability - 1.0 / (1.0 + (-1.5f32).exp())).abs() < 1e-6, "{choice:?}");
    assert!(among(&[]).is_none());
}

#[test]
fn the_rest_of_a_token_that_was_forced_is_in_doubt() {
    let (_folder, mut decoder) = decoder("qwen2");
    let prompt = tokens(&mut Random(1), 20);
    let task =
        Task { prompt: &prompt, n_settled: 0, forced: "l", sampling: Sampling::Greedy, draft: None, max_tokens: 1 };
    let mut pieces = Vec::new();
    let heard = decoder.decode(&task, &Cancel::default(), &mut |said| {
        pieces = said.pieces.to_vec();
        ControlFlow::Continue(())
    });
    heard.unwrap();
    // `l`, `le` and `let` could stand there.
    let [(_, ln)] = pieces[..] else { panic!("{pieces:?}") };
    assert!(ln < -0.05 && ln > -(3f32.ln()) - 1e-3, "{ln}");
}

#[test]
fn chance_is_repeatable_and_keeps_to_the_likely() {
    let mut logits = vec![0.0; 100];
    (logits[7], logits[8]) = (20.0, 19.5);
    let draw = |seed| {
        let mut sampler = Sampler::new(Sampling::Random { temperature: 1.0, top_p: 0.95, seed });
        (0..40).map(|_| sampler.choose(&logits).token).collect::<Vec<u32>>()
    };
    assert_eq!(draw(1), draw(1));
    assert!(draw(1).iter().all(|token| [7, 8].contains(token)));
    assert!(draw(1).contains(&7) && draw(1).contains(&8));
    let greedy = Sampler::new(Sampling::Greedy).choose(&logits);
    assert_eq!(greedy.token, 7);
    assert!((greedy.probability - 0.622).abs() < 0.001, "{greedy:?}");
}

#[test]
fn what_is_not_supported_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    let error = |path| format!("{:#}", Model::load(path).map(drop).unwrap_err());
    tiny::write("mamba", &path);
    assert!(error(&path).contains("the architecture `mamba` is not supported"), "{}", error(&path));
    std::fs::write(&path, "GGUF, but not really").unwrap();
    assert!(error(&path).contains("broken"), "{}", error(&path));
    tiny::write("qwen2", &path);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(error(&path).contains("get it anew"), "{}", error(&path));
    // An offset follows a name, and 16 bytes of dimensions and type.
    let name = b"blk.0.attn_norm.weight";
    let at = whole.windows(name.len()).position(|bytes| bytes == name).unwrap() + name.len() + 16;
    let mut askew = whole.clone();
    askew[at] += 1;
    std::fs::write(&path, askew).unwrap();
    assert!(error(&path).contains("does not begin at"), "{}", error(&path));
    assert!(error(&folder.path().join("none.gguf")).contains("cannot be opened"));
}

#[test]
fn the_file_says_what_it_is() {
    let (folder, model) = model("qwen3");
    assert_eq!(model.config.n_vocabulary, N_VOCABULARY);
    let gguf = Gguf::open(&folder.path().join("tiny.gguf")).unwrap();
    assert_eq!(gguf.text("general.name"), Some("tiny"));
}

//! What a model is shown: `«…»` is a special token.

use foretype::prompt::{Budget, ContextFile, Family, Format, Hole, Parts, Piece, Prompt};

const PARTS: Parts =
    Parts { repository: "shop", path: "main.py", files: &[], prefix: "a = ", suffix: "\nc", typed: "b" };

fn show(prompt: &Prompt) -> String {
    let show = |piece: &Piece| match piece {
        Piece::Special(token) => format!("«{token}»"),
        Piece::Text(text) => text.clone(),
    };
    prompt.pieces.iter().map(show).collect()
}

/// `alone` is the prompt of one file, `among` that of a file beside two others.
#[track_caller]
fn check(format: Format, alone: &str, among: &str) {
    assert_eq!(show(&format.render(&PARTS)), alone);
    let file = |path: &str, text: &str| ContextFile { path: path.to_string(), text: text.to_string() };
    let files = [file("one.py", "x = 1"), file("two.py", "y = 2")];
    assert_eq!(show(&format.render(&Parts { files: &files, ..PARTS })), among);
}

#[test]
fn qwen() {
    check(
        Format::Fim(Family::Qwen),
        "«<|fim_prefix|>»a = «<|fim_suffix|>»\nc«<|fim_middle|>»b",
        "«<|repo_name|>»shop\n«<|file_sep|>»one.py\nx = 1\n«<|file_sep|>»two.py\ny = 2\n«<|file_sep|>»main.py\n\
         «<|fim_prefix|>»a = «<|fim_suffix|>»\nc«<|fim_middle|>»b",
    );
}

#[test]
fn starcoder2() {
    check(
        Format::Fim(Family::StarCoder2),
        "«<file_sep>»«<fim_prefix>»a = «<fim_suffix>»\nc«<fim_middle>»b",
        "«<repo_name>»shop«<file_sep>»one.py\nx = 1«<file_sep>»two.py\ny = 2«<file_sep>»«<fim_prefix>»main.py\n\
         a = «<fim_suffix>»\nc«<fim_middle>»b",
    );
}

#[test]
fn deepseek_coder() {
    check(
        Format::Fim(Family::DeepSeekCoder),
        "«<｜begin▁of▁sentence｜>»«<｜fim▁begin｜>»a = «<｜fim▁hole｜>»\nc«<｜fim▁end｜>»b",
        "«<｜begin▁of▁sentence｜>»«<｜fim▁begin｜>»#one.py\nx = 1\n#two.py\ny = 2\n#main.py\na = «<｜fim▁hole｜>»\n\
         c«<｜fim▁end｜>»b",
    );
}

#[test]
fn code_llama() {
    check(
        Format::Fim(Family::CodeLlama),
        "«<s>»«▁<PRE>» a = «▁<SUF>»\nc«▁<MID>»b",
        "«<s>»«▁<PRE>» # one.py\nx = 1\n# two.py\ny = 2\n# main.py\na = «▁<SUF>»\nc«▁<MID>»b",
    );
}

#[test]
fn code_gemma() {
    check(
        Format::Fim(Family::CodeGemma),
        "«<bos>»main.py\n«<|fim_prefix|>»a = «<|fim_suffix|>»\nc«<|fim_middle|>»b",
        "«<bos>»one.py\nx = 1«<|file_separator|>»two.py\ny = 2«<|file_separator|>»main.py\n\
         «<|fim_prefix|>»a = «<|fim_suffix|>»\nc«<|fim_middle|>»b",
    );
}

#[test]
fn codestral() {
    check(
        Format::Fim(Family::Codestral),
        "«<s>»«[SUFFIX]»\nc«[PREFIX]» a = b",
        "«<s>»«[SUFFIX]»\nc«[PREFIX]» +++++ one.py\nx = 1\n\n+++++ two.py\ny = 2\n\n+++++ main.py\na = b",
    );
}

#[test]
fn granite() {
    check(
        Format::Fim(Family::Granite),
        "«<|fim_prefix|>»a = «<|fim_suffix|>»\nc«<|fim_middle|>»b",
        "«<|reponame|>»shop«<|filename|>»one.py\nx = 1«<|filename|>»two.py\ny = 2«<|filename|>»main.py\n\
         «<|fim_prefix|>»a = «<|fim_suffix|>»\nc«<|fim_middle|>»b",
    );
}

#[test]
fn granite_code() {
    check(
        Format::Fim(Family::GraniteCode),
        "«<fim_prefix>»a = «<fim_suffix>»\nc«<fim_middle>»b",
        "«<reponame>»shop«<filename>»one.py\nx = 1«<filename>»two.py\ny = 2«<filename>»main.py\n\
         «<fim_prefix>»a = «<fim_suffix>»\nc«<fim_middle>»b",
    );
}

#[test]
fn seed_coder() {
    check(
        Format::Fim(Family::SeedCoder),
        "«<[fim-suffix]>»\nc«<[fim-prefix]>»a = «<[fim-middle]>»b",
        "«<[fim-suffix]>»\nc«<[fim-prefix]>»# one.py\nx = 1\n# two.py\ny = 2\n# main.py\na = «<[fim-middle]>»b",
    );
}

#[test]
fn mellum() {
    check(
        Format::Fim(Family::Mellum),
        "«<fim_suffix>»\nc«<fim_prefix>»a = «<fim_middle>»b",
        "«<filename>»one.py\nx = 1\n«<filename>»two.py\ny = 2\n«<filename>»main.py\n\
         «<fim_suffix>»\nc«<fim_prefix>»a = «<fim_middle>»b",
    );
}

#[test]
fn a_model_without_fim_goes_on_from_the_prefix() {
    check(Format::Plain, "a = b", "# one.py\nx = 1\n# two.py\ny = 2\n# main.py\na = b");
}

#[test]
fn text_is_never_a_special_token() {
    for family in Family::ALL {
        let own = family.ends().concat();
        let file = ContextFile { path: own.clone(), text: own.clone() };
        let parts = Parts { repository: &own, path: &own, files: &[file], prefix: &own, suffix: &own, typed: &own };
        let specials = |prompt: Prompt| {
            let pieces = prompt.pieces.into_iter();
            pieces.filter(|piece| matches!(piece, Piece::Special(_))).collect::<Vec<_>>()
        };
        let file = ContextFile { path: "p".to_string(), text: "t".to_string() };
        let harmless = Parts { files: &[file], ..PARTS };
        let format = Format::Fim(family);
        assert_eq!(specials(format.render(&parts)), specials(format.render(&harmless)), "{family:?}");
    }
}

#[test]
fn a_prompt_holds_only_the_tokens_that_its_family_names() {
    let files = [ContextFile { path: "p".to_string(), text: "t".to_string() }];
    for family in Family::ALL {
        let prompt = Format::Fim(family).render(&Parts { files: &files, ..PARTS });
        let used = prompt.pieces.iter().filter_map(|piece| match piece {
            Piece::Special(token) => Some(*token),
            Piece::Text(_) => None,
        });
        let (mut used, mut named) = (used.collect::<Vec<_>>(), family.specials());
        used.sort_unstable();
        used.dedup();
        named.sort_unstable();
        assert_eq!(used, named, "{family:?}");
    }
}

#[test]
fn a_family_is_known_by_its_vocabulary() {
    let detect = |family: Family, architecture: &str, name: &str| {
        let vocabulary = family.ends();
        Family::detect(&|token| vocabulary.contains(&token), architecture, name)
    };
    assert_eq!(detect(Family::Qwen, "qwen2", "Qwen2.5 Coder 0.5B Instruct"), Some(Family::Qwen));
    assert_eq!(detect(Family::StarCoder2, "starcoder2", "Starcoder2 3b"), Some(Family::StarCoder2));
    assert_eq!(detect(Family::DeepSeekCoder, "llama", ""), Some(Family::DeepSeekCoder));
    assert_eq!(detect(Family::CodeLlama, "llama", "CodeLlama 7b"), Some(Family::CodeLlama));
    assert_eq!(detect(Family::CodeGemma, "gemma", "codegemma-2b"), Some(Family::CodeGemma));
    assert_eq!(detect(Family::Granite, "granite", "Granite 4.0 H Micro"), Some(Family::Granite));
    assert_eq!(detect(Family::GraniteCode, "llama", "granite-3b-code-base"), Some(Family::GraniteCode));
    assert_eq!(detect(Family::SeedCoder, "llama", ""), Some(Family::SeedCoder));
    // The vocabularies of these two are others' as well.
    assert_eq!(detect(Family::Mellum, "llama", "Mellum-4b-base"), Some(Family::Mellum));
    assert_eq!(detect(Family::Codestral, "llama", "Codestral 22B v0.1"), Some(Family::Codestral));
    assert_eq!(detect(Family::Codestral, "llama", "Mistral 7B Instruct v0.3"), None);
    assert_eq!(detect(Family::Codestral, "mamba2", "Mamba Codestral 7B"), None);
}

#[test]
fn a_model_without_fim_tokens_is_asked_to_go_on() {
    let smollm2 = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", "<file_sep>", "<filename>"];
    let format = Format::detect(&|token| smollm2.contains(&token), "llama", "SmolLM2 135M Instruct");
    assert_eq!(format, Format::Plain);
}

#[test]
fn a_slow_model_is_shown_less_of_other_files() {
    let budget = Budget { context_tokens: 512, ..Budget::default() };
    assert_eq!([450.0, 160.0, 50.0].map(|rate| budget.affordable_context(rate)), [512, 256, 128]);
}

/// The prompt as one text, as programs send it.
fn flat(family: Family, parts: &Parts) -> String {
    let pieces = Format::Fim(family).render(parts).pieces;
    let text = |piece: Piece| match piece {
        Piece::Special(token) => token.to_string(),
        Piece::Text(text) => text,
    };
    pieces.into_iter().map(text).collect()
}

#[test]
fn every_family_s_prompt_is_read_back() {
    for family in Family::ALL {
        for (prefix, suffix, typed) in
            [("a = ", "\nc", "b"), ("    x(", "", ""), ("", "é\n", "日"), (" a\n", " ", " b")]
        {
            let hole = Hole::read(&flat(family, &Parts { prefix, suffix, typed, ..PARTS })).unwrap();
            assert_eq!((hole.prefix, hole.suffix.as_str()), (format!("{prefix}{typed}"), suffix), "{family:?}");
        }
    }
}

#[test]
fn a_prompt_that_names_its_file_is_read_back_with_it() {
    let file = |path: &str, text: &str| ContextFile { path: path.to_string(), text: text.to_string() };
    let files = [file("one.py", "x = 1"), file("two.py", "y = 2")];
    for family in Family::ALL {
        let hole = Hole::read(&flat(family, &Parts { files: &files, ..PARTS })).unwrap();
        // Where other files stand in the prefix as plain text, nothing tells the path from a comment.
        let is_plain =
            matches!(family, Family::DeepSeekCoder | Family::CodeLlama | Family::Codestral | Family::SeedCoder);
        let path = (!is_plain).then(|| "main.py".to_string());
        assert_eq!((&hole.path, hole.suffix.as_str()), (&path, "\nc"), "{family:?}");
        assert!(if is_plain { hole.prefix.ends_with("a = b") } else { hole.prefix == "a = b" }, "{family:?}: {hole:?}");
    }
}

#[test]
fn a_text_without_markers_is_no_prompt() {
    assert_eq!(Hole::read("let n = <|fim_prefix|>;"), None);
    assert_eq!(Hole::read(""), None);
}

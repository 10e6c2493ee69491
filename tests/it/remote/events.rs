//! Bytes to events: the same whatever the chunks.

use foretype::engine::Cause;
use foretype::engine::remote::{Events, Shape};
use proptest::prelude::*;

fn events(shape: Shape, chunks: &[&[u8]]) -> Vec<String> {
    let mut events = Events::new(shape);
    let mut all: Vec<String> = chunks.iter().flat_map(|chunk| events.push(chunk).unwrap()).collect();
    all.extend(events.end().unwrap());
    all
}

/// Cut at these places, modulo the length.
fn cut<'a>(bytes: &'a [u8], places: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place % (bytes.len() + 1)).collect();
    places.sort_unstable();
    let starts = [0].into_iter().chain(places.iter().copied());
    let ends = places.iter().copied().chain([bytes.len()]);
    starts.zip(ends).map(|(start, end)| &bytes[start..end]).collect()
}

#[test]
fn server_sent_events_are_read_as_the_standard_says() {
    let stream = "\u{feff}: a comment\nevent: delta\ndata: {\"a\":\ndata: 1}\nid: 7\n\ndata:no blank\r\n\r\n\
                  data: one\rdata: two\r\r\n\nretry: 5\n\ndata: cut off";
    let expected = ["{\"a\":\n1}", "no blank", "one\ntwo", "cut off"];
    assert_eq!(events(Shape::ServerSent, &[stream.as_bytes()]), expected);
}

#[test]
fn lines_of_json_need_no_last_line_break() {
    assert_eq!(
        events(Shape::JsonLines, &[b"{\"a\":1}\r\n\n{\"b\":2}\n{\"c\":3}"]),
        ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"]
    );
    assert_eq!(events(Shape::Whole, &[b"{\n\"a\":\r\n1}\n"]), ["{\n\"a\":\r\n1}\n"]);
}

#[test]
fn an_event_without_an_end_and_text_that_is_none_are_refused() {
    let mut endless = Events::new(Shape::ServerSent);
    endless.push(b"data: ").unwrap();
    let failure = (0..2048).find_map(|_| endless.push(&[b'x'; 1024]).err()).unwrap();
    assert_eq!(failure.cause, Cause::Malformed);
    assert_eq!(Events::new(Shape::JsonLines).push(b"\xff\xfe\n").unwrap_err().cause, Cause::Malformed);
}

proptest! {
    #[test]
    fn chunks_do_not_matter(
        lines in prop::collection::vec("(data: ?[{}\"a-zäö→😀 ]{0,12}|: [a-z]{0,4}|event: x|)", 0..12),
        ends in prop::collection::vec(prop::sample::select(vec!["\n", "\r\n", "\r"]), 12),
        places in prop::collection::vec(0usize..400, 0..20),
    ) {
        let stream: String = lines.iter().zip(&ends).flat_map(|(line, end)| [line.as_str(), end]).collect();
        for shape in [Shape::ServerSent, Shape::JsonLines, Shape::Whole] {
            let whole = events(shape, &[stream.as_bytes()]);
            prop_assert_eq!(&events(shape, &cut(stream.as_bytes(), &places)), &whole);
            let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
            prop_assert_eq!(&events(shape, &bytes), &whole);
        }
    }
}

//! Where the cursor was, and what was deleted.

use foretype::context::{Chunk, Ring};
use foretype::document::{Change, Documents};
use foretype::privacy::{Denied, Kept};
use foretype::text::{Encoding, Position};

use super::*;

/// A function of so many lines, each one another than those of any other.
fn function(name: &str, n_lines: usize) -> String {
    let lines: String = (0..n_lines).map(|i| format!("    {name}_{i}();\n")).collect();
    format!("fn {name}() {{\n{lines}}}\n")
}

fn open(name: &str, text: &str) -> Snapshot {
    let mut document = document(Path::new(name), text);
    document.id = DocumentId(name.into());
    document
}

fn at(document: &Snapshot, word: &str) -> usize {
    document.text.to_string().find(word).unwrap()
}

/// What is remembered of these visits, after a rest.
fn remembered(visits: &[(&Snapshot, usize)]) -> Vec<Chunk> {
    let mut ring = Ring::default();
    visits.iter().for_each(|(document, offset)| ring.visit(document, *offset));
    rest(&mut ring, &[]);
    ring.chunks(&[])
}

fn rest(ring: &mut Ring, open: &[Snapshot]) {
    let chunks = ring.take_left().cut(open, &[], &may_read);
    ring.extend(chunks, Duration::ZERO);
}

fn may_read(text: &str) -> bool {
    Privacy::new(&privacy::Options::default()).unwrap().content(text).is_ok()
}

fn pieces(here: &Snapshot, shown: Range<usize>, ring: &[Chunk]) -> Gathered {
    let place = Place { document: here, others: &[], offset: shown.start, shown };
    context::gather(&place, &Project::default(), ring, &"ring".parse().unwrap())
}

#[test]
fn a_place_that_was_left_is_shown_at_the_next_the_newest_first() {
    let (a, b) = (open("a.rs", &function("alpha", 60)), open("b.rs", &function("beta", 8)));
    let here = open("c.rs", "fn main() {\n    \n}\n");
    let visits = [(&a, at(&a, "alpha_5(")), (&a, at(&a, "alpha_9(")), (&a, at(&a, "alpha_40(")), (&b, 0), (&here, 16)];
    let gathered = pieces(&here, 0..here.text.len(), &remembered(&visits));
    assert_eq!(
        found(&gathered),
        [
            "b.rs: the cursor was here lately, line 1",
            "a.rs: the cursor was here lately, line 42",
            "a.rs: the cursor was here lately, line 11",
        ]
    );
    assert_eq!(gathered.pieces[0].text, function("beta", 8).trim_end());
    assert!(gathered.pieces[2].text.contains("alpha_9();") && !gathered.pieces[2].text.contains("alpha_40();"));
}

#[test]
fn what_the_prompt_shows_is_not_remembered_there() {
    let a = open("a.rs", &function("alpha", 60));
    let ring = remembered(&[(&a, at(&a, "alpha_5(")), (&a, at(&a, "alpha_40("))]);
    assert_eq!(ring.len(), 1);
    assert_eq!(found(&pieces(&a, 0..a.text.len(), &ring)), [""; 0]);
    assert_eq!(found(&pieces(&a, at(&a, "alpha_35(")..a.text.len(), &ring)).len(), 1);
}

#[test]
fn the_ring_is_bounded_and_holds_a_place_once() {
    let files: Vec<Snapshot> = (0..40).map(|i| open(&format!("{i}.rs"), &function(&format!("f{i}"), 30))).collect();
    let (mut ring, here) = (Ring::default(), open("here.rs", "fn main() {}\n"));
    for file in files.iter().chain([&files[39], &here]) {
        ring.visit(file, 40);
        rest(&mut ring, &[]);
    }
    let chunks = ring.chunks(&[]);
    assert_eq!(chunks.len(), 16);
    assert!(chunks.iter().all(|chunk| chunk.text.len() <= 1000));
    assert_eq!(chunks.iter().filter(|chunk| *chunk.path == *Path::new("39.rs")).count(), 1);
}

#[test]
fn what_privacy_denies_is_not_remembered() {
    let here = open("here.rs", "fn main() {}\n");
    let check = |clearance: Clearance, n_kept: usize| {
        let mut a = open("a.rs", &function("alpha", 8));
        a.clearance = clearance;
        assert_eq!(remembered(&[(&a, 0), (&here, 0)]).len(), n_kept);
    };
    check(Clearance::Cleared, 1);
    check(Clearance::Pending, 0);
    check(Clearance::Denied(Denied::Secret { kind: "a token", line: 1 }), 0);

    // The verdict on a pasted key comes a moment after it, and a part of a key does not look like one.
    let key = format!(
        "-----BEGIN {0} KEY-----\n{1}-----END {0} KEY-----\n",
        "PRIVATE",
        "MIIEpAIBAAKCAQEA7bq3Zt0uVwXyMIIEpAIBAAKCAQEA7bq3Zt0uVwXy\n".repeat(20)
    );
    let pasted = open("a.rs", &format!("{key}{}", function("alpha", 8)));
    assert_eq!(remembered(&[(&pasted, pasted.text.len() - 90), (&here, 0)]), []);

    // What was remembered before is not shown while its document is denied.
    let a = open("a.rs", &function("alpha", 8));
    let mut ring = Ring::default();
    ring.visit(&a, 0);
    ring.visit(&here, 0);
    rest(&mut ring, std::slice::from_ref(&a));
    let mut denied = a.clone();
    denied.clearance = Clearance::Denied(Denied::Secret { kind: "a token", line: 1 });
    assert_eq!((ring.chunks(std::slice::from_ref(&a)).len(), ring.chunks(&[denied]).len()), (1, 0));
    // A verdict that was not there yet when the cursor was is asked for when it is cut.
    let mut pending = a.clone();
    pending.clearance = Clearance::Pending;
    let mut later = Ring::default();
    later.visit(&pending, 0);
    later.visit(&here, 0);
    rest(&mut later, std::slice::from_ref(&a));
    assert_eq!(later.chunks(&[]).len(), 1);

    ring.clear();
    assert_eq!(ring.chunks(&[]), []);
}

#[test]
fn what_must_stay_here_is_marked() {
    let here = open("here.rs", "fn main() {}\n");
    let mut a = open("a.rs", &function("alpha", 8));
    assert!(remembered(&[(&a, 0), (&here, 0)])[0].may_leave);
    a.clearance = Clearance::Local(Kept::Pattern { glob: "a.rs".to_string() });
    assert!(!remembered(&[(&a, 0), (&here, 0)])[0].may_leave);
}

#[test]
fn what_was_deleted_is_remembered_if_it_was_more_than_a_line() {
    let mut documents = Documents::default();
    let id = DocumentId("a.rs".into());
    documents.open(id.clone(), Some(Path::new("a.rs").into()), None, 1, &(function("alpha", 5) + "one();\ntwo();\n"));
    let delete = |documents: &mut Documents, version, from, to| {
        let (start, end) = (Position { line: from, character: 0 }, Position { line: to, character: 0 });
        let change = Change::Ranged { start, end, text: String::new() };
        documents.change(&id, version, vec![change], Encoding::Utf8, Duration::from_secs(version as u64 * 60)).unwrap();
    };
    // Before it is judged, nothing counts.
    delete(&mut documents, 2, 1, 5);
    documents.set_clearance(&id, Clearance::Cleared);
    let text = documents.snapshot(&id).unwrap().text.to_string();
    assert_eq!(text, "fn alpha() {\n    alpha_4();\n}\none();\ntwo();\n");
    delete(&mut documents, 3, 4, 5);
    delete(&mut documents, 4, 0, 3);

    let mut ring = Ring::default();
    let left = ring.take_left();
    let deleted = documents.deleted_since(left.since);
    let chunks = left.cut(&documents.snapshots(), &deleted, &may_read);
    ring.extend(chunks, Duration::from_secs(300));
    let here = open("here.rs", "fn main() {\n    \n}\n");
    let gathered = pieces(&here, 0..here.text.len(), &ring.chunks(&[]));
    assert_eq!(found(&gathered), ["a.rs: deleted lately"]);
    assert_eq!(gathered.pieces[0].text, "fn alpha() {\n    alpha_4();\n}");
    assert!(documents.deleted_since(ring.take_left().since).is_empty());
}

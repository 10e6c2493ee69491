//! Reviewed changes come into the user's tree whole or not at all, and over nothing that the agent did not see.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use foretype::agent::merge::Wanted;
use foretype::agent::plan::{Cause, Chosen, Conflict, Present, Step, carry_out, conflicts_markdown, on_disk, plan};
use foretype::agent::review::Review;
use foretype::agent::worktree::Snapshot;

use super::project::{Project, names, write};

struct Run {
    project: Project,
    snapshot: Snapshot,
}

impl Run {
    fn of(files: &[(&str, &str)]) -> Run {
        let project = Project::committed(files);
        let snapshot = project.snapshot();
        Run { project, snapshot }
    }

    fn agent(&self, path: &str, content: impl AsRef<[u8]>) -> &Run {
        write(&self.snapshot.folder.join(path), content);
        self
    }

    fn plan(&self, chosen: &Chosen) -> Result<Vec<Step>, Vec<Conflict>> {
        let review = Review::of(&self.snapshot, &self.snapshot.capture().unwrap()).unwrap();
        plan(&review, chosen, &self.project.root, |path| on_disk(&self.project.root.join(path)))
    }

    /// Applies to the disk, and gives all files after that.
    #[track_caller]
    fn apply(&self, chosen: &Chosen) -> BTreeMap<String, String> {
        carry_out(&self.project.root, &self.plan(chosen).unwrap()).unwrap();
        // Nothing is left to do.
        assert_eq!(self.plan(chosen), Ok(vec![]));
        self.files()
    }

    fn files(&self) -> BTreeMap<String, String> {
        let root = &self.project.root;
        let text = |name: &String| String::from_utf8_lossy(&fs::read(root.join(name)).unwrap_or_default()).into_owned();
        names(root).into_iter().map(|name| (name.clone(), text(&name))).collect()
    }

    #[track_caller]
    fn conflicts(&self, chosen: &Chosen) -> Vec<(String, Cause)> {
        let before = self.files();
        let conflicts = self.plan(chosen).unwrap_err();
        assert_eq!(self.files(), before);
        conflicts.into_iter().map(|conflict| (conflict.path.display().to_string(), conflict.cause)).collect()
    }
}

fn files(expected: &[(&str, &str)]) -> BTreeMap<String, String> {
    expected.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect()
}

fn only(path: &str, wanted: Wanted) -> Chosen {
    Chosen::Files(BTreeMap::from([(PathBuf::from(path), wanted)]))
}

#[test]
fn every_kind_of_change_arrives() {
    let long: String = (0..30).map(|i| format!("line {i}\n")).collect();
    let run = Run::of(&[("edit", "a\nb\nc\n"), ("gone", "x\n"), ("old", &long), ("data", "\0a"), ("same", "s\n")]);
    run.project.write("edit", "mine\na\nb\nc\n");
    run.project.write("old", format!("{long}mine\n"));
    run.agent("edit", "a\nb\nC\n").agent("deep/er/new", "n\n").agent("data", "\0b");
    let folder = &run.snapshot.folder;
    fs::remove_file(folder.join("gone")).unwrap();
    fs::create_dir(folder.join("moved")).unwrap();
    fs::rename(folder.join("old"), folder.join("moved/new")).unwrap();
    let moved = long.replace("line 7\n", "seven\n");
    run.agent("moved/new", &moved);
    let expected = [
        ("data", "\0b"),
        ("deep/er/new", "n\n"),
        ("edit", "mine\na\nb\nC\n"),
        ("moved/new", &format!("{moved}mine\n")),
        ("same", "s\n"),
    ];
    assert_eq!(run.apply(&Chosen::All), files(&expected));
}

#[test]
fn one_conflict_holds_all_back_and_the_rest_can_be_chosen() {
    let run = Run::of(&[("a", "1\n"), ("b", "2\n"), ("c", "x\n3\n"), (".env", "A=1\n"), ("data", "\0")]);
    run.agent("a", "one\n").agent("b", "two\n").agent(".env", "A=2\n").agent("new", "theirs\n").agent("data", "\0\0");
    fs::remove_file(run.snapshot.folder.join("c")).unwrap();
    run.project.write("a", "uno\n");
    run.project.write("new", "mine\n");
    run.project.write("c", "x\nchanged\n");
    run.project.write("data", "\0\x01");
    let conflicts = run.conflicts(&Chosen::All);
    let causes: Vec<(&str, &Cause)> = conflicts.iter().map(|(path, cause)| (path.as_str(), cause)).collect();
    let [(".env", Cause::Exists), ("a", Cause::Lines(clashes)), ("c", Cause::Changed), rest @ ..] = causes.as_slice()
    else {
        panic!("{causes:?}")
    };
    assert_eq!((clashes[0].ours.as_str(), clashes[0].theirs.as_str()), ("uno\n", "one\n"));
    assert_eq!(rest, [("data", &Cause::Changed), ("new", &Cause::Exists)]);
    let shown = conflicts_markdown(&run.plan(&Chosen::All).unwrap_err());
    assert!(shown.contains("Nothing was changed") && shown.contains("uno\n") && shown.contains("one\n"), "{shown}");
    assert_eq!(run.apply(&only("b", Wanted::All))["b"], "two\n");
    assert_eq!(run.conflicts(&only("nowhere", Wanted::All)), [("nowhere".to_string(), Cause::NotChanged)]);
}

#[test]
fn hunks_arrive_one_by_one() {
    let run = Run::of(&[("a", "1\n2\n3\n4\n5\n"), ("b", "1\n")]);
    run.agent("a", "one\n2\n3\n4\nfive\n").agent("b", "one\n");
    run.project.write("a", "1\n2\n3\nfour\n5\n");
    // The second hunk touches what the user changed; the first does not.
    assert_eq!(run.conflicts(&Chosen::All).len(), 1);
    let first = Wanted::Some(BTreeSet::from([0]));
    assert_eq!(run.apply(&only("a", first)), files(&[("a", "one\n2\n3\nfour\n5\n"), ("b", "1\n")]));
}

#[test]
fn what_the_user_deleted_stays_deleted() {
    let run = Run::of(&[("a", "1\n"), ("b", "2\n")]);
    run.agent("a", "one\n");
    fs::remove_file(run.snapshot.folder.join("b")).unwrap();
    fs::remove_file(run.project.path("a")).unwrap();
    fs::remove_file(run.project.path("b")).unwrap();
    assert_eq!(run.conflicts(&Chosen::All), [("a".to_string(), Cause::Gone)]);
}

#[test]
fn a_buffer_counts_before_the_disk() {
    let run = Run::of(&[("a", "1\n2\n3\n")]);
    run.agent("a", "1\n2\nthree\n");
    let review = Review::of(&run.snapshot, &run.snapshot.capture().unwrap()).unwrap();
    let buffer = "one, not saved\n2\n3\n";
    let open = |_: &Path| {
        let content = buffer.as_bytes().to_vec();
        Ok(Some(Present { content, is_executable: false, is_link: false, version: Some(7) }))
    };
    let steps = plan(&review, &Chosen::All, &run.project.root, open).unwrap();
    let [Step::Edit { text, version: Some(7), edits, .. }] = steps.as_slice() else { panic!("{steps:?}") };
    assert_eq!((text.as_str(), &buffer[edits[0].range.clone()], edits[0].text.as_str()), (buffer, "3\n", "three\n"));
}

#[test]
fn what_appears_between_plan_and_deed_is_kept() {
    let run = Run::of(&[("a", "1\n"), ("b", "2\n")]);
    run.agent("a", "one\n").agent("new", "theirs\n");
    let steps = run.plan(&Chosen::All).unwrap();
    run.project.write("new", "mine\n");
    let half = carry_out(&run.project.root, &steps).unwrap_err();
    assert_eq!(half.done, [run.project.path("a")]);
    assert!(half.to_string().contains("Already changed"), "{half}");
    assert_eq!(run.files(), files(&[("a", "one\n"), ("b", "2\n"), ("new", "mine\n")]));
    let steps = Run::of(&[("a", "1\n")]);
    steps.agent("a", "one\n");
    let planned = steps.plan(&Chosen::All).unwrap();
    steps.project.write("a", "uno\n");
    assert!(carry_out(&steps.project.root, &planned).unwrap_err().to_string().ends_with("Nothing was changed"));
}

#[cfg(unix)]
#[test]
fn modes_and_links_arrive_and_no_link_leads_out() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let run = Run::of(&[("run", "#!/bin/sh\n"), ("sub/a", "1\n")]);
    fs::set_permissions(run.snapshot.folder.join("run"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("run", run.snapshot.folder.join("link")).unwrap();
    run.agent("new.sh", "#!/bin/sh\n");
    fs::set_permissions(run.snapshot.folder.join("new.sh"), fs::Permissions::from_mode(0o700)).unwrap();
    run.apply(&Chosen::All);
    for name in ["run", "new.sh"] {
        assert_eq!(fs::metadata(run.project.path(name)).unwrap().permissions().mode() & 0o100, 0o100, "{name}");
    }
    assert_eq!(fs::read_link(run.project.path("link")).unwrap(), Path::new("run"));
    // A folder of the user's that is a link to somewhere else is not in the snapshot; the agent makes one of that name.
    let elsewhere = run.project.path("../elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, run.project.path("out")).unwrap();
    run.agent("out/file", "x\n");
    assert_eq!(run.conflicts(&Chosen::All), [("out/file".to_string(), Cause::LeadsOut)]);
    assert_eq!(names(&elsewhere), [""; 0]);
}

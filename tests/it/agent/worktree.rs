//! A snapshot has all of the user's tree that may leave the machine, and leaves no trace in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use foretype::agent::worktree::{Refusal, Snapshot};

use super::project::{Project, changes, git, names, privacy, write};

/// Every byte under a folder, git's included.
fn all_bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut folders, mut all) = (vec![folder.to_path_buf()], BTreeMap::new());
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else {
                all.insert(path.clone(), fs::read(path).unwrap_or_default());
            }
        }
    }
    all
}

#[test]
fn the_users_repository_is_untouched_to_the_byte() {
    let project = Project::committed(&[("src/a.rs", "one\n"), ("src/b.rs", "two\n"), (".gitignore", "target/\n")]);
    project.write("src/a.rs", "one, stashed\n");
    project.git(["stash", "-q"]);
    project.write("src/b.rs", "two, staged\n");
    project.git(["add", "src/b.rs"]);
    project.write("src/b.rs", "two, changed again\n");
    project.write("new.rs", "three\n");
    project.write("target/built", "ignored\n");
    // A hook of the user's, which must not run.
    write(&project.path(".git/hooks/post-checkout"), "#!/bin/sh\ntouch ../hooked\n");
    let before = all_bytes(&project.root);

    let snapshot = project.snapshot_with(&[("src/a.rs", "one, not saved\n")]).unwrap();
    assert_eq!(names(&snapshot.folder), [".gitignore", "new.rs", "src/a.rs", "src/b.rs"]);
    assert_eq!(fs::read_to_string(snapshot.folder.join("src/a.rs")).unwrap(), "one, not saved\n");
    assert_eq!(fs::read_to_string(snapshot.folder.join("src/b.rs")).unwrap(), "two, changed again\n");

    // What an agent may do to the repository that it finds.
    write(&snapshot.folder.join("src/a.rs"), "one, by the agent\n");
    git(&snapshot.folder, ["stash"]);
    git(&snapshot.folder, ["stash", "pop"]);
    git(&snapshot.folder, ["switch", "-q", "-c", "mine"]);
    git(&snapshot.folder, ["commit", "-q", "-am", "done"]);
    git(&snapshot.folder, ["tag", "v1"]);
    assert_eq!(changes(&snapshot.capture().unwrap()), ["Modified src/a.rs"]);
    assert!(git(&snapshot.folder, ["log", "--format=%s"]).ends_with("first\n"), "the history is there");

    assert_eq!(all_bytes(&project.root), before);
    snapshot.remove().unwrap();
    assert_eq!(names(&project.handoff()), [""; 0]);
    assert_eq!(all_bytes(&project.root), before);
}

#[test]
fn the_agent_finds_a_clean_repository() {
    let project = Project::committed(&[("a", "1\n")]);
    project.write("b", "2\n");
    let snapshot = project.snapshot();
    assert_eq!(git(&snapshot.folder, ["status", "--porcelain"]), "");
    assert_eq!(git(&snapshot.folder, ["diff", "--name-status", "HEAD~1"]), "A\tb\n");
    assert_eq!(git(&snapshot.folder, ["remote"]), "");
    assert_eq!(snapshot.folder.file_name(), project.root.file_name());
}

#[test]
fn changes_are_found_by_kind() {
    let text: String = (0..30).map(|i| format!("line {i}\n")).collect();
    let project = Project::committed(&[("edit", "a\n"), ("gone", "b\n"), ("old", &text), ("run", "#!/bin/sh\n")]);
    let snapshot = project.snapshot();
    write(&snapshot.folder.join("edit"), "A\n");
    fs::remove_file(snapshot.folder.join("gone")).unwrap();
    fs::remove_file(snapshot.folder.join("old")).unwrap();
    write(&snapshot.folder.join("moved/new"), text.replace("line 7\n", "line seven\n"));
    write(&snapshot.folder.join("added"), [0, 159, 146, 150]);
    let mut expected = vec!["Added added", "Modified edit", "Deleted gone", "Renamed old -> moved/new"];
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(snapshot.folder.join("run"), fs::Permissions::from_mode(0o755)).unwrap();
        expected.push("Mode run");
    }
    let capture = snapshot.capture().unwrap();
    assert_eq!(changes(&capture), expected);
    let blobs: Vec<_> = capture.changes.iter().filter_map(|change| change.new.as_ref()).collect();
    let contents = snapshot.contents(&blobs).unwrap();
    assert_eq!(contents[..2], [vec![0, 159, 146, 150], b"A\n".to_vec()]);
    // What is captured stays, whatever becomes of the files.
    write(&snapshot.folder.join("edit"), "later\n");
    assert_eq!(snapshot.changes_to(&capture.tree).unwrap(), capture.changes);
    assert_eq!(snapshot.contents(&blobs).unwrap(), contents);
    assert_eq!(snapshot.base_content(Path::new("edit")).unwrap().unwrap(), b"a\n");
}

#[test]
fn what_may_not_leave_is_not_there_and_not_deleted() {
    let token = format!("key = \"ghp_{}\"\n", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let project = Project::committed(&[
        ("src/main.rs", "fn main() {}\n"),
        (".env", "PASSWORD=hunter2\n"),
        ("key.pem", "x\n"),
        ("token.rs", &token),
        (".foretypeignore", "private/\n"),
        ("private/plan.md", "tracked\n"),
        (".gitignore", "*.log\n"),
    ]);
    project.write("noise.log", "ignored\n");
    let snapshot = project.snapshot_with(&[(".env.local", "A=1\n"), ("new.rs", "//\n"), ("b.log", "\n")]).unwrap();
    assert_eq!(names(&snapshot.folder), [".foretypeignore", ".gitignore", "new.rs", "src/main.rs"]);
    assert_eq!(snapshot.n_left_out, 4);
    let reason = |path: &str| &snapshot.left_out.iter().find(|left_out| left_out.path == path).unwrap().reason;
    assert!(reason(".env").contains("deny pattern"));
    assert!(reason("token.rs").contains("holds a secret"));
    assert!(reason("private/plan.md").contains(".foretypeignore"));
    let stored = git(&snapshot.store, ["rev-list", "--objects", "--all"]);
    assert!(!stored.contains("private") && !stored.contains("env"), "{stored}");
    // Nor is it in the history.
    assert_eq!(git(&snapshot.folder, ["log", "--format=%s"]).lines().count(), 1);
    let into = tempfile::tempdir().unwrap();
    let second = snapshot.again(into.path()).unwrap();
    assert_eq!(git(&second.folder, ["log", "--format=%s"]).lines().count(), 1);
    let secret = project.git(["rev-parse", "HEAD:.env"]);
    let mut object = std::process::Command::new("git");
    object.args(["cat-file", "-e", secret.trim()]).current_dir(&snapshot.folder);
    assert!(!object.output().unwrap().status.success());
    assert_eq!(changes(&snapshot.capture().unwrap()), [""; 0]);
    // One that the agent makes is a new file like any other; that yours is kept is for the merge.
    write(&snapshot.folder.join(".env"), "A=1\n");
    assert_eq!(changes(&snapshot.capture().unwrap()), ["Added .env"]);
}

#[test]
fn bytes_are_what_they_are() {
    let project = Project::committed(&[
        (".gitattributes", "* text=auto eol=lf\n*.secret filter=crypt\n*.doc ident working-tree-encoding=UTF-16\n"),
        ("x.secret", "plain\n"),
        ("x.doc", ""),
    ]);
    project.git(["config", "core.autocrlf", "true"]);
    project.git(["config", "filter.crypt.clean", "touch ../filtered; cat"]);
    project.git(["config", "filter.crypt.smudge", "touch ../filtered; cat"]);
    project.write("crlf.txt", "a\r\nb\nc\r\n");
    project.write("x.doc", "$Id$ \u{fffd}");
    project.write("binary", [0, 255, 13, 10, 26]);
    let before = all_bytes(&project.root);
    let snapshot = project.snapshot();
    for name in ["crlf.txt", "x.doc", "binary", "x.secret"] {
        assert_eq!(fs::read(snapshot.folder.join(name)).unwrap(), before[&project.path(name)], "{name}");
    }
    assert_eq!(git(&snapshot.folder, ["status", "--porcelain"]), "");
    assert_eq!(changes(&snapshot.capture().unwrap()), [""; 0]);
    assert!(!project.path("../filtered").exists());
}

#[cfg(unix)]
#[test]
fn names_links_and_modes_are_kept() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    let project = Project::committed(&[("a", "1\n")]);
    let odd = [&b"not \xff utf-8"[..], b"new\nline", b"\"quo\\ted\"", "ünïcode ☃".as_bytes(), b"-dash", b" space "];
    for name in odd {
        project.write(Path::new(OsStr::from_bytes(name)), name);
    }
    project.write("run", "#!/bin/sh\n");
    fs::set_permissions(project.path("run"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("a", project.path("link")).unwrap();
    symlink("nowhere", project.path("dangling")).unwrap();
    symlink(project.path("a"), project.path("absolute")).unwrap();
    symlink("../../etc", project.path("out")).unwrap();
    let snapshot = project.snapshot();
    for name in odd {
        assert_eq!(fs::read(snapshot.folder.join(OsStr::from_bytes(name))).unwrap(), name);
        write(&snapshot.folder.join(OsStr::from_bytes(name)), "changed");
    }
    assert_eq!(fs::metadata(snapshot.folder.join("run")).unwrap().permissions().mode() & 0o111, 0o111);
    assert_eq!(fs::read_link(snapshot.folder.join("link")).unwrap(), Path::new("a"));
    assert_eq!(fs::read_link(snapshot.folder.join("dangling")).unwrap(), Path::new("nowhere"));
    // Through these an agent would write into the user's tree, or anywhere.
    assert!(!snapshot.folder.join("absolute").is_symlink() && !snapshot.folder.join("out").is_symlink());
    let capture = snapshot.capture().unwrap();
    let mut found: Vec<&[u8]> = capture.changes.iter().map(|change| change.path.as_os_str().as_bytes()).collect();
    let mut expected = odd.to_vec();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn every_kind_of_repository_is_taken_or_refused() {
    // No commit yet.
    let project = Project::plain(&[("a", "1\n")]);
    project.git(["init", "-q"]);
    assert_eq!(names(&project.snapshot().folder), ["a"]);

    // No repository at all, with and without files; ignore files hold all the same.
    let project = Project::plain(&[("a", "1\n"), (".hidden", "2\n"), (".gitignore", "*.o\n"), ("b.o", "3\n")]);
    let snapshot = project.snapshot();
    assert_eq!(names(&snapshot.folder), [".gitignore", ".hidden", "a"]);
    write(&snapshot.folder.join("a"), "4\n");
    assert_eq!(changes(&snapshot.capture().unwrap()), ["Modified a"]);
    assert_eq!(names(&Project::plain(&[]).snapshot().folder), [""; 0]);

    // Bare.
    let project = Project::plain(&[]);
    project.git(["init", "-q", "--bare"]);
    assert!(matches!(project.snapshot_with(&[]), Err(Refusal::Bare(_))));

    // Shallow, and a linked worktree of that.
    let origin = Project::committed(&[("a", "1\n")]);
    origin.git(["commit", "-q", "--allow-empty", "-m", "second"]);
    let project = Project::plain(&[]);
    let url = format!("file://{}", origin.root.display());
    project.git(["clone", "-q", "--depth=1", &url, "."]);
    assert_eq!(git(&project.snapshot().folder, ["log", "--format=%s"]).lines().count(), 2);
    let linked = project.path("../linked");
    project.git(["worktree", "add", "-q", "--detach", linked.to_str().unwrap()]);
    let into = project.path("../other");
    let snapshot = Snapshot::take(&linked, &[], &privacy(), &into).unwrap();
    assert_eq!(names(&snapshot.folder), ["a"]);
    assert_eq!(git(&snapshot.folder, ["log", "--format=%s"]).lines().count(), 2);

    // Within a merge that conflicts, with a file deleted, and one of another hash.
    let project = Project::committed(&[("a", "1\n"), ("gone", "\n")]);
    project.git(["switch", "-q", "-c", "other"]);
    project.write("a", "2\n");
    project.git(["commit", "-qam", "other"]);
    project.git(["switch", "-q", "main"]);
    project.write("a", "3\n");
    project.git(["commit", "-qam", "main"]);
    let _ = std::process::Command::new("git").args(["merge", "-q", "other"]).current_dir(&project.root).output();
    fs::remove_file(project.path("gone")).unwrap();
    assert_eq!(names(&project.snapshot().folder), ["a"]);
    let project = Project::plain(&[("a", "1\n")]);
    project.git(["init", "-q", "--object-format=sha256"]);
    assert_eq!(project.snapshot().base.len(), 64);
}

#[test]
fn a_folder_of_a_sparse_checkout_with_a_submodule() {
    let inner = Project::committed(&[("lib.rs", "pub fn inner() {}\n")]);
    let project = Project::committed(&[("app/main.rs", "fn main() {}\n"), ("docs/big.md", "much\n"), ("top", "\n")]);
    project.git(["submodule", "--quiet", "add", inner.root.to_str().unwrap(), "app/inner"]);
    project.git(["commit", "-qm", "inner"]);
    project.git(["sparse-checkout", "set", "app"]);
    assert!(!project.path("docs").exists());
    let snapshot = Snapshot::take(&project.path("app"), &[], &privacy(), &project.handoff()).unwrap();
    assert_eq!(names(&snapshot.folder), [".gitmodules", "app/inner/lib.rs", "app/main.rs", "top"]);
    assert_eq!(snapshot.working_folder(), snapshot.folder.join("app"));
    assert_eq!(snapshot.inside(&project.path("app/main.rs")), Some(snapshot.folder.join("app/main.rs")));
    assert_eq!(snapshot.inside(Path::new("/etc/passwd")), None);
    write(&snapshot.folder.join("app/inner/lib.rs"), "pub fn outer() {}\n");
    assert_eq!(changes(&snapshot.capture().unwrap()), ["Modified app/inner/lib.rs"]);
}

#[test]
fn the_base_outlives_the_users_history() {
    let project = Project::committed(&[("a", "1\n"), ("b", "2\n")]);
    let snapshot = project.snapshot();
    project.write("a", "other\n");
    fs::remove_file(project.path("b")).unwrap();
    project.git(["commit", "-qa", "--amend", "-m", "other"]);
    project.git(["reflog", "expire", "--expire=now", "--all"]);
    project.git(["gc", "-q", "--prune=now"]);
    write(&snapshot.folder.join("b"), "3\n");
    let capture = snapshot.capture().unwrap();
    assert_eq!(changes(&capture), ["Modified b"]);
    assert_eq!(snapshot.base_content(Path::new("b")).unwrap().unwrap(), b"2\n");
    fs::remove_dir_all(project.path(".git")).unwrap();
    assert_eq!(snapshot.capture().unwrap(), capture);
}

#[test]
fn the_agents_repository_is_not_trusted() {
    let project = Project::committed(&[("a", "1\n"), ("sub/b", "2\n")]);
    let snapshot = project.snapshot();
    let marks = project.path("../ran");
    let config = format!(
        "[core]\n\tfsmonitor = touch {0}\n\thooksPath = {0}\n[filter \"f\"]\n\tclean = touch {0}\n",
        marks.display()
    );
    write(&snapshot.folder.join(".git/config"), config);
    write(&snapshot.folder.join(".gitattributes"), "* filter=f\n");
    write(&snapshot.folder.join("a"), "3\n");
    // A repository without a commit, which git would refuse to add, and one with a commit.
    for (name, commits) in [("empty", false), ("nested", true)] {
        write(&snapshot.folder.join(name).join("file"), "\n");
        git(&snapshot.folder.join(name), ["init", "-q"]);
        if commits {
            git(&snapshot.folder.join(name), ["commit", "-q", "--allow-empty", "-m", "x"]);
        }
    }
    let capture = snapshot.capture().unwrap();
    assert_eq!(changes(&capture), ["Added .gitattributes", "Modified a"]);
    assert_eq!(capture.left_out.iter().map(|left_out| left_out.path.as_str()).collect::<Vec<_>>(), ["empty", "nested"]);
    assert!(!marks.exists());
    fs::remove_dir_all(snapshot.folder.join(".git")).unwrap();
    assert_eq!(changes(&snapshot.capture().unwrap()), changes(&capture));
    fs::remove_dir_all(&snapshot.folder).unwrap();
    assert!(snapshot.capture().unwrap_err().to_string().contains("gone"));
    snapshot.remove().unwrap();
}

#[test]
fn what_happens_in_the_users_tree_is_seen() {
    let project = Project::committed(&[("a", "1\n"), ("b", "2\n"), ("c", "3\n"), (".env", "A=1\n")]);
    let snapshot = project.snapshot_with(&[("b", "two, not yet saved\n")]).unwrap();
    let strayed = || snapshot.strayed(&privacy()).unwrap();
    assert_eq!((strayed().files, strayed().refs), (vec![], false));
    // The user saves what the snapshot has already.
    project.write("b", "two, not yet saved\n");
    assert_eq!((strayed().files, strayed().refs), (vec![], false));
    project.write("a", "changed\n");
    project.write(".env", "A=12\n");
    project.write("new", "\n");
    fs::remove_file(project.path("c")).unwrap();
    assert_eq!(strayed().files, [".env", "a", "c", "new"].map(|name| project.path(name)));
    project.git(["tag", "t"]);
    assert!(strayed().refs);
}

#[test]
fn a_snapshot_is_kept_as_json_and_never_within_the_tree() {
    let project = Project::committed(&[("a", "1\n")]);
    let snapshot = project.snapshot();
    let kept: Snapshot = serde_json::from_str(&serde_json::to_string(&snapshot).unwrap()).unwrap();
    assert_eq!(kept, snapshot);
    let refusal = Snapshot::take(&project.root, &[], &privacy(), &project.path("inside")).unwrap_err();
    assert!(matches!(refusal, Refusal::Inside { .. }) && refusal.to_string().contains("XDG_STATE_HOME"));
    assert!(!project.path("inside").exists());
    let gone = Snapshot::take(&project.path("nowhere"), &[], &privacy(), &project.handoff()).unwrap_err();
    assert!(gone.to_string().contains("nowhere"), "{gone}");
}

/// `FORETYPE_SNAPSHOT_OF` names a project; prints how long one of it takes.
#[test]
fn how_long_a_snapshot_takes() {
    let Some(project) = std::env::var_os("FORETYPE_SNAPSHOT_OF") else { return eprintln!("skipped: no project named") };
    let into = tempfile::tempdir().unwrap();
    let started = std::time::Instant::now();
    let snapshot = Snapshot::take(Path::new(&project), &[], &privacy(), into.path()).unwrap();
    let taken = started.elapsed();
    let capture = snapshot.capture().unwrap();
    eprintln!(
        "{} files, {} left out: {taken:?}, compared {:?}",
        names(&snapshot.folder).len(),
        snapshot.n_left_out,
        started.elapsed() - taken
    );
    assert!(capture.changes.is_empty());
}

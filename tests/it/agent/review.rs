//! A review shows every change, and what deserves a second look.

use std::fs;

use foretype::agent::review::{Notice, Review};

use super::project::{Project, write};

fn review(project: &Project, agent: impl FnOnce(&std::path::Path)) -> Review {
    let snapshot = project.snapshot();
    agent(&snapshot.folder);
    Review::of(&snapshot, &snapshot.capture().unwrap()).unwrap()
}

#[test]
fn the_document_has_every_change() {
    let lines: Vec<String> = (1..=20).map(|i| format!("line {i}\n")).collect();
    let project = Project::committed(&[("src/a.rs", &lines.concat()), ("gone.md", "bye\n"), ("data", "\0\x01")]);
    let review = review(&project, |folder| {
        let mut lines = lines.clone();
        lines[1] = "two\n".to_string();
        lines[4] = "five\nand a half\n".to_string();
        lines.truncate(19);
        write(&folder.join("src/a.rs"), lines.concat());
        fs::remove_file(folder.join("gone.md")).unwrap();
        write(&folder.join("data"), "\0\x02\x03");
        write(&folder.join("notes.md"), "```\nfence\n```\nno end");
    });
    assert_eq!(review.summary(), "4 files changed, 7 lines added, 4 removed");
    let expected = "\
# Fix it, please

4 files changed, 7 lines added, 4 removed.

| file | change | lines | look twice |
|---|---|---|---|
| `data` | changed |  | not a text |
| `gone.md` | deleted | +0 −1 | deleted |
| `notes.md` | new | +4 −0 |  |
| `src/a.rs` | changed | +3 −3 |  |

## `data`

Not a text: 2 bytes before, 3 bytes now.

## `gone.md`

```diff
@@ -1,1 +1,0 @@ hunk 1
-bye
```

## `notes.md`

````diff
@@ -1,0 +1,4 @@ hunk 1
+```
+fence
+```
+no end
\\ No newline at end of file
````

## `src/a.rs`

```diff
@@ -1,4 +1,4 @@ hunk 1
 line 1
-line 2
+two
 line 3
 line 4
@@ -5,4 +5,5 @@ hunk 2
-line 5
+five
+and a half
 line 6
 line 7
 line 8
@@ -17,4 +18,3 @@ hunk 3
 line 17
 line 18
 line 19
-line 20
```
";
    assert_eq!(review.markdown("Fix it,\nplease"), expected);
}

#[test]
fn what_deserves_a_second_look_is_marked() {
    let text: String = (0..40).map(|i| format!("line {i}\n")).collect();
    let project = Project::committed(&[("all.rs", &text), ("some.rs", &text), ("run", "#!/bin/sh\n")]);
    let review = review(&project, |folder| {
        write(&folder.join("all.rs"), text.replace("line", "LINE"));
        write(&folder.join("some.rs"), text.replace("line 3", "LINE 3"));
        write(&folder.join(".vscode/tasks.json"), "{}\n");
        write(&folder.join("sub/.github/workflows/ci.yml"), "on: push\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::{PermissionsExt, symlink};
            fs::set_permissions(folder.join("run"), fs::Permissions::from_mode(0o755)).unwrap();
            symlink("/etc/passwd", folder.join("users")).unwrap();
        }
    });
    let notices = |path: &str| {
        let found = review.files.iter().find(|file| file.path() == std::path::Path::new(path));
        found.unwrap().notices.clone()
    };
    assert_eq!(notices("all.rs"), [Notice::Rewritten(100)]);
    assert_eq!(notices("some.rs"), []);
    assert_eq!(notices(".vscode/tasks.json"), [Notice::RunsByItself]);
    assert_eq!(notices("sub/.github/workflows/ci.yml"), [Notice::RunsByItself]);
    if cfg!(unix) {
        assert_eq!(notices("run"), [Notice::Executable]);
        assert_eq!(notices("users"), [Notice::Link]);
    }
    let rows = serde_json::to_value(review.rows()).unwrap();
    assert_eq!(rows[1]["path"], "all.rs");
    assert_eq!(rows[1]["notices"][0], "100 % of its lines are gone or replaced");
}

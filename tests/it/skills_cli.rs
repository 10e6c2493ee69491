//! `foretype skill` and `foretype trust`, as black boxes.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::binary;

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), ".git/HEAD", "");
    write(folder.path(), ".agents/skills/ours/SKILL.md", "---\nname: ours\ndescription: Does\n  it.\n---\nGo.\n");
    write(folder.path(), ".foretype/team.toml", "[[member]]\nname = \"critic\"\nagent = \"claude\"\n");
    write(folder.path(), "home/.claude/skills/mine/SKILL.md", "---\nname: Mine\ndescription: Mine.\n---\n");
    folder
}

/// Exit code, stdout, stderr.
fn run(folder: &TempDir, arguments: &[&str]) -> (i32, String, String) {
    let mut command = binary::command(&folder.path().join("home"));
    let output = command.args(arguments).current_dir(folder.path()).output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (output.status.code().unwrap(), stdout, stderr)
}

#[test]
fn a_project_is_shown_before_it_is_trusted() {
    let folder = project();
    let (code, said, _) = run(&folder, &["skill", "list"]);
    assert_eq!(code, 0);
    assert!(
        said.contains("ours (the project's, not trusted): Does it.") && said.contains("Mine (yours): Mine."),
        "{said}"
    );
    assert!(said.contains("lower case letters"), "{said}");

    let (code, said, _) = run(&folder, &["trust"]);
    assert_eq!(code, 1);
    for part in
        ["ours: Does it.", "critic of the team, by claude", ".agents/skills/ours/SKILL.md", "do not trust them yet"]
    {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert_eq!(run(&folder, &["trust", "--yes"]).0, 0);
    assert_eq!(run(&folder, &["trust"]).0, 0);
    assert!(run(&folder, &["skill", "list"]).1.contains("ours (the project's): Does it."));
    assert!(run(&folder, &["skill", "list", "--json"]).1.contains("\"project\":\"trusted\""));
    assert_eq!(run(&folder, &["trust", "--list"]).1.lines().count(), 1);

    write(folder.path(), ".agents/skills/ours/SKILL.md", "---\nname: ours\ndescription: Other.\n---\n");
    let (code, said, _) = run(&folder, &["trust"]);
    assert!(code == 1 && said.contains("have changed since"), "{said}");
    assert_eq!(run(&folder, &["trust", "--revoke"]).0, 0);
    assert_eq!(run(&folder, &["trust", "--revoke"]).0, 1);
    let (code, _, said) = run(&folder, &["trust", "nowhere"]);
    assert!(code == 2 && said.contains("nowhere"), "{said}");
}

#[test]
fn skills_are_checked_by_file_and_place() {
    let folder = project();
    assert_eq!(run(&folder, &["skill", "check", ".agents/skills/ours"]), (0, String::new(), String::new()));
    write(folder.path(), "bad/SKILL.md", "---\nname: bad\ncolour: red\n---\n");
    let (code, said, _) = run(&folder, &["skill", "check", "bad", "home/.claude/skills/mine/SKILL.md"]);
    assert_eq!(code, 1);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("bad/SKILL.md:1:1: error: `description` is missing"), "{said}");
    assert!(lines[1].starts_with("bad/SKILL.md:3:1: hint: `colour`"), "{said}");
    assert!(lines[2].contains("mine/SKILL.md:2:7: warning:"), "{said}");
    assert_eq!(run(&folder, &["skill", "check", "nowhere"]).0, 2);
}

//! Skills: where they are found, what is wrong with them, and whether the project is trusted.

use std::fs;
use std::path::Path;

use foretype::skills::frontmatter::{Frontmatter, Severity};
use foretype::skills::team::Team;
use foretype::skills::trust::{Contents, Standing, Trust};
use foretype::skills::{Origin, Skills};
use tempfile::TempDir;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        write(folder.path(), path, content);
    }
    folder
}

fn write(folder: &Path, path: &str, content: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn skill(name: &str, description: &str) -> String {
    format!("---\nname: {name}\ndescription: {description}\n---\nDo it.\n")
}

/// Severity, what is marked, and the message, of each flaw of a `SKILL.md` in the folder `tidy-up`.
#[track_caller]
fn flaws(text: &str, expected: &[(Severity, &str, &str)]) {
    let head = Frontmatter::of(text).in_folder(text, "tidy-up");
    let found: Vec<(Severity, &str, &str)> =
        head.flaws.iter().map(|flaw| (flaw.severity, &text[flaw.range.clone()], flaw.message.as_str())).collect();
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for ((severity, marked, message), (expected_severity, expected_marked, part)) in found.iter().zip(expected) {
        assert_eq!((severity, marked), (expected_severity, expected_marked), "{message}");
        assert!(message.contains(part), "{message}");
    }
}

use Severity::{Error, Hint, Warning};

#[test]
fn a_well_formed_head_has_no_flaws() {
    let text = "---\nname: tidy-up\ndescription: |\n  Tidies ünïcode.\n  Use it often.\nlicense: MIT\ncompatibility: any\n\
                metadata:\n  author: me\n  version: \"1.0\"\nallowed-tools: Bash(git:*) Read\n---\n\n# Steps\n";
    flaws(text, &[]);
    let head = Frontmatter::of(text);
    assert_eq!(head.name.as_deref(), Some("tidy-up"));
    assert_eq!(head.description.as_deref(), Some("Tidies ünïcode.\nUse it often."));
    assert_eq!(&text[head.body], "\n# Steps\n");
    flaws("\u{feff}---\r\nname: tidy-up\r\ndescription: 'x'\r\n---\r\nGo.\r\n", &[]);
}

#[test]
fn each_flaw_is_marked_where_it_is() {
    flaws("# Tidy\n", &[(Error, "# Tidy", "begins with a line `---`")]);
    flaws("---\nname: tidy-up\n", &[(Error, "---", "no end")]);
    flaws("---\n---\n", &[(Error, "---", "`description` is missing"), (Warning, "---", "`name` is missing")]);
    flaws("---\nname: tidy-up\ndescription:\n---\n", &[(Error, "description", "say what it does")]);
    flaws(
        "---\nname: Tidy_Up\ndescription: ü\n---\n",
        &[(Warning, "Tidy_Up", "lower case letters"), (Warning, "Tidy_Up", "not that of its folder")],
    );
    flaws("---\ndescription: ünï\nname: other\n---\n", &[(Warning, "other", "`tidy-up`")]);
    let long = "x".repeat(1025);
    flaws(&format!("---\nname: tidy-up\ndescription: {long}\n---\n"), &[(Warning, &long, "at most 1024")]);
    let name = format!("{}--b", "a".repeat(70));
    flaws(&format!("---\nname: {name}\ndescription: x\n---\n"), &[(Warning, &name, "64"), (Warning, &name, "folder")]);
    flaws(
        "---\nname: tidy-up\ndescription: x\nmodel: big\nmetadata:\n  a: [1]\nlicense: [MIT]\n---\n",
        &[
            (Hint, "model", "not in the specification"),
            (Warning, "[1]", "in `metadata` is a text"),
            (Warning, "[MIT]", "`license` is a text"),
        ],
    );
    flaws("---\nname: [a\ndescription: x\n---\n", &[(Error, ": x", "not YAML")]);
    flaws("---\nname: tidy-up\nname: tidy-up\ndescription: x\n---\n", &[(Error, "name", "twice")]);
    flaws("---\n- a\n---\n", &[(Error, "", "`name: text`")]);
}

#[test]
fn a_text_with_a_colon_is_read_all_the_same() {
    let text = "---\nname: tidy-up\ndescription: Use it for this: \"that\"\nlicense: MIT\n---\nGo.\n";
    flaws(text, &[(Warning, "Use it for this: \"that\"", "needs quotes")]);
    assert_eq!(Frontmatter::of(text).description.as_deref(), Some("Use it for this: \"that\""));
}

#[test]
fn long_instructions_are_hinted_at() {
    let text = skill("tidy-up", "x") + &"line\n".repeat(500);
    let head = Frontmatter::of(&text);
    assert_eq!((head.flaws.len(), head.flaws[0].severity), (1, Hint));
}

#[test]
fn skills_are_found_near_before_far_and_the_projects_before_the_users() {
    let project = folder(&[
        (".git/HEAD", ""),
        (".agents/skills/deploy/SKILL.md", &skill("deploy", "of the root")),
        (".agents/skills/group/inner/lint/SKILL.md", &skill("lint", "deep")),
        (".agents/skills/node_modules/evil/SKILL.md", &skill("evil", "x")),
        (".claude/skills/review/SKILL.md", &skill("review", "of the project")),
        (".claude/skills/broken/SKILL.md", "---\nname: broken\n---\n"),
        ("app/.claude/skills/deploy/SKILL.md", &skill("deploy", "of the app")),
        ("other/.claude/skills/hidden/SKILL.md", &skill("hidden", "x")),
    ]);
    let home = folder(&[
        (".agents/skills/review/SKILL.md", &skill("review", "of the user")),
        (".claude/skills/mine/SKILL.md", &skill("wrong-name", "loads with a note")),
        (".config/skills/no/SKILL.md", &skill("no", "x")),
    ]);
    let found = Skills::find(Some(&project.path().join("app")), Some(home.path()));
    let shown: Vec<(&str, &str, Origin)> =
        found.skills.iter().map(|skill| (skill.name.as_str(), skill.description.as_str(), skill.origin)).collect();
    assert_eq!(
        shown,
        [
            ("deploy", "of the app", Origin::Project),
            ("lint", "deep", Origin::Project),
            ("review", "of the project", Origin::Project),
            ("wrong-name", "loads with a note", Origin::User),
        ]
    );
    let has_note = |part: &str| found.notes.iter().any(|note| note.contains(part));
    assert!(
        has_note("`deploy` in") && has_note("`review` in") && has_note("broken/SKILL.md:1: `description`"),
        "{found:?}"
    );
    assert_eq!(found.notes.len(), 3);
    assert!(found.get("wrong-name").unwrap().notes[0].contains("not that of its folder"));
    assert_eq!(found.get("deploy").unwrap().body().unwrap(), "Do it.");
    assert_eq!(found.of_user().skills.len(), 1);
    assert_eq!(Skills::find(None, None), Skills::default());
}

#[cfg(unix)]
#[test]
fn links_of_a_project_do_not_lead_out_of_it() {
    use std::os::unix::fs::symlink;
    let outside = folder(&[("s/SKILL.md", &skill("s", "x")), ("secret", &skill("secret", "x"))]);
    let project = folder(&[(".git/HEAD", ""), (".agents/skills/a/SKILL.md", &skill("a", "x"))]);
    let skills = project.path().join(".agents/skills");
    fs::create_dir(project.path().join(".claude")).unwrap();
    symlink("../.agents/skills", project.path().join(".claude/skills")).unwrap();
    symlink(outside.path().join("s"), skills.join("s")).unwrap();
    symlink("..", skills.join("round")).unwrap();
    fs::create_dir(skills.join("secret")).unwrap();
    symlink(outside.path().join("secret"), skills.join("secret/SKILL.md")).unwrap();
    let found = Skills::find(Some(project.path()), None);
    assert_eq!(found.skills.iter().map(|skill| skill.name.as_str()).collect::<Vec<_>>(), ["a"]);
    assert_eq!(found.notes.iter().filter(|note| note.contains("leads out of the project")).count(), 2, "{found:?}");
    // In the user's own home links lead where the user likes.
    let home = folder(&[]);
    fs::create_dir(home.path().join(".claude")).unwrap();
    symlink(outside.path(), home.path().join(".claude/skills")).unwrap();
    assert_eq!(Skills::find(None, Some(home.path())).skills.len(), 1);
}

#[test]
fn the_search_is_bounded() {
    let home = folder(&[]);
    let skills = home.path().join(".agents/skills");
    for i in 0..2_100 {
        fs::create_dir_all(skills.join(format!("{i:04}"))).unwrap();
    }
    write(&skills, "zzz/SKILL.md", &skill("zzz", "x"));
    write(&skills, "0001/2/3/4/SKILL.md", &skill("deep", "x"));
    write(&skills, "0002/2/3/4/5/SKILL.md", &skill("too-deep", "x"));
    let found = Skills::find(None, Some(home.path()));
    assert_eq!(found.skills.iter().map(|skill| skill.name.as_str()).collect::<Vec<_>>(), ["deep"]);
    assert!(found.notes[0].contains("2000 folders") || found.notes.iter().any(|note| note.contains("2000 folders")));
}

#[test]
fn trust_is_of_what_was_shown_and_ends_with_a_change() {
    let state = folder(&[]);
    let trust = Trust::at(state.path().join("sub/trust.json"));
    let project = folder(&[(".git/HEAD", "")]);
    let root = project.path();
    assert_eq!(trust.standing(root).unwrap(), Standing::Empty);
    write(root, ".agents/skills/a/SKILL.md", &skill("a", "x"));
    write(root, ".agents/skills/a/scripts/run.sh", "echo\n");
    assert_eq!(trust.standing(root).unwrap(), Standing::Unknown);
    let contents = Contents::of(root).unwrap();
    assert_eq!(contents.files.len(), 2);
    trust.grant(root, &contents).unwrap();
    assert_eq!(trust.standing(root).unwrap(), Standing::Trusted);
    assert_eq!(trust.folders().unwrap().len(), 1);
    // A script is as much a part of it as the instructions; so are a team, and a file that is new or gone.
    type Change = fn(&Path);
    let changes: [(Change, Change); 4] = [
        (
            |root| write(root, ".agents/skills/a/scripts/run.sh", "rm\n"),
            |root| write(root, ".agents/skills/a/scripts/run.sh", "echo\n"),
        ),
        (|root| write(root, ".foretype/team.toml", ""), |root| fs::remove_dir_all(root.join(".foretype")).unwrap()),
        (
            |root| write(root, ".claude/skills/b/SKILL.md", "x"),
            |root| fs::remove_dir_all(root.join(".claude")).unwrap(),
        ),
        (
            |root| fs::rename(root.join(".agents/skills/a/scripts"), root.join(".agents/skills/a/s")).unwrap(),
            |root| fs::rename(root.join(".agents/skills/a/s"), root.join(".agents/skills/a/scripts")).unwrap(),
        ),
    ];
    for (change, back) in changes {
        change(root);
        assert_eq!(trust.standing(root).unwrap(), Standing::Changed);
        back(root);
        assert_eq!(trust.standing(root).unwrap(), Standing::Trusted);
    }
    // What was shown is what is trusted, not what is there by then.
    write(root, ".agents/skills/a/SKILL.md", &skill("a", "other"));
    trust.grant(root, &contents).unwrap();
    assert_eq!(trust.standing(root).unwrap(), Standing::Changed);
    assert!(trust.revoke(root).unwrap() && !trust.revoke(root).unwrap());
    assert_eq!(trust.standing(root).unwrap(), Standing::Unknown);
    write(state.path(), "sub/trust.json", "{");
    assert!(trust.standing(root).unwrap_err().contains("delete it"));
}

#[test]
fn a_team_names_agents_and_no_programs() {
    let project = folder(&[(
        ".foretype/team.toml",
        "[[member]]\nname = \"reviewer\"\nabout = \"reads\"\nagent = \"claude\"\nskill = \"review\"\nbudget_usd = 0.5\n\
         [[member]]\nname = \"fixer\"\ninstruction = \"Fix it.\"\n",
    )]);
    let team = Team::load(project.path()).unwrap().unwrap();
    assert_eq!(team.get("reviewer").unwrap().agent.as_deref(), Some("claude"));
    assert_eq!(team.get("fixer").unwrap().instruction, "Fix it.");
    assert_eq!(Team::load(&project.path().join("nowhere")), Ok(None));
    let refused = |text: &str, part: &str| {
        write(project.path(), ".foretype/team.toml", text);
        let problem = Team::load(project.path()).unwrap_err();
        assert!(problem.contains(part) && problem.contains("team.toml"), "{problem}");
    };
    refused("[[member]]\nname = \"x\"\ncommand = [\"sh\"]\n", "command");
    refused("[[member]]\nname = \"x\"\nenv = {}\n", "env");
    refused("[[member]]\nname = \" \"\n", "no name");
    refused("[[member]]\nname = \"x\"\n[[member]]\nname = \"x\"\n", "two members");
    refused("[[member]]\nname = \"x\"\nbudget_usd = -1.0\n", "budget");
}

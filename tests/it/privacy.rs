//! What may be read: path rules, ignore files, and the scan for keys.

use std::fs;
use std::path::Path;

use foretype::privacy::{Denied, IgnoreLine, Kept, Level, Options, Privacy};

fn privacy(deny: &[&str], allow: &[&str]) -> Privacy {
    let owned = |globs: &[&str]| globs.iter().map(|glob| glob.to_string()).collect();
    Privacy::new(&Options { deny: owned(deny), allow: owned(allow), ..Options::default() }).unwrap()
}

/// The glob that denies `path`, or "" when it may be read.
fn glob(privacy: &Privacy, path: &str) -> String {
    match privacy.path(Path::new(path)) {
        Ok(()) => String::new(),
        Err(Denied::Pattern { glob, .. }) => glob,
        Err(other) => panic!("{path}: {other}"),
    }
}

#[test]
fn names_that_tend_to_hold_secrets_are_denied() {
    let privacy = privacy(&[], &[]);
    for (path, expect) in [
        ("/app/.env", ".env*"),
        ("/app/.env.local", ".env*"),
        ("/app/.env.example", ".env*"),
        ("/app/.ENV", ".env*"),
        ("prod.env", "*.env"),
        ("/app/tls/Server.PEM", "*.pem"),
        ("/home/u/.ssh/config", ".ssh/"),
        ("/home/u/.aws/sso/cache/x.txt", ".aws/"),
        ("/home/u/.docker/config.json", ".docker/config.json"),
        ("/home/u/id_ed25519", "id_*"),
        ("/home/u/id_rsa.pub", "id_*"),
        ("/app/credentials", "credentials*"),
        ("/app/credentials.json", "credentials*"),
        ("/app/secrets.yaml", "secrets.*"),
        ("/app/prod.tfstate.backup", "*.tfstate.*"),
    ] {
        assert_eq!(glob(&privacy, path), expect, "{path}");
    }
}

#[test]
fn code_about_secrets_is_code() {
    let privacy = privacy(&[], &[]);
    for path in ["src/id_map.rs", "credentials.go", "secrets.py", "environment.ts", "docker/config.json", "src/key.rs"]
    {
        assert_eq!(glob(&privacy, path), "", "{path}");
    }
}

#[test]
fn the_users_globs_tighten_and_loosen() {
    let privacy = privacy(&["internal/", "*.sql", "/abs/only.rs"], &[".env.example", "*.sql"]);
    assert_eq!(glob(&privacy, "/app/internal/deep/x.rs"), "internal/");
    assert_eq!(glob(&privacy, "/app/.env.example"), "", "allowed by name");
    assert_eq!(glob(&privacy, "/app/dump.sql"), "*.sql", "the user's deny beats the user's allow");
    assert_eq!(glob(&privacy, "/abs/only.rs"), "/abs/only.rs");
    assert_eq!(glob(&privacy, "/app/abs/only.rs"), "");
}

#[test]
fn a_bad_glob_is_named() {
    let error = Privacy::new(&Options { deny: vec!["a[".into()], ..Options::default() }).err().unwrap();
    assert!(error.contains("`a[`") && error.contains("unclosed"), "{error}");
}

/// Writes `files` (name, content) into a new folder; asks for `path` from that folder, or `root` below it.
#[track_caller]
fn check_ignored(files: &[(&str, &str)], root: &str, path: &str, expect: Option<(&str, &str)>) {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().canonicalize().unwrap();
    for (name, content) in files {
        let file = top.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }
    let found = privacy(&[], &["kept.log"]).ignored(Some(&top.join(root)), &top.join(path));
    let found = found.err().map(|denied| match denied {
        Denied::Ignored(IgnoreLine { file, glob, .. }) => (file, glob),
        other => panic!("{other}"),
    });
    assert_eq!(found, expect.map(|(file, glob)| (top.join(file), glob.to_string())));
}

#[test]
fn ignore_files_of_every_kind_count() {
    for name in [".gitignore", ".ignore", ".foretypeignore", ".git/info/exclude"] {
        check_ignored(&[(name, "# generated\n*.log\n")], "", "a/b.log", Some((name, "*.log")));
        check_ignored(&[(name, "*.log\n")], "", "a/b.rs", None);
    }
}

#[test]
fn a_nearer_ignore_file_and_a_later_line_win() {
    let files = &[(".gitignore", "*.log\n"), ("a/.gitignore", "!b.log\n")];
    check_ignored(files, "", "a/b.log", None);
    check_ignored(files, "", "a/c.log", Some((".gitignore", "*.log")));
    check_ignored(&[(".gitignore", "*.log\n!b.log\n")], "", "b.log", None);
}

#[test]
fn our_own_ignore_file_beats_gits() {
    check_ignored(&[(".foretypeignore", "!b.log\n"), ("a/.gitignore", "*.log\n")], "", "a/b.log", None);
}

#[test]
fn what_lies_in_an_ignored_folder_is_ignored() {
    let files = &[(".gitignore", "/build/\n"), ("build/.gitignore", "!kept.rs\n")];
    check_ignored(files, "", "build/deep/kept.rs", Some((".gitignore", "/build/")));
    check_ignored(files, "", "src/build/a.rs", None);
}

#[test]
fn a_workspace_inside_a_repository_obeys_the_repository() {
    let files = &[(".git/HEAD", ""), (".gitignore", "*.log\n"), ("crate/src/lib.rs", "")];
    check_ignored(files, "crate", "crate/src/b.log", Some((".gitignore", "*.log")));
}

#[test]
fn allow_opens_an_ignored_file() {
    check_ignored(&[(".gitignore", "*.log\n")], "", "kept.log", None);
}

/// The kind and line of the secret in `text`, or "".
fn secret(text: &str) -> String {
    match privacy(&[], &[]).content(text) {
        Ok(()) => String::new(),
        Err(Denied::Secret { kind, line }) => format!("{kind}, line {line}"),
        Err(other) => panic!("{other}"),
    }
}

/// Random enough for every shape, and put together here so that no scanner finds it in this file.
const RANDOM: &str = "q7Rz1Kw9Xb3Vn5Tm8Yc2Lp6Hd4Gs0Jf3Fa7Ue1Wo5";

#[test]
fn tokens_of_known_shapes_are_found() {
    for (start, length, kind) in [
        ("ghp_", 36, "GitHub token"),
        ("glpat-", 20, "GitLab token"),
        ("xoxb-2348902348-", 24, "Slack token"),
        ("sk_live_", 24, "Stripe key"),
        ("AIza", 35, "Google API key"),
        ("sk-ant-", 40, "model provider's key"),
        ("npm_", 36, "npm token"),
    ] {
        let text = format!("fn main() {{\n    call(\"{start}{}\");\n}}\n", &RANDOM[..length]);
        assert_eq!(secret(&text), format!("{kind}, line 2"), "{text}");
    }
    assert_eq!(secret(&format!("AK{}", "IAQZ3MN7VBX5TLKC2W")), "AWS access key id, line 1");
    let key = format!("// x\n-----BEGIN {}-----\n{}{RANDOM}\n", "RSA PRIVATE KEY", "MIIEpAIBAAKCAQEA");
    assert_eq!(secret(&key), "private key, line 2");
    assert_eq!(secret(&key.replace('\n', "\\n")), "private key, line 1", "in a string literal");
}

#[test]
fn random_values_of_telling_names_are_found() {
    for text in [
        format!("DB_PASSWORD = \"{}\"", &RANDOM[..24]),
        format!("  api-key: {}\r\n", &RANDOM[..32]),
        format!("{{\"accessToken\": \"{}\"}}", &RANDOM[..24]),
        format!("const CLIENT_SECRET: &str = \"{}\";", &RANDOM[..24]),
        format!("apiKey := `{}`", &RANDOM[..24]),
    ] {
        assert_eq!(secret(&text), "value of a password or token, line 1", "{text}");
    }
}

#[test]
fn placeholders_and_code_are_not_secrets() {
    for text in [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "if line == \"-----BEGIN RSA PRIVATE KEY-----\" { decode() }",
        "let token = self.next_token_or_end_of_input2();",
        "password: \"correct-horse-battery-staple-2\"",
        "token = \"550e8400-e29b-41d4-a716-446655440000\"",
        "checksum = \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"",
        "disk-q7Rz1Kw9Xb3Vn5Tm8Yc2Lp6Hd4Gs0Jf3Fa7Ue1Wo5",
    ] {
        assert_eq!(secret(text), "", "{text}");
    }
}

#[test]
fn a_verdict_is_a_sentence_without_the_secret() {
    let token = format!("ghp_{}", &RANDOM[..36]);
    let sentence = privacy(&[], &[]).content(&token).unwrap_err().to_string();
    assert!(sentence.starts_with("line 1 looks like it holds a secret (GitHub token)"), "{sentence}");
    assert!(!sentence.contains(&token[4..12]), "{sentence}");
    let sentence = privacy(&[], &[]).path(Path::new(".env.local")).unwrap_err().to_string();
    assert!(sentence.contains("`.env*`") && sentence.contains("privacy.allow"), "{sentence}");
}

/// Writes `files` (name, content) into a new folder and gives the level of `path` there in a short form: `may leave`,
/// or `blocked` or `local` with the line or glob that decides.
fn level(options: &Options, files: &[(&str, &str)], path: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().canonicalize().unwrap();
    for (name, content) in files {
        let file = top.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }
    brief(&top, &Privacy::new(options).unwrap().level(Some(&top), &top.join(path)))
}

fn brief(top: &Path, level: &Level) -> String {
    let denied = |denied: &Denied| match denied {
        Denied::Pattern { glob, .. } => glob.clone(),
        Denied::Ignored(line) => place(top, line),
        Denied::Secret { kind, .. } => kind.to_string(),
    };
    match level {
        Level::MayLeave => "may leave".to_string(),
        Level::Blocked(why) => format!("blocked {}", denied(why)),
        Level::Local(Kept::Pattern { glob }) => format!("local {glob}"),
        Level::Local(Kept::Ignored(line)) => format!("local {}", place(top, line)),
        Level::Local(Kept::Allowed(why)) => format!("local, allowed {}", denied(why)),
        Level::Local(Kept::Nameless) => "nameless".to_string(),
    }
}

fn place(top: &Path, line: &IgnoreLine) -> String {
    let file = line.file.strip_prefix(top).unwrap_or(&line.file).display();
    format!("{file}:{}", line.line.map_or("?".to_string(), |line| line.to_string()))
}

#[track_caller]
fn check_level(files: &[(&str, &str)], path: &str, expect: &str) {
    assert_eq!(level(&Options::default(), files, path), expect, "{path}");
}

#[test]
fn what_git_ignores_stays_here_and_what_our_ignore_file_names_is_blocked() {
    for git in [".gitignore", ".git/info/exclude", ".ignore"] {
        let files = &[(git, "# generated\n\n*.log\n*.gen.rs \n")];
        check_level(files, "a/b.log", &format!("local {git}:3"));
        check_level(files, "a/b.gen.rs", &format!("local {git}:4"));
        check_level(files, "a/b.rs", "may leave");
    }
    check_level(&[(".foretypeignore", "a/\n*.log\n")], "b.log", "blocked .foretypeignore:2");
    check_level(&[(".env", "")], ".env", "blocked .env*");
    check_level(&[(".gitignore", "/build/\n"), ("build/x.rs", "")], "build/x.rs", "local .gitignore:1");
    let both = &[(".gitignore", "/build/\n"), ("build/.foretypeignore", "x.rs\n"), ("build/x.rs", "")];
    check_level(both, "build/x.rs", "blocked build/.foretypeignore:1");
}

/// They come with the code of strangers.
#[test]
fn an_ignore_file_of_one_kind_loosens_nothing_of_another() {
    for loosening in [".foretypeignore", ".ignore"] {
        let files = &[(".gitignore", "*.log\n"), (loosening, "!b.log\n")];
        check_level(files, "b.log", "local .gitignore:1");
        check_ignored(files, "", "b.log", None);
    }
    check_level(&[(".foretypeignore", "*.log\n"), (".gitignore", "!b.log\n")], "b.log", "blocked .foretypeignore:1");
    check_level(&[(".gitignore", "*.log\n!b.log\n")], "b.log", "may leave");
}

#[test]
fn allow_opens_for_this_machine_alone_and_local_only_keeps() {
    let owned = |globs: &[&str]| globs.iter().map(|glob| glob.to_string()).collect::<Vec<String>>();
    let options = Options {
        deny: owned(&["*.sql"]),
        allow: owned(&[".env.example", "*.gen.rs", "*.sql", "*.log"]),
        local_only: owned(&["internal/", "*.proto"]),
    };
    let files = &[(".foretypeignore", "*.gen.rs\n"), (".gitignore", "*.log\n")];
    for (path, expect) in [
        (".env.example", "local, allowed .env*"),
        (".env", "blocked .env*"),
        ("a.gen.rs", "local, allowed .foretypeignore:1"),
        ("a.log", "local .gitignore:1"),
        ("a.sql", "blocked *.sql"),
        ("internal/deep/a.rs", "local internal/"),
        ("internal/.env", "blocked .env*"),
        ("API.Proto", "local *.proto"),
        ("a.rs", "may leave"),
    ] {
        assert_eq!(level(&options, files, path), expect, "{path}");
    }
}

#[test]
#[cfg(unix)]
fn a_link_is_as_free_as_what_it_leads_to() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().canonicalize().unwrap();
    fs::create_dir(top.join(".git")).unwrap();
    fs::write(top.join(".gitignore"), "kept/\n").unwrap();
    fs::create_dir(top.join("kept")).unwrap();
    for (file, link, expect) in [
        (".env", "a.rs", "blocked .env*"),
        ("kept/x.rs", "b.rs", "local .gitignore:1"),
        ("free.rs", "c.rs", "may leave"),
        ("free.rs", "id_rsa", "blocked id_*"),
    ] {
        fs::write(top.join(file), "").unwrap();
        std::os::unix::fs::symlink(top.join(file), top.join(link)).unwrap();
        let found = Privacy::new(&Options::default()).unwrap().level(Some(&top), &top.join(link));
        assert_eq!(brief(&top, &found), expect, "{link}");
    }
}

#[test]
fn a_level_is_a_sentence_with_file_line_and_glob() {
    let line = IgnoreLine { file: "/p/.gitignore".into(), line: Some(3), glob: "*.log".into() };
    let sentence = Level::Local(Kept::Ignored(line.clone())).to_string();
    assert!(
        sentence.contains("stays on this machine") && sentence.contains("`*.log` of /p/.gitignore:3"),
        "{sentence}"
    );
    let sentence = Level::Local(Kept::Allowed(Denied::Ignored(line))).to_string();
    assert!(sentence.contains("/p/.gitignore:3") && sentence.contains("`privacy.allow`"), "{sentence}");
    let sentence = Level::Local(Kept::Pattern { glob: "a/".into() }).to_string();
    assert!(sentence.contains("`a/` of `privacy.local_only`"), "{sentence}");
}

//! The scan of what would leave the machine. Secrets are put together here, so that no scanner finds one in this file.

use std::path::Path;

use foretype::privacy::{clear_cursor, clear_piece, leaving};

const RANDOM: &str = "q7Rz1Kw9Xb3Vn5Tm8Yc2Lp6Hd4Gs0Jf3Fa7Ue1Wo5";

/// What is found in `text`, each as its kind and the bytes it covers.
fn found(text: &str) -> Vec<(&'static str, &str)> {
    leaving(text).into_iter().map(|found| (found.kind, &text[found.range])).collect()
}

#[track_caller]
fn check(text: &str, kind: &str, part: &str) {
    assert_eq!(found(text), [(kind, part)], "{text}");
    assert_eq!(clear_piece(text).unwrap_err().kind, kind);
    let around = format!("fn a() {{}}\n// é\n{text}\nfn b() {{}}\n");
    assert_eq!(clear_piece(&around).unwrap_err().line(&around), 3, "{around}");
}

#[test]
fn what_the_scan_of_files_finds_is_found() {
    let token = format!("ghp_{}", &RANDOM[..36]);
    check(&format!("call(\"{token}\");"), "GitHub token", &token);
    let hook = format!("https://hooks.slack.com/services/{}/{}/{}", "T02QX9R1M", "B03WZ8K2N", &RANDOM[..24]);
    check(&format!("url = '{hook}'"), "webhook address", &hook);
    let key = format!("-----BEGIN {} KEY-----\n{}", "PRIVATE", "MIIEpAIBAAKCAQEA");
    assert_eq!(found(&key)[0].0, "private key", "less of it than makes a file one");
}

#[test]
fn values_of_telling_names_are_found() {
    let value = "value of a password or token";
    let weak = ["hunter", "2-really"].concat();
    for name in ["DB_PASSWORD", "api-key", "clientSecret", "\"accessToken\"", "pwd", "passphrase"] {
        for sign in [" = ", ": ", " => ", " := "] {
            check(&format!("{name}{sign}\"{weak}\","), value, &weak);
        }
    }
    check(&format!("const API_KEY: &str = \"{weak}\";"), value, &weak);
    check(&format!("DB_PASSWORD={weak}"), value, &weak);
    check(&format!("if password == '{weak}':"), value, &weak);
    let words = ["correcthorse", "batterystaple"].concat();
    check(&format!("password: \"{words}\""), value, &words);
}

#[test]
fn passwords_in_addresses_and_headers_are_found() {
    let password = ["s3", "cr3t-Pa55"].concat();
    for scheme in ["postgres", "mongodb+srv", "amqp", "https"] {
        check(&format!("{scheme}://app:{password}@db.internal:5432/app"), "password in an address", &password);
    }
    check(&format!("redis://:{password}@10.0.0.1"), "password in an address", &password);
    let credentials = &RANDOM[..20];
    for scheme in ["Bearer", "Basic", "bearer", "token"] {
        check(&format!("-H 'Authorization: {scheme} {credentials}'"), "authorization header", credentials);
    }
}

#[test]
fn random_looking_text_is_found() {
    for (text, kind) in [
        (&RANDOM[..24], "random-looking text"),
        ("wJalrXUtnFEMI/K7MD3NG/bPx8RfiCY9zQ2Kv+Lm", "random-looking text"),
        ("key-3ax6xnjp29jd6fds4gc373sgvjxteol0", "random-looking text"),
        ("MZXW6YTBOI2GK5DJN5XGK43UEBSG6ZLT", "random-looking text"),
        ("9f86d081884c7d659a2feaa0c55ad015", "hexadecimal key"),
        ("0x8f2a559490d54b1e8b6e0a3c4f9d7b21e5c3a1908f7e6d5c4b3a29180f7e6d5c", "hexadecimal key"),
    ] {
        check(&format!("let x = f(\"{text}\");"), kind, text);
        check(&format!("VAPID={text}"), kind, text);
    }
    let body = [RANDOM, &RANDOM[..24]].concat();
    check(&body, "random-looking text", &body);
}

/// Of code that people write, what resembles a secret.
#[test]
fn code_passes() {
    for text in [
        "let id = \"550e8400-e29b-41d4-a716-446655440000\";",
        "token = \"550e8400-e29b-41d4-a716-446655440000\"",
        "sha256: \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\",",
        "rev = \"d6f1c0a9b8e7d6c5b4a39281706f5e4d3c2b1a09\"",
        "// see https://github.com/o/r/blob/d6f1c0a9b8e7d6c5b4a39281706f5e4d3c2b1a09/src/Lib2.rs#L10",
        "integrity=\"sha512-q7Rz1Kw9Xb3Vn5Tm8Yc2Lp6Hd4Gs0Jf3Fa7Ue1Wo5\"",
        "TestPositionalsNargsNoneZeroOrMore1::new(ServerDoesNotSupportTls12Or13, HandlesUtf8AndUtf16Input)",
        "use std::arch::x86_64::_mm512_mask_cvtepi32_storeu_epi8;",
        "test_send_unicode_with_SMTPUTF8_via_sendmail()",
        "TLS_DH_anon_WITH_AES_128_GCM_SHA256",
        "open('/Developer/SDKs/MacOSX10/usr/include/x86_64')",
        "const MASK: u128 = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef;",
        "\"0000000000000000000000000000000000000001\"",
        "let token = self.next_token_or_end_of_input2();",
        "password: String,",
        "password = getpass.getpass(prompt2)",
        "secret_key = os.environ[\"SECRET_KEY_2\"]",
        "password: \"${DB_PASSWORD_1}\"",
        "token: '{{ secrets.TOKEN_1 }}'",
        "\"password\": \"changeme123456\"",
        "postgres://user:password@localhost/db",
        "https://user:${TOKEN}@host/",
        "ssh://git@github.com:22/o/r",
        "-----BEGIN CERTIFICATE-----",
        "if line == \"-----BEGIN RSA PRIVATE KEY-----\" {",
        "AKIAIOSFODNN7EXAMPLE",
        "mail = \"someone.with.a.long.name@example.org\"",
        "==============================================",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    ] {
        assert_eq!(found(text), [], "{text}");
        assert_eq!(clear_piece(text), Ok(text));
    }
}

#[test]
fn what_is_being_typed_is_found_before_it_is_whole() {
    let begun = |before: &str, after: &str| clear_cursor(before, after).err().map(|found| found.kind);
    assert_eq!(begun("let a = 1;\npassword = \"hun", "\"\n"), Some("value of a password or token"));
    assert_eq!(begun("  apiKey: '", "',\n"), Some("value of a password or token"));
    assert_eq!(begun("call(\"ghp_q7R", "\")"), Some("token"));
    assert_eq!(begun("password = \"hun\";\nlet b = ", ""), None, "it is short and behind");
    assert_eq!(begun("let token = ", "\n"), None);
    assert_eq!(begun("import hf_", "\n"), None);
    assert_eq!(begun("disk-1", ""), None);
    let (a, b) = RANDOM.split_at(20);
    assert_eq!(begun(&format!("f(\"{a}"), &format!("{b}\")")), Some("random-looking text"), "it spans the cursor");
    let found = clear_cursor("a\né = 1\npassword = \"hun", "").unwrap_err();
    assert_eq!((found.line("a\né = 1\npassword = \"hun"), found.range), (3, 21..24));
}

#[test]
fn finds_are_in_order_and_apart_on_any_text() {
    let key = format!("token = \"ghp_{}\" {RANDOM} é {}", &RANDOM[..36], "b://a:s3cr3tpw@h");
    let mut text = key.repeat(3);
    while !text.is_empty() {
        let found = leaving(&text);
        assert!(found.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start), "{text}");
        assert!(found.iter().all(|found| text.get(found.range.clone()).is_some()), "{text}");
        text.pop();
    }
}

/// Pieces of 64 lines of the code of this repository: nearly all may be context for a remote engine.
#[test]
fn little_of_real_code_is_held_back() {
    let (mut n, mut held) = (0, Vec::new());
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            for piece in lines.chunks(64) {
                n += 1;
                if let Err(found) = clear_piece(&piece.concat()) {
                    held.push(format!("{}: {}", path.display(), found.kind));
                }
            }
        }
    }
    assert!(n > 200 && held.len() * 100 <= n, "{} of {n} pieces:\n{}", held.len(), held.join("\n"));
}

/// The work grows with the text, not with its square: 16 times the text may not take 100 times as long.
#[test]
fn the_worst_texts_take_linear_time() {
    for part in ["a", "password=", "http://", "-----BEGIN ", "q7Rz1Kw9", "0123456789abcdef", "x://a:", "token: \"a"] {
        let time = |n: usize| {
            let text = part.repeat(n / part.len());
            let once = || {
                let started = std::time::Instant::now();
                leaving(&text);
                started.elapsed()
            };
            (0..3).map(|_| once()).min().unwrap().as_secs_f64()
        };
        let (short, long) = (time(4 << 10), time(64 << 10));
        assert!(long < 100.0 * short.max(1e-4), "{part}: {short} s, then {long} s");
    }
}

/// `cargo test --test it leaving::rates -- --ignored --nocapture`, with `FORETYPE_CORPUS` naming folders of code.
#[test]
#[ignore = "a measurement: needs a corpus"]
fn rates() {
    let folders = std::env::var("FORETYPE_CORPUS").unwrap_or_default();
    let mut counts = std::collections::BTreeMap::<String, (usize, usize)>::new();
    let mut kinds = std::collections::BTreeMap::<&str, Vec<String>>::new();
    let (mut n_bytes, mut seconds) = (0, 0.0);
    for folder in folders.split(':') {
        for entry in ignore::WalkBuilder::new(folder).build().flatten() {
            let extension = entry.path().extension().unwrap_or_default().to_string_lossy().to_string();
            let is_code = ["rs", "py", "js", "c", "h", "ts", "go", "java", "md", "toml", "json"].contains(&&*extension);
            let text = std::fs::read_to_string(entry.path());
            let Some(text) = text.ok().filter(|text| is_code && text.len() < 400_000) else { continue };
            for piece in text.split_inclusive('\n').collect::<Vec<_>>().chunks(64) {
                let piece = piece.concat();
                let started = std::time::Instant::now();
                let found = leaving(&piece);
                seconds += started.elapsed().as_secs_f64();
                n_bytes += piece.len();
                let (n, n_held) = counts.entry(extension.clone()).or_default();
                *n += 1;
                *n_held += usize::from(!found.is_empty());
                for found in found {
                    let part: String = piece[found.range].chars().take(60).collect();
                    kinds.entry(found.kind).or_default().push(format!("{part}  {}", entry.path().display()));
                }
            }
        }
    }
    for (extension, (n, n_held)) in counts {
        eprintln!("{extension}: {n_held} of {n} pieces, {:.2} %", 100.0 * n_held as f64 / n as f64);
    }
    for (kind, parts) in kinds {
        eprintln!("{kind}: {}", parts.len());
        parts.iter().step_by(parts.len() / 12 + 1).for_each(|part| eprintln!("    {part}"));
    }
    eprintln!("{n_bytes} bytes, {:.1} MB/s", n_bytes as f64 / seconds / 1e6);
}

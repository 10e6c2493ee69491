//! Who may not ask, and what cannot be read.

use std::fs;

use foretype::http::Token;

use super::Scene;

#[test]
fn strangers_are_refused() {
    let scene = Scene::items();
    let (port, key) = (scene.port, &scene.key);
    let check = |headers: &str, status: u16, said: &str| {
        let body = "{\"prompt\": \"let n = \"}";
        let length = body.len();
        let answer = scene.asker().send(&format!(
            "POST /v1/completions HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
        assert_eq!(answer.status, status, "{headers}: {}", answer.body);
        let message = answer.json()["error"]["message"].as_str().unwrap_or_default().to_string();
        assert!(message.contains(said), "{headers}: {message}");
        assert!(!answer.body.contains(key));
    };
    let (host, bearer) = (format!("Host: 127.0.0.1:{port}\r\n"), format!("Authorization: Bearer {key}\r\n"));
    check(&format!("{host}{bearer}"), 200, "");
    check(&format!("Host: LOCALHOST:{port}\r\nX-Api-Key: {key}\r\n"), 200, "");
    check(&format!("Host: [::1]:{port}\r\n{bearer}"), 200, "");
    let named = "use one of these names in the URL";
    check(&bearer, 403, named);
    check(&format!("Host: 127.0.0.1\r\n{bearer}"), 403, named);
    check(&format!("Host: 127.0.0.1:{}\r\n{bearer}", port ^ 1), 403, named);
    check(&format!("Host: evil.example:{port}\r\n{bearer}"), 403, named);
    check(&format!("Host: localhost.evil.example:{port}\r\n{bearer}"), 403, named);
    check(&format!("{host}{host}{bearer}"), 403, named);
    check(&format!("{host}Origin: http://127.0.0.1:{port}\r\n{bearer}"), 403, "web pages");
    check(&format!("{host}Origin: null\r\n{bearer}"), 403, "web pages");
    for given in ["", "Authorization: Bearer \r\n", "Authorization: Basic abc\r\n", "X-Api-Key: wrong\r\n"] {
        check(&format!("{host}{given}"), 401, "foretype http token");
    }
    check(&format!("{host}Authorization: Bearer {}\r\n", &key[..key.len() - 1]), 401, "foretype http token");
}

#[test]
fn what_cannot_be_read_is_refused_with_the_next_step() {
    let scene = Scene::items();
    let check = |path: &str, body: &str, status: u16, said: &str| {
        let (port, key, length) = (scene.port, &scene.key, body.len());
        let answer = scene.asker().send(&format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        ));
        assert!(answer.status == status && answer.body.contains(said), "{body}: {} {}", answer.status, answer.body);
    };
    check("/v1/completions", "{\"prompt\": ", 400, "not JSON");
    check("/v1/completions", "{\"prompt\": 3}", 400, "wrong type");
    check("/v1/completions", "{\"prompt\": [\"a\", \"b\"]}", 400, "one request for each prompt");
    check("/v1/completions", "{}", 400, "`prompt` is missing");
    check("/infill", "{\"prompt\": \"a\"}", 400, "`input_prefix` is missing");
    check("/v1/completions", "{\"prompt\": \"a\", \"language\": \"ruts\"}", 400, "no known language");
    // Ollama's clients read a text.
    check("/api/generate", "{}", 400, "{\"error\":\"`prompt` is missing");
}

#[test]
fn a_long_body_is_refused_before_it_is_held() {
    let scene = Scene::items();
    let (port, key) = (scene.port, &scene.key);
    let head = format!(
        "POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n"
    );
    let announced = scene.asker().send(&format!("{head}Content-Length: {}\r\n\r\n", (2 << 20) + 1));
    assert_eq!(announced.status, 413);
    let chunk = "x".repeat((2 << 20) + 1);
    let dripped =
        scene.asker().send(&format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{chunk}\r\n", chunk.len()));
    assert_eq!(dripped.status, 413, "{}", dripped.body);
}

#[test]
fn the_key_is_made_once_and_is_its_user_s_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a").join("http-token");
    let key = Token::open(&file).unwrap().text().to_string();
    assert!(key.len() == 64 && Token::open(&file).unwrap().is(&key));
    let other = Token::open(&folder.path().join("b")).unwrap();
    assert!(other.text() != key && !other.is(&key) && !other.is(""));
    fs::write(folder.path().join("short"), "abc").unwrap();
    let problem = |name: &str| format!("{:#}", Token::open(&folder.path().join(name)).err().unwrap());
    assert!(problem("short").contains("delete it"), "{}", problem("short"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(problem("a/http-token").contains("others may read"), "{}", problem("a/http-token"));
    }
}

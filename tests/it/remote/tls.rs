//! A server of the team's own, with a certificate of its own authority.

use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;

use foretype::engine::Cause;
use foretype::engine::remote::{Endpoint, Protocol};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use super::provider::{Step, answer, read};
use super::{endpoint, failure, remote, text};

/// Answers over TLS as `localhost`; its URL, and the authority's certificate in PEM.
fn serve() -> (String, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_string()]).unwrap().signed_by(&key, &authority).unwrap();
    let private = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
            let body = json!({"choices": [{"text": "a + b", "finish_reason": "stop"}]}).to_string();
            if read(&mut stream).is_some()
                && let Step::Send(bytes) = answer("200 OK", "content-type: application/json\r\n", body)
            {
                stream.write_all(&bytes).unwrap();
                stream.flush().unwrap();
            }
        }
    });
    (url, authority.pem())
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused_and_of_a_named_one_taken() {
    let (url, pem) = serve();
    let unknown = Endpoint { timeout_ms: 5000, ..endpoint(Protocol::Completions, &url) };
    let refused = failure(&remote(unknown.clone()));
    assert_eq!(refused.cause, Cause::Tls);
    assert!(refused.message.contains("`ca_file`"), "{refused}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, pem).unwrap();
    let known = Endpoint { ca_file: Some(file.clone()), ..unknown };
    assert_eq!(text(&remote(known.clone())).unwrap(), "a + b");

    std::fs::write(&file, "no certificate").unwrap();
    let contexts = Arc::new(|_: &foretype::context::Place| Default::default());
    let net = Arc::new(foretype::engine::remote::Net::start().unwrap());
    let made = foretype::engine::remote::Remote::new(known, net, contexts, None, super::CLIENT_WAITS);
    assert!(made.err().unwrap().contains("holds no certificates in PEM"));
}

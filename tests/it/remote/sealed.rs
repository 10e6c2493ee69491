//! With `remote.enabled` off nothing is sent anywhere: the system ends the real server at its first call that could.
//!
//! A filter of system calls (seccomp) is laid over the process before it begins, so that nothing it does is missed: making
//! a socket of any family but that of this machine's own processes, connecting any, or sending on one, also through the
//! kernel's ring. On Linux only.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::Signal;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use serde_json::json;

use super::provider::Provider;
use super::whole::{ask, says, settings, start_as, url};

/// `AF_UNIX`: the kind of socket that reaches no other machine.
const UNIX: u64 = 1;

fn filter() -> BpfProgram {
    let is_outside = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, UNIX).unwrap();
    let always = Vec::new;
    let rules = BTreeMap::from([
        (libc::SYS_socket, vec![SeccompRule::new(vec![is_outside]).unwrap()]),
        (libc::SYS_connect, always()),
        (libc::SYS_sendto, always()),
        (libc::SYS_sendmsg, always()),
        (libc::SYS_sendmmsg, always()),
        (libc::SYS_io_uring_setup, always()),
    ]);
    let machine = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::KillProcess, machine);
    filter.unwrap().try_into().unwrap()
}

/// Lays the filter over what the command will be.
fn seal(command: &mut Command) {
    let filter = filter();
    // SAFETY: between fork and exec this makes two system calls and allocates nothing, unless it fails.
    unsafe {
        command.pre_exec(move || seccompiler::apply_filter(&filter).map_err(std::io::Error::other));
    }
}

/// Whether the system lets us; some containers do not.
fn can_seal() -> bool {
    let mut command = Command::new("true");
    seal(&mut command);
    let runs = command.status();
    if runs.is_err() {
        eprintln!("skipped: seccomp not found");
    }
    assert!(runs.is_ok() || std::env::var_os("CI").is_none(), "in CI it has to be there: {runs:?}");
    runs.is_ok()
}

/// A collector on another machine is no exception.
fn sealed_settings(endpoint: &str, enabled: bool) -> String {
    let collector = "[otlp]\nurl = \"https://collector.example\"\nevery_s = 1\n";
    settings(endpoint, enabled) + if cfg!(feature = "otlp") { collector } else { "" }
}

#[test]
fn with_remote_off_no_socket_is_made_and_nothing_sent() {
    if !can_seal() {
        return;
    }
    let provider = Provider::start(|_, _| says("compute();"));
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (mut client, _) = start_as(home, &sealed_settings(&provider.url, false), seal);
    for i in 0..20 {
        assert_eq!(ask(&mut client, home, &format!("{i}.rs"), "let first = "), [""; 0]);
    }
    // What else a user does: settings again, the status, a file saved under a new name.
    client.notify("workspace/didChangeConfiguration", json!({"settings": {"suggest": {"max_lines": 3}}}));
    client.ask("workspace/executeCommand", json!({"command": "foretype.status", "arguments": []}));
    let document = json!({"uri": url(&home.join("project/0.rs"))});
    client.notify("textDocument/didClose", json!({"textDocument": document}));
    assert_eq!(ask(&mut client, home, "z.rs", "let last = "), [""; 0]);
    client.ask("shutdown", json!(null));
    client.notify("exit", json!(null));
    assert_eq!(client.close(), 0, "the system has ended it");
    assert_eq!((provider.n_connections(), provider.seen().len()), (0, 0));
}

#[test]
fn with_remote_on_the_watch_sees_the_first_call() {
    if !can_seal() {
        return;
    }
    let provider = Provider::start(|_, _| says("compute();"));
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (mut client, _) = start_as(home, &settings(&provider.url, true), seal);
    let uri = url(&home.join("project/a.rs"));
    client.open(&uri, "rust", "let first = ");
    client.begin_ghost(&uri, 0, 12);
    assert_eq!(client.ended(), -Signal::SYS.as_raw());
    assert_eq!(provider.n_connections(), 0);
}

//! The language server: protocol types, order, cancellation, one file a request.

/// Serves one client on stdin and stdout until it leaves; returns the process's exit code.
pub fn run() -> i32 {
    todo!()
}

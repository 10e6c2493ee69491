//! One file a subcommand.

/// Parses the arguments, runs the subcommand, returns the process's exit code.
pub fn run() -> i32 {
    todo!()
}

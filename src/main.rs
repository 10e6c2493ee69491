//! Arguments, then one call.

fn main() {
    std::process::exit(foretype::cli::run());
}

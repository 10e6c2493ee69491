//! The subcommands, as black boxes.

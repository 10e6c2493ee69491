//! One integration binary: a file of behaviour a module, the server over memory and over pipes, and the tidy rules.

mod bad_input;
mod binary;
mod cache;
mod cli;
mod client;
mod config;
mod context;
mod document;
mod flights;
mod hub;
mod instant;
mod layout;
mod ledger;
mod local;
mod local_model;
mod offer;
mod outcome;
mod outline;
mod predictor;
mod privacy;
mod prompt;
#[cfg(target_os = "linux")]
mod real_model;
mod restraint;
mod server;
mod stats;
mod stop;
mod storm;
mod suggestion;
mod syntax;
mod tape;
mod text;
mod tidy;
mod weights;
mod workspace;
mod workspace_symbols;

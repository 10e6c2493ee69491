//! One integration binary: a file of behaviour a module, the server over memory and over pipes, and the tidy rules.

mod bad_input;
mod cache;
mod cli;
mod client;
mod config;
mod document;
mod instant;
mod layout;
mod local_model;
mod predictor;
mod privacy;
mod prompt;
mod server;
mod suggestion;
mod syntax;
mod text;
mod tidy;
mod workspace;

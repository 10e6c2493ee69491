//! Recorded typing against a completion server, at its real pace: what a user would have seen, and when.
//!
//! A [`Trace`] is read and cut to a [`Script`] of moments; [`play`] plays it, open loop, to an imitated editor with its
//! language server ([`editor`]) or to llama.vim's policy ([`llama_vim`]), and keeps a [`Log`]. Everything that is
//! reported is then computed from script and log alone, by pure functions: [`screen`] what was visible, [`coming`] what
//! was right, [`oracle`] what could have been taken, [`measure`] and [`report`] the figures. Read in this order.
//!
//! Knows no engine and no predictor of ours: a server is a command that answers `textDocument/inlineCompletion`.

pub mod client;
pub mod coming;
pub mod editor;
pub mod estimate;
pub mod habits;
pub mod llama_vim;
pub mod log;
pub mod measure;
pub mod oracle;
pub mod picture;
pub mod play;
pub mod random;
pub mod report;
pub mod screen;
pub mod script;
pub mod times;
pub mod trace;
pub mod usage;

pub use log::Log;
pub use script::Script;
pub use trace::Trace;

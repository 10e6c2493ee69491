//! foretype is a completion server that types ahead: it shows the code that you are about to write as ghost text.
//!
//! # The map, in reading order
//!
//! | module         | what it is                                                                              |
//! |----------------|-----------------------------------------------------------------------------------------|
//! | [`text`]       | text over a rope: byte offsets inside, UTF-8/16/32 positions at the edge                 |
//! | [`syntax`]     | languages, incremental parsing, and the questions that are asked of a tree               |
//! | [`priority`]   | who gives way to whom on a busy machine: all to a key's answer, agents to all              |
//! | [`privacy`]    | what may be read, and what may leave: path rules, ignore files, scans for keys           |
//! | [`document`]   | open documents: text, version, tree, clearance, edit history; cheap snapshots            |
//! | [`workspace`]  | the project's admitted files, their n-gram index and symbols, kept fresh on a thread     |
//! | [`context`]    | what else a model should see: definitions, similar windows, what was changed lately      |
//! | [`prompt`]     | what a model is shown: windows frozen at an anchor, in the model family's own format     |
//! | [`weights`]    | model files: the pinned table, where they lie, how they are fetched and verified         |
//! | [`engine`]     | the `Engine` trait (ask in, candidates out, stoppable); the instant, local and remote one |
//! | [`router`]     | which model answers: order, hedging, breakers, probes; an engine made of engines         |
//! | [`suggestion`] | raw engine text to what may be shown, or a rejection with its reason                     |
//! | [`cache`]      | what was suggested, and where in the text it still holds                                 |
//! | [`predictor`]  | the life of one request: gate, cache, engine, suggestion, cache; and its trace           |
//! | [`ledger`]     | what happened and what it cost, counted and never quoted; what restraint learns; budgets |
//! | [`http`]       | completions over loopback HTTP, for programs that know no language server                |
//! | [`agent`]      | a task handed to an external agent, when asked: started, watched, capped, stopped, reviewed  |
//! | [`skills`]     | instructions under a name: where they lie, whether they are well formed, whether trusted   |
//! | [`config`]     | raw settings to checked settings to each module's own options                            |
//! | [`typing`]     | typing as JSON lines: what a recording holds and a replay reads                          |
//! | [`server`]     | the language server: protocol types, order, cancellation, one file a request             |
//! | [`replay`]     | recorded typing against a completion server at its real pace: what a user would have seen |
//! | [`cli`]        | one file a subcommand                                                                    |
//!
//! A module uses only what stands above it. `suggestion` and `cache` do not know `prompt` or `engine`; only `server`
//! and `http` know wire types. `text`, `syntax`, `document`, `context`, `prompt`, `suggestion` and `cache` are pure: no I/O, no threads, no
//! clock. The tests in `tests/it/tidy.rs` hold these directions.
//!
//! # What always holds
//!
//! 1. Documents change only in the synchronous part of `didOpen`, `didChange` and `didClose`, in message order; everyone
//!    else holds a [`document::Snapshot`]. A request takes its snapshot before its first await.
//! 2. Nothing blocks the reader of messages: not a worker, a lock, a parse, a disk, the client.
//! 3. Offsets are bytes everywhere but at the edges of `server` and in `text`.
//! 4. The cache is the only way from an engine to the screen, and a result is shown only where the text before **and**
//!    after the cursor still agrees with what it was made for.
//! 5. Every request gets exactly one response; "no suggestion" is an empty list, a superseded request an error -32800.
//! 6. What `privacy` denies is neither completed nor learned from, on any path. What it keeps on this machine is in no
//!    request to another, and every piece of such a request was looked through for secrets.
//! 7. One decode at a time per model. A cancelled one frees the CPU within a part of a layer's work, and what it
//!    evaluated stays good up to the last whole batch.

pub mod text;

pub mod syntax;

pub mod priority;

pub mod privacy;

pub mod document;

pub mod workspace;

pub mod context;

pub mod prompt;

pub mod weights;

pub mod engine;

pub mod router;

pub mod suggestion;

pub mod cache;

pub mod predictor;

pub mod ledger;

pub mod http;

pub mod agent;

pub mod skills;

pub mod config;

pub mod typing;

pub mod server;

pub mod replay;

pub mod cli;

//! Hands a task to an external agent, when asked: in a snapshot of the user's tree, whose difference the user reviews.
//!
//! The isolation, what came of it, and the way back ([`worktree`], [`review`], [`merge`]) know nothing of agents.

pub mod worktree;

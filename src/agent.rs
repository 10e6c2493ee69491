//! Hands a task to an external agent, when asked: in a snapshot of the user's tree, whose difference the user reviews.
//!
//! The isolation, what came of it, and the way back ([`worktree`], [`review`], [`merge`], [`plan`]) know nothing of agents.

pub mod hunks;
pub mod merge;
pub mod plan;
pub mod review;
pub mod worktree;

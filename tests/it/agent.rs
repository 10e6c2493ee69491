//! Hand-offs: isolation, review, the way back.

mod merge;
mod plan;
mod project;
mod review;
mod worktree;

//! Hand-offs: isolation, review, the way back.

mod project;
mod worktree;

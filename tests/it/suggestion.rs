//! Each post-processing rule, one screen each.

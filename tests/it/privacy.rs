//! What is denied, and the reason given.

//! What the instant engine continues, and when it is silent.

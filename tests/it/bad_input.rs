//! Hostile input: the server lives, says why, and no text is wrong.

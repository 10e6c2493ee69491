//! Edits, positions and line breaks against a naive model.

//! Versions, changes, history and clearance of open documents.

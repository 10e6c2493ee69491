//! Where a suggestion still holds, and where it must not.

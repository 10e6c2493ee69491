//! What is admitted, what is left out, and freshness.

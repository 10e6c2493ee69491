//! The directions between modules, and what a pure module may not do.

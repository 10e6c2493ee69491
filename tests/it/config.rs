//! Layers, tightening, and the nearest valid key.

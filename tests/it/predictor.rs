//! The life of one request, with the scripted engine.

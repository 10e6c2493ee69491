//! Every language parses; places, units and new parse errors.

//! Trace a program: define events, and write them when a collector asks for them.

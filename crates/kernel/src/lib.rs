//! Kernel events from tracefs: one instance per recording.

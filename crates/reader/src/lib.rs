//! Opens a trace as one time-ordered stream of messages.

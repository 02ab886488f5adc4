//! The slot's memory holds anything.

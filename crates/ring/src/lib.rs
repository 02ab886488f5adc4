//! The lock-free event ring over memory that the caller gives.

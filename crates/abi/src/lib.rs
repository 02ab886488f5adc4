//! The bytes that a traced program and a collector share.

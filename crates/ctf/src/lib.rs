//! The Common Trace Format 1.8: metadata, reading and writing, as bytes and values.

//! What several crates' tests need: a fake clock, scratch folders, other people's tools.

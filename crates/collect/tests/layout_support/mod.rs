//! What the layout tests share.

pub mod dying;
pub mod script;
pub mod verify;

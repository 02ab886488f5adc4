//! The kernel's own trace bytes: tracefs format files and ring pages.

//! Safe names for the system calls that rustix lacks.

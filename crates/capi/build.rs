//! How the shared library is linked.

#![forbid(unsafe_code)]

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libthalweg.so.0");
    // It stays when the last module that uses it is unloaded: threads may be in the middle of an
    // event, and what it maps would be mapped once more when the module comes back.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
}

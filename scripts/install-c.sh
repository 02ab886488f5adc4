#!/usr/bin/env bash
# Installs what C and C++ programs need: the library, thalweg.h, and files for pkg-config and CMake.
#
#   scripts/install-c.sh PREFIX            builds the library, and installs it below PREFIX
#   scripts/install-c.sh PREFIX FOLDER     the library was built: FOLDER has libthalweg_c.so and .a
#
# DESTDIR, if it is set, stands before PREFIX where files are written, and nowhere in them.
set -euo pipefail

fail() { echo "install-c: $*" >&2; exit 1; }
[ $# -eq 1 ] || [ $# -eq 2 ] || { echo "usage: scripts/install-c.sh PREFIX [FOLDER]" >&2; exit 2; }
prefix=$(realpath -m -s "$1")
[ $# -eq 1 ] || built=$(realpath "$2")
cd "$(dirname "$0")/.."

if [ $# -eq 1 ]; then
    cargo build --release --package thalweg-capi </dev/null
    built=$(realpath "${CARGO_TARGET_DIR:-target}")/release
fi
shared=$built/libthalweg_c.so
static=$built/libthalweg_c.a
[ -f "$shared" ] || fail "no $shared"
[ -f "$static" ] || fail "no $static"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

to=${DESTDIR:-}$prefix
install -d "$to/include" "$to/lib/pkgconfig" "$to/lib/cmake/Thalweg"
install -m 755 "$shared" "$to/lib/libthalweg.so.0"
ln -sfn libthalweg.so.0 "$to/lib/libthalweg.so"
install -m 644 "$static" "$to/lib/libthalweg.a"
install -m 644 crates/capi/include/thalweg.h "$to/include/thalweg.h"
install -m 644 crates/capi/install/ThalwegConfig.cmake "$to/lib/cmake/Thalweg/ThalwegConfig.cmake"
sed "s|@PREFIX@|$prefix|; s|@VERSION@|$version|" crates/capi/install/thalweg.pc.in >"$to/lib/pkgconfig/thalweg.pc"

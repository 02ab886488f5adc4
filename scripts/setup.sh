#!/usr/bin/env bash
# Brings what the tests need: Debian packages, and tracefs where the kernel has it.
#
#   scripts/setup.sh          everything that the tests compare with
#   scripts/setup.sh demo     only what the demonstration needs
#
# As root it installs what is missing; as anyone else it names it and fails. It changes nothing
# that is there already.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
fail() { say "setup: $*"; exit 1; }

# command=package: the package is installed when the command is missing.
demo_tools=(gcc=gcc babeltrace2=babeltrace2)
test_tools=(
    "${demo_tools[@]}" g++=g++ git=git make=make python3=python3 lttng=lttng-tools
    valgrind=valgrind tmux=tmux gdb=gdb strace=strace perf=linux-perf curl=curl sqlite3=sqlite3
    ssh-keygen=openssh-client xz=xz-utils
    bpftrace=bpftrace busybox=busybox-static qemu-system-x86_64=qemu-system-x86
    trace-cmd=trace-cmd clang=clang cmake=cmake pkg-config=pkg-config mkfs.ext4=e2fsprogs
)
# What is no command but a library, asked of dpkg by its name.
test_libraries=(liblttng-ust-dev systemtap-sdt-dev)

missing_packages() {
    local pair
    for pair in "${tools[@]}"; do
        command -v "${pair%%=*}" >/dev/null || printf '%s\n' "${pair#*=}"
    done
    local library
    for library in "${libraries[@]}"; do
        dpkg-query -W -f='${Status}' "$library" 2>/dev/null | grep -q 'ok installed' || printf '%s\n' "$library"
    done
}

install_packages() {
    local missing
    mapfile -t missing < <(missing_packages)
    [ "${#missing[@]}" -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ]; then
        fail "missing packages: ${missing[*]}; as root: apt-get install ${missing[*]}"
    fi
    command -v apt-get >/dev/null || fail "missing: ${missing[*]}, and this is no Debian"
    say "setup: installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    # The second try comes after a fresh list: a new machine has none, an old one is fine without.
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 </dev/null ||
        { apt-get update -qq >&2 && apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 </dev/null; } ||
        fail "apt-get could not install ${missing[*]}"
    mapfile -t missing < <(missing_packages)
    [ "${#missing[@]}" -eq 0 ] || fail "still missing after the install: ${missing[*]}"
}

mount_tracefs() {
    local tracefs=/sys/kernel/tracing
    [ -e "$tracefs/trace" ] && return
    if [ "$(id -u)" -ne 0 ]; then
        say "setup: tracefs is not mounted, so kernel events need root: mount -t tracefs nodev $tracefs"
        return
    fi
    mount -t tracefs nodev "$tracefs" || say "setup: this kernel gives no tracefs at $tracefs"
}

require_rust() {
    command -v cargo >/dev/null || fail "no cargo: install the Rust toolchain, 1.95 or later (https://rustup.rs)"
    local version
    version=$(rustc --version | sed -E 's/^rustc 1\.([0-9]+).*/\1/')
    [ "$version" -ge 95 ] || fail "$(rustc --version) is too old: 1.95 or later is needed"
}

case "${1:-tests}" in
    demo) tools=("${demo_tools[@]}") libraries=() ;;
    tests) tools=("${test_tools[@]}") libraries=("${test_libraries[@]}") ;;
    *) fail "unknown purpose: $1 (demo or tests)" ;;
esac
install_packages
require_rust
mount_tracefs

#!/usr/bin/env bash
# What a strace-like view of one process costs it, a call: nothing, ours, strace, perf trace.
#
#   bench/kernel/syscalls.sh [CALLS [ROUNDS]]
#
# Two loops, `getppid` and `openat` of a path; the best of each round's times. The floor: ours costs at
# most 0.5 µs a call. Needs root, gcc and a release build; strace and perf are left out where they are not
# installed, with a word.
set -euo pipefail
cd "$(dirname "$0")/../.."

calls=${1:-300000}
rounds=${2:-3}
floor_ns=500
thalweg=${THALWEG:-${CARGO_TARGET_DIR:-target}/release/thalweg}
[ -x "$thalweg" ] || { echo "no $thalweg: cargo build --release -p thalweg-cli"; exit 2; }
folder=$(mktemp -d /dev/shm/thalweg-syscalls-XXXXXX)
trap 'rm -rf "$folder"' EXIT

cat > "$folder/loop.c" <<'C'
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **words)
{
    long calls = count > 2 ? atol(words[2]) : 0;
    int opens = count > 1 && !strcmp(words[1], "openat");
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (long i = 0; i < calls; i++) {
        if (opens)
            syscall(SYS_openat, AT_FDCWD, "/no/such/file", O_RDONLY);
        else
            syscall(SYS_getppid);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    double ns = (end.tv_sec - begin.tv_sec) * 1e9 + (end.tv_nsec - begin.tv_nsec);
    printf("%.0f\n", ns / calls);
    return 0;
}
C
gcc -O2 -o "$folder/loop" "$folder/loop.c"

# Best of the rounds: WITH CALL COUNT
best() {
    local with=$1 call=$2 count=$3 round ns least=
    for ((round = 0; round < rounds; round++)); do
        rm -rf "$folder/trace"
        ns=$("$with" "$folder/loop" "$call" "$count" | grep -E '^[0-9]+$' | head -1)
        [ -z "$least" ] || [ "$ns" -lt "$least" ] && least=$ns
    done
    echo "$least"
}
alone() { "$@"; }
ours() {
    "$thalweg" record -o "$folder/trace" --no-user --syscalls --follow --kernel-buffer 64M -- "$@" \
        2> "$folder/words"
    ! grep -E 'lost|discarded' "$folder/words" >&2
}
stopped() { strace -o /dev/null "$@"; }
traced() { perf trace -o /dev/null "$@"; }

printf '%-10s %8s %10s %10s %12s   ns a call, more than alone\n' call alone ours strace 'perf trace'
failed=0
for call in getppid openat; do
    bare=$(best alone "$call" "$calls")
    us=$(($(best ours "$call" "$calls") - bare))
    strace=-
    perf=-
    command -v strace > /dev/null && strace=$(($(best stopped "$call" 20000) - bare))
    if command -v perf > /dev/null; then
        told=$(best traced "$call" 20000 2> /dev/null || true)
        [ -n "$told" ] && perf=$((told - bare))
    fi
    verdict=ok
    [ "$us" -le "$floor_ns" ] || { verdict="above $floor_ns"; failed=1; }
    printf '%-10s %8s %10s %10s %12s   %s\n' "$call" "$bare" "$us" "$strace" "$perf" "$verdict"
done
exit "$failed"

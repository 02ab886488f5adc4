#!/usr/bin/env bash
# Programs, recorders and disks fail at random instants: what is left, ours and LTTng 2.13's.
#
#   bench/faults/run.sh [--quick]
#
# LTTng's program is in $THALWEG_SHARED/peers/ust (../shared beside the checkout if not set).
set -euo pipefail
cd "$(dirname "$0")/../.."
fail() { echo "bench/faults: $*" >&2; exit 1; }

peer=$(realpath "${THALWEG_SHARED:-../shared}")/peers/ust
[ -f "$peer/bench.c" ] || fail "no $peer/bench.c: set THALWEG_SHARED to the shared folder"
[ "$(id -u)" -eq 0 ] || fail "kernel events and private mounts need root"
for tool in babeltrace2 lttng lttng-sessiond gcc unshare nsenter pgrep; do
    command -v $tool >/dev/null || fail "no $tool: scripts/setup.sh installs it"
done

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
cargo build --release --quiet -p thalweg-cli -p bench-faults
echo "load: $(cut -d' ' -f1-3 /proc/loadavg) on $(nproc) processors"
"$CARGO_TARGET_DIR/release/faults" "$peer" "$@"

#!/usr/bin/env bash
# Sets up and passes all tests: the one command before and after every change.
#
#   scripts/test.sh              everything (.ci/run)
#   scripts/test.sh tidy tests   only these steps (`cargo xtask test --help`)
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh
cargo xtask test "$@" </dev/null

#!/usr/bin/env bash
# cargo for `make mutants`: a test of the scenarios runs our programs, which `cargo test` does not build.
set -euo pipefail
if [ "${1:-}" = test ]; then
    cargo build --workspace --locked
fi
exec cargo "$@"

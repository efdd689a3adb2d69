#!/usr/bin/env bash
# Runs a command with buildah and podman. Installs Debian's packages where they are missing.
set -euo pipefail
# shellcheck source=tests/setup.sh
. "$(dirname "$0")/../tests/setup.sh"

missing=()
for program in buildah podman runc mmdebstrap; do
    # In /usr/sbin for some, which is not on every user's path.
    PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null || missing+=("$program")
done
[ ${#missing[@]} = 0 ] || install_packages with-buildah "them by other means" "${missing[@]}"
exec "$@"

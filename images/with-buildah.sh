#!/usr/bin/env bash
# Runs a command with buildah and podman. Installs Debian's packages where they are missing.
set -euo pipefail

missing=()
for program in buildah podman runc mmdebstrap; do
    # In /usr/sbin for some, which is not on every user's path.
    PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null || missing+=("$program")
done
if [ ${#missing[@]} -gt 0 ]; then
    if ! command -v apt-get >/dev/null; then
        echo "with-buildah: ${missing[*]} is not here and there is no apt-get to install it" >&2
        exit 1
    fi
    echo "with-buildah: installing Debian's packages ${missing[*]}" >&2
    as_root=
    [ "$(id -u)" = 0 ] || as_root=sudo
    $as_root apt-get update -qq
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi
exec "$@"

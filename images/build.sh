#!/usr/bin/env bash
# Builds both images and prints their names. From the environment:
#   IMAGE_REPOSITORY   what the names begin with (localhost/statement-export)
#   IMAGE_TAG          the tag (version and commit, e.g. 0.2.0-3f2a9c81d0b7)
#   BUILDER            the image to build on, or `local` for one made of this machine's Rust and Debian's packages; without
#                      it the Dockerfile's, or `local` where that cannot be pulled
#   SOURCE_DATE_EPOCH  the date of everything in the images (the commit's)
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p;T;q' Cargo.toml)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
dirty=$([ -z "$(git status --porcelain 2>/dev/null)" ] || echo -dirty)
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
tag=${IMAGE_TAG:-$version-${revision:0:12}$dirty}
repository=${IMAGE_REPOSITORY:-localhost/statement-export}

builder=${BUILDER:-$(sed -n 's/^ARG BUILDER=//p' Dockerfile)}
if [ "$builder" != local ] && ! buildah pull --quiet --policy missing "$builder" >&2; then
    [ -z "${BUILDER:-}" ] || exit 1
    echo "build: $builder CANNOT BE PULLED: building on this machine's Rust and Debian's packages (BUILDER=local)" >&2
    builder=local
fi
[ "$builder" != local ] || builder=$(images/builder.sh)

# Crates come by this machine's own settings (mirror, proxy, certificates); the build itself needs no network.
cargo fetch --locked --quiet --target "$(rustc --print host-tuple)"
for target in enqueuer converter; do
    # In a directory that is this build's, caches do not stay behind in the system's.
    mkdir -p target/images/tmp
    TMPDIR=$PWD/target/images/tmp buildah build --isolation chroot --pull=never --layers --format oci --timestamp "$epoch" \
        --target "$target" --tag "$repository/$target:$tag" \
        --build-arg BUILDER="$builder" --build-arg VERSION="$version" --build-arg REVISION="$revision$dirty" \
        --build-arg CREATED="$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)" \
        --build-arg CARGO_NET_OFFLINE=true \
        --volume "${CARGO_HOME:-$HOME/.cargo}/registry:/usr/local/cargo/registry:ro" \
        . >&2
    echo "$repository/$target:$tag"
done

#!/usr/bin/env bash
# Makes a base image to build on where no image registry can be reached: Debian's C compiler, C library and CA certificates,
# and this machine's Rust toolchain. Prints its name; one that is there already is used again.
set -euo pipefail

debian=bookworm
sysroot=$(rustc --print sysroot)
rust=$(rustc --version --verbose | cksum | cut -d' ' -f1)
name=localhost/statement-export-builder:$debian-$rust-$(cksum <"${BASH_SOURCE[0]}" | cut -d' ' -f1)

if buildah inspect --type image "$name" >/dev/null 2>&1; then
    echo "$name"
    exit
fi

echo "builder: making $name" >&2
container=$(buildah from scratch)
work=$(mktemp -d)
trap 'buildah rm "$container" >/dev/null; rm -rf "$work"' EXIT
mmdebstrap --quiet --variant=minbase --include=gcc,libc6-dev,ca-certificates "$debian" "$work/debian.tar"
# What compiles: no documentation, no further targets.
mkdir -p "$work/rust/bin" "$work/rust/lib/rustlib"
cp "$sysroot"/bin/{cargo,rustc} "$work/rust/bin/"
cp "$sysroot"/lib/lib* "$work/rust/lib/"
cp -r "$sysroot/lib/rustlib/$(rustc --print host-tuple)" "$work/rust/lib/rustlib/"
buildah add --quiet "$container" "$work/debian.tar" / >/dev/null
buildah add --quiet "$container" "$work/rust" /usr/local/rust >/dev/null
# As in Rust's own image.
buildah config --env PATH=/usr/local/rust/bin:/usr/sbin:/usr/bin:/sbin:/bin --env CARGO_HOME=/usr/local/cargo "$container"
buildah commit --quiet "$container" "$name" >/dev/null
echo "$name"

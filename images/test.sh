#!/usr/bin/env bash
# Builds both images, looks at what is in them, and runs a month end in one: read-only, without a name, rights or a network.
# RUNNER (podman, podman-runc, buildah) says what runs them; without it the first that can.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=tests/setup.sh
. tests/setup.sh

MOST_BYTES=10000000

fail() {
    echo "image-test: $*" >&2
    exit 1
}

same() { # WHAT EXPECTED FOUND
    [ "$2" = "$3" ] || fail "$1: expected (<), found (>)"$'\n'"$(diff <(echo "$2") <(echo "$3"))"
}

lint() {
    use_python_tools image-test "$PWD/target/images/venv" images/test-requirements.txt
    hadolint Dockerfile
}

# Its list of what it is made of is one by CycloneDX's schema, and each entry has its licence's text.
made_of() { # LAYER
    local directory=usr/share/doc/statement-export
    rm -rf target/images/made-of
    mkdir -p target/images/made-of
    tar -xzf "$1" -C target/images/made-of --wildcards "*$directory/*"
    python3 images/made_of.py "target/images/made-of/$directory" || fail "what the image is made of is not told"
}

# Everything that an image consists of: mode, owner, path. Thus no shell, no library, nothing setuid.
expected_files() { # PROGRAM
    cat <<FILES
drwxr-xr-x 0/0 etc/
-rw-r--r-- 0/0 etc/group
-rw-r--r-- 0/0 etc/nsswitch.conf
-rw-r--r-- 0/0 etc/passwd
drwxr-xr-x 0/0 etc/ssl/
drwxr-xr-x 0/0 etc/ssl/certs/
-rw-r--r-- 0/0 etc/ssl/certs/ca-certificates.crt
drwxr-xr-x 0/0 etc/statement-export/
drwxrwxrwt 0/0 tmp/
drwxr-xr-x 0/0 usr/
drwxr-xr-x 0/0 usr/bin/
-rwxr-xr-x 0/0 usr/bin/$1
drwxr-xr-x 0/0 usr/share/
drwxr-xr-x 0/0 usr/share/doc/
drwxr-xr-x 0/0 usr/share/doc/statement-export/
-rw-r--r-- 0/0 usr/share/doc/statement-export/sbom.cdx.json
-rw-r--r-- 0/0 usr/share/doc/statement-export/third-party.txt
FILES
    [ "$1" = converter ] || echo "lrwxrwxrwx 0/0 usr/bin/converter -> enqueuer"
    find images/firm -maxdepth 1 -name '*.toml' -o -name '*.pem' -o -name '*.png' |
        sed 's|images/firm/|-rw-r--r-- 0/0 etc/statement-export/|'
}

label() { # IMAGE KEY
    buildah inspect --type image --format "{{index .OCIv1.Config.Labels \"org.opencontainers.image.$2\"}}" "$1"
}

# An image as a registry gets it: size, files, settings.
inspect() { # PROGRAM IMAGE
    local pushed=target/images/oci/$1 bytes=0 layers=0 blob layer='' key
    rm -rf "$pushed"
    mkdir -p "${pushed%/*}"
    buildah push --quiet "$2" "oci:$pushed:test"
    for blob in "$pushed"/blobs/sha256/*; do
        bytes=$((bytes + $(stat -c %s "$blob")))
        gzip -tq "$blob" 2>/dev/null || continue
        layers=$((layers + 1))
        layer=$blob
        same "files of $1" "$(expected_files "$1" | LC_ALL=C sort -k3)" \
            "$(tar --numeric-owner -tvzf "$blob" | sed -E 's/^(\S+ \S+) +[0-9]+ \S+ \S+ (\.\/)?/\1 /' | LC_ALL=C sort -k3)"
    done
    same "layers of $1" 1 $layers
    made_of "$layer"
    [ $bytes -le $MOST_BYTES ] || fail "$1 has $bytes bytes compressed, more than $MOST_BYTES"
    same "settings of $1" "65532:65532 /tmp [/usr/bin/$1] [] map[/tmp:{}]" \
        "$(buildah inspect --type image --format '{{with .OCIv1.Config}}{{.User}} {{.WorkingDir}} {{.Entrypoint}} {{.Cmd}} {{.Volumes}}{{end}}' "$2")"
    for key in title description version revision created licenses; do
        [ -n "$(label "$2" $key)" ] || fail "$1 has no label $key"
    done
    echo "image-test: $2: $bytes bytes compressed, $(grep -o 'sha256:[0-9a-f]*' "$pushed/index.json")"
}

# Runs a program of an image where $directory is all that it can write.
run() { # IMAGE PROGRAM ARGUMENT...
    local image=$1 program=$2 podman=(podman) container status=0
    shift 2
    case $runner in
    podman-runc) podman+=(--runtime runc) ;;
    buildah)
        container=$(buildah from --pull=never "$image")
        # Not as /tmp: the volume that the image has there would hide it.
        buildah run --isolation chroot --volume "$directory:/work" --workingdir /work --env TMPDIR=/work \
            "$container" "/usr/bin/$program" "$@" || status=$?
        buildah rm "$container" >/dev/null
        return $status
        ;;
    esac
    # Limits that may be set anywhere: podman's own are more than a machine in a container may give.
    "${podman[@]}" run --rm --read-only --network none --cap-drop all --security-opt no-new-privileges \
        --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
        --add-host ledger.firm.test:127.0.0.1 --volume "$directory:/tmp" --entrypoint "/usr/bin/$program" "$image" "$@"
}

find_runner() { # IMAGE
    local why=
    for runner in ${RUNNER:-podman podman-runc buildah}; do
        why+=$'\n'"$runner: $(run "$1" converter --version 2>&1)" && return 0
    done
    fail "nothing can run a container on this machine:$why"
}

count() { # KEY: of the JSON on stdin
    sed -E "s/.*\"$1\":([a-z0-9]+).*/\1/"
}

# A month end of a sample firm, as the README of this directory says it; then whether it adds up.
month_end() { # ENQUEUER CONVERTER
    local period=2026-10 succeeded document
    run "$1" enqueuer demo --accounts 100 --at 2026-11-05T00:00:00Z >/dev/null || fail "the demo ended with exit code $?"
    succeeded=$(run "$1" enqueuer status --period $period --json | count succeeded)
    [ "$succeeded" -gt 100 ] || fail "the demo published $succeeded documents only"
    same "certificate" "true 0" "$(run "$1" enqueuer certificate --period $period --json | sed -E 's/.*"adds_up":([a-z]+).*"open":([0-9]+).*/\1 \2/')"
    same "published workbooks" "$succeeded" "$(find "$directory/var/statements" -name '*.xlsx' | wc -l)"
    # The other image makes the same bytes of the same rows.
    document=$period.trade.A0001
    run "$2" converter --document $document --verify || fail "the converter's image cannot rebuild $document"
}

# The C library is static, and reads no /etc/nsswitch.conf but the image's: do names still resolve?
names_resolve() { # CONVERTER
    local said
    said=$(run "$1" converter --document 2026-10.trade.A0001 --database-url postgres://x@ledger.firm.test:9/x 2>&1) || true
    [[ $said == *ledger.firm.test* && $said != *lookup* ]] || fail "a name of /etc/hosts is not resolved: $said"
    said=$(run "$1" converter --document 2026-10.trade.A0001 --database-url postgres://x@ledger.invalid:9/x 2>&1) || true
    [[ $said == *lookup* ]] || fail "a name that does not exist is resolved: $said"
}

lint
built=$(images/build.sh)
enqueuer=${built%%$'\n'*}
converter=${built##*$'\n'}
inspect enqueuer "$enqueuer"
inspect converter "$converter"
directory=$(mktemp -d)
# What an unprivileged podman wrote belongs to a user of its own.
trap 'rm -rf "$directory" 2>/dev/null || podman unshare rm -rf "$directory"' EXIT
chmod 1777 "$directory"
find_runner "$converter"
for program in enqueuer converter; do
    same "version of $program" "$program $(label "${!program}" version) ($(label "${!program}" revision))" "$(run "${!program}" $program --version)"
done
same "the converter beside the enqueuer" "$(run "$converter" converter --version)" "$(run "$enqueuer" converter --version)"
month_end "$enqueuer" "$converter"
if [ "$runner" = buildah ]; then
    # chroot: the machine's network, rights and hosts, and a root that can be written.
    echo "image-test: WARNING: podman cannot run a container here, buildah did. NOT PROVEN: that a read-only root, no network and no" \
        "capabilities suffice; that names resolve." >&2
else
    names_resolve "$converter"
fi
echo "image-test: a month end of a sample firm adds up (run by $runner)"

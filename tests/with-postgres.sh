#!/usr/bin/env bash
# Runs a command with a PostgreSQL server of its own: unprivileged user, temp directory, loopback only, fsync off. The
# command finds it at TEST_POSTGRES_URL; nothing is left behind.
set -euo pipefail
# shellcheck source=tests/setup.sh
. "$(dirname "$0")/setup.sh"

find_binaries() {
    local directory
    for directory in "$(pg_config --bindir 2>/dev/null || true)" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/bin; do
        # initdb itself may be a wrapper elsewhere; it wants postgres beside it.
        if [ -x "$directory/initdb" ] && [ -x "$directory/postgres" ]; then
            echo "$directory"
            return
        fi
    done
}

binaries=$(find_binaries)
# Debian has it where only administrators look.
has_pooler() { [ -x /usr/sbin/pgbouncer ] || [ -x /usr/bin/pgbouncer ]; }
if [ -z "$binaries" ] || ! command -v openssl >/dev/null || ! command -v jq >/dev/null || ! has_pooler; then
    install_packages with-postgres "jq, openssl, PgBouncer and PostgreSQL 14 or newer" postgresql pgbouncer openssl jq
    binaries=$(find_binaries)
fi

# A server refuses to run as root.
as_user=()
if [ "$(id -u)" = 0 ]; then
    user=postgres
    id "$user" >/dev/null 2>&1 || user=nobody
    as_user=(setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups env "HOME=/tmp")
fi

directory=$(mktemp -d "${TMPDIR:-/tmp}/statement-export-postgres-XXXXXX")
chmod 755 "$directory"
[ ${#as_user[@]} = 0 ] || chown "$user" "$directory"
stop() {
    "${as_user[@]}" "$binaries/pg_ctl" -D "$directory/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$directory"
}
trap stop EXIT
trap 'exit 130' INT TERM

"${as_user[@]}" "$binaries/initdb" -D "$directory/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$directory/initdb.log" 2>&1 \
    || { cat "$directory/initdb.log" >&2; exit 1; }

# An authority of its own, so that tests can see a server's certificate verified.
certify() (
    cd "$directory"
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=test authority" -keyout ca.key -out ca.pem
    openssl req -newkey rsa:2048 -nodes -subj "/CN=127.0.0.1" -keyout server.key -out server.csr
    printf 'subjectAltName=IP:127.0.0.1\n' >san
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out server.pem
    chmod 644 ca.pem
    chmod 600 server.key
    [ ${#as_user[@]} = 0 ] || chown "$user" server.key server.pem
) >"$directory/certify.log" 2>&1
certify || { cat "$directory/certify.log" >&2; exit 1; }

started=
for _ in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 20000))
    if "${as_user[@]}" "$binaries/pg_ctl" -D "$directory/data" -w -l "$directory/data/log" start >/dev/null 2>&1 \
        -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200 -c shared_buffers=256MB \
            -c ssl=on -c ssl_cert_file=$directory/server.pem -c ssl_key_file=$directory/server.key"; then
        started=yes
        break
    fi
done
if [ -z "$started" ]; then
    echo "with-postgres: PostgreSQL does not start:" >&2
    cat "$directory/data/log" >&2
    exit 1
fi

# Most tests need no TLS, and say so.
export TEST_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/postgres"
export TEST_POSTGRES_CA="$directory/ca.pem"
# So that its CPU time can be told.
TEST_POSTGRES_PID=$(head -n 1 "$directory/data/postmaster.pid")
export TEST_POSTGRES_PID
"$@"

#!/usr/bin/env bash
# What comes from others: advisories, licences, sources and duplicates of all crates (deny.toml), and dependencies that nobody uses. Its
# programs are installed below target/. Nothing is compiled.
#
# Advisories are RustSec's of today. Where their repository cannot be reached, the stored ones are looked at, and how old they are is
# said: what was found since is not known then. Their date is in their name; newer ones are stored from a clone of the repository by
#   git archive HEAD crates support.toml LICENSE.txt LICENSES | xz -9e >tests/supply-chain/advisories-$(git log -1 --format=%cs).tar.xz
set -euo pipefail
cd "$(dirname "$0")/.."

OLD_DAYS=90

# shellcheck source=tests/setup.sh
. tests/setup.sh
work=$PWD/target/supply-chain
mkdir -p "$work"
use_python_tools supply-chain "$work/venv" tests/supply-chain/requirements.txt

say() {
    echo "supply-chain: $*" >&2
}

# As a repository with the one commit of its day, which is what cargo-deny reads; the folder has the name that it gives it.
use_stored_advisories() {
    local stored=(tests/supply-chain/advisories-*.tar.xz) repository=$work/advisories/advisory-db-3157b0e258782691 day age
    day=${stored[0]##*/advisories-}
    day=${day%.tar.xz}
    age=$((($(date +%s) - $(date -d "$day" +%s)) / 86400))
    rm -rf "$work/advisories"
    mkdir -p "$repository"
    tar -xJf "${stored[0]}" -C "$repository"
    git -C "$repository" init --quiet
    git -C "$repository" add --all
    GIT_COMMITTER_DATE="${day}T00:00:00Z" git -C "$repository" -c user.name=stored -c user.email=stored@localhost \
        commit --quiet --message "Advisories of $day" --date "${day}T00:00:00Z"
    say "RustSec's advisories cannot be fetched here: THE STORED ONES of $day are looked at, $age days old; what was found since is not known"
    [ "$age" -le $OLD_DAYS ] || say "WARNING: they are older than $OLD_DAYS days: store newer ones, as this script says"
}

cargo fetch --locked --quiet
# Anew each time: a stored one is no clone that could be brought up to date.
rm -rf "$work/advisories"
network=()
if timeout 120 cargo-deny --locked fetch db >"$work/fetch.log" 2>&1; then
    say "advisories are RustSec's of today"
else
    use_stored_advisories
    # Then nobody is asked either whether a version was taken back (yanked).
    network=(--offline)
fi
# A reason that is over is an error, too: an exception for a crate that is gone, a licence that nobody has.
cargo-deny --locked "${network[@]}" check --deny unnecessary-skip --deny unmatched-skip --deny license-not-encountered
cargo-shear
say "advisories, licences, sources, duplicates and unused dependencies are as they should be"

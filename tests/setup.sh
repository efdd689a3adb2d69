# shellcheck shell=bash
# To be sourced: how the scripts get what they need.

# Installs Debian's packages. Where there is no apt-get it says what is not here and what to install INSTEAD.
install_packages() { # WHO INSTEAD PACKAGE...
    local who=$1 instead=$2 as_root=
    shift 2
    if ! command -v apt-get >/dev/null; then
        echo "$who: $* is not here and there is no apt-get to install it: install $instead" >&2
        return 1
    fi
    echo "$who: installing Debian's packages $*" >&2
    [ "$(id -u)" = 0 ] || as_root=sudo
    $as_root apt-get update -qq
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

# Puts Python's programs of a list first on the PATH, from a virtual environment of their own, which is made anew when the list
# changes.
use_python_tools() { # WHO VENV REQUIREMENTS
    if ! cmp -s "$3" "$2/installed.txt"; then
        echo "$1: installing the programs of ${3##*/tests/} into $2" >&2
        if ! python3 -m venv --clear "$2" ||
            ! "$2/bin/python3" -m pip install --quiet --disable-pip-version-check -r "$3" >&2; then
            echo "$1: the programs of $3 cannot be installed" >&2
            return 1
        fi
        cp "$3" "$2/installed.txt"
    fi
    export PATH="$2/bin:$PATH"
}

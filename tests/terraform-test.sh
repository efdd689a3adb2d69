#!/usr/bin/env bash
# Checks the Terraform module and its example without AWS: format, validity, tests with a mocked provider, the documents it
# renders, the operators' shell, and checkov. Works on a copy below target/, so that nothing is left in the tree.
#
# The provider comes from a filesystem mirror when there is one (TF_PLUGIN_MIRROR, or a usual place), else from the registry
# that Terraform is configured for. Without either it fails: what was not checked must not look as if it was.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
work=$root/target/terraform
# shellcheck source=tests/setup.sh
. "$root/tests/setup.sh"
mkdir -p "$work"

die() {
    echo "terraform-test: $*" >&2
    exit 1
}

say() {
    echo "terraform-test: $*" >&2
}

find_terraform() {
    local version
    command -v terraform >/dev/null ||
        die "there is no terraform on PATH, nothing was checked: install 1.9 or newer, see https://developer.hashicorp.com/terraform/install"
    version=$(terraform version 2>/dev/null | sed -n 's/^Terraform v//p')
    [ "$(printf '%s\n' 1.9.0 "$version" | sort -V | head -n 1)" = 1.9.0 ] ||
        die "terraform $version is too old: install 1.9 or newer, see https://developer.hashicorp.com/terraform/install"
}

# A mirror is laid out HOST/hashicorp/aws/….
use_mirror() {
    local mirror
    [ -z "${TF_PLUGIN_MIRROR:-}" ] || compgen -G "$TF_PLUGIN_MIRROR/*/hashicorp/aws" >/dev/null ||
        die "TF_PLUGIN_MIRROR=$TF_PLUGIN_MIRROR is no filesystem mirror with hashicorp/aws"
    for mirror in "${TF_PLUGIN_MIRROR:-}" "$HOME/.terraform.d/plugins" /usr/local/share/terraform/plugins \
        /usr/share/terraform/plugins /opt/* /opt/terraform/plugins; do
        if [ -n "$mirror" ] && compgen -G "$mirror/*/hashicorp/aws" >/dev/null; then
            say "taking the provider from $mirror"
            printf 'provider_installation {\n  filesystem_mirror {\n    path = "%s"\n  }\n}\n' "$mirror" >"$work/mirror.tfrc"
            export TF_CLI_CONFIG_FILE=$work/mirror.tfrc
            return
        fi
    done
    say "no mirror with hashicorp/aws: taking the provider from the registry"
    # A file that is not there would only warn, each time.
    [ -e "${TF_CLI_CONFIG_FILE:-/}" ] || unset TF_CLI_CONFIG_FILE
    mkdir -p "$work/plugins"
    export TF_PLUGIN_CACHE_DIR=$work/plugins
}

init() {
    TF_DATA_DIR=$work/data/$2 terraform -chdir="$1" init -backend=false -input=false -no-color >"$work/init.log" 2>&1 || {
        cat "$work/init.log" >&2
        die "no provider hashicorp/aws 5.100 for $2: neither from a mirror (set TF_PLUGIN_MIRROR to one) nor from the registry"
    }
}

# Tests destroy what they made, mocked or not, and would stop where destruction is prevented: the copy goes without, once it is
# seen that the tree has it.
lift_prevention() { # MODULE
    local resource
    for resource in '"aws_s3_bucket" "statements"' '"aws_kms_key" "data"'; do
        cat "$1"/*.tf | sed -n "/^resource $resource {/,/^}/p" | grep -q '^ *prevent_destroy = true$' ||
            die "resource $resource lacks prevent_destroy: an apply could take the documents with it"
    done
    sed -i.bak '/^ *prevent_destroy = true$/d' "$1"/*.tf
    rm "$1"/*.bak
}

find_terraform
use_mirror
command -v jq >/dev/null || install_packages terraform-test "jq 1.6 or newer" jq
# checkov brings a hundred packages: none of them is beside another program's.
use_python_tools terraform-test "$work/venv" "$root/tests/terraform-requirements.txt"

say "format"
terraform fmt -check -recursive -diff "$root/terraform" || die "run terraform fmt -recursive terraform"

# With the runbooks beside it, as alarms name them.
rm -rf "$work/tree" "$work/data"
mkdir "$work/tree"
cp -R "$root/terraform" "$root/runbooks" "$work/tree"
module=$work/tree/terraform
# Of whoever worked in the tree itself; theirs may be of another provider.
find "$module" \( -name .terraform -o -name .terraform.lock.hcl \) -prune -exec rm -rf {} +
lift_prevention "$module"

say "validity, of the module and of the example"
init "$module" module
TF_DATA_DIR=$work/data/module terraform -chdir="$module" validate -no-color
init "$module/examples/complete" example
TF_DATA_DIR=$work/data/example terraform -chdir="$module/examples/complete" validate -no-color

say "tests with a mocked provider"
if ! TF_DATA_DIR=$work/data/module terraform -chdir="$module" test -json -verbose >"$work/tests.jsonl"; then
    jq -r 'select(.type == "diagnostic") | [.["@testfile"], .["@testrun"], .diagnostic.summary, .diagnostic.detail] | join(": ")' "$work/tests.jsonl" >&2
    die "$(jq -r 'select(.type == "test_summary") | .["@message"]' "$work/tests.jsonl")"
fi
say "$(jq -r 'select(.type == "test_summary") | .["@message"]' "$work/tests.jsonl")"

say "rendered documents"
python3 "$root/tests/check_terraform_documents.py" "$work/operator.sh" <"$work/tests.jsonl"

say "the operators' shell"
shellcheck "$work/operator.sh"
"$root/tests/operator-shell.sh" "$work/operator.sh"

# Of the tree itself, so that paths are those of the code. Exceptions stand beside it, each with its reason. Nothing is sent
# or fetched.
say "checkov"
checkov --directory "$root/terraform" --framework terraform --skip-download --quiet --compact

say "all is well"

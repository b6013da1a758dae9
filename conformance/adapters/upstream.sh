#!/usr/bin/env bash
# Starts the adapter of the public package `machine-dialect-vm`, or the comparison with the public compiler, `machine-dialect`, each in
# a virtual environment of its own under target/. When that is not there yet, it is made, which needs the network once.
#
#   bash conformance/adapters/upstream.sh                speaks the protocol of conformance/README.md
#   bash conformance/adapters/upstream.sh --setup        only makes the environment
#   bash conformance/adapters/upstream.sh compiler       compares the public compiler with ours, page by page; --help tells more
#   bash conformance/adapters/upstream.sh compiler --setup
#
# MDVM_PYTHON names the Python to make it with, if that is not `python3`.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=$(cd "$here/../.." && pwd)/target
name=upstream
if [ "${1-}" = compiler ]; then
    name=upstream-compiler
    shift
fi
environment=$target/$name-venv
python=${MDVM_PYTHON:-python3}

fail() {
    printf 'error: %s\n' "$@" >&2
    exit 2
}

make_environment() {
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null ||
        fail "the package needs Python 3.10 or newer, and $python is none; name one: MDVM_PYTHON=/usr/bin/python3.12"
    mkdir -p "$target"
    # It gets its name when it is complete, so one that was begun and left is never taken for it.
    local begun said
    begun=$(mktemp -d "$target/$name-venv.XXXXXX")
    # shellcheck disable=SC2064 # the name of now is meant
    trap "rm -rf '$begun'" EXIT
    said=$("$python" -m venv "$begun" 2>&1) ||
        fail "$python cannot make a virtual environment (on Debian and Ubuntu: apt install python3-venv)" "$said"
    # The requirements are whole: nothing comes that has no hash there.
    said=$("$begun/bin/python" -m pip install --disable-pip-version-check --quiet --only-binary :all: --no-deps --require-hashes \
        --requirement "$here/$name-requirements.txt" 2>&1) ||
        fail "pip cannot fetch the package. Is there a way to PyPI, or to an index that PIP_INDEX_URL names?" "$said"
    # Fails where another process was faster, and then its environment will do.
    "$python" -c 'import os, sys; os.rename(*sys.argv[1:])' "$begun" "$environment" 2>/dev/null || [ -d "$environment" ] ||
        fail "$begun cannot become $environment"
    rm -rf "$begun"
    trap - EXIT
}

[ -x "$environment/bin/python" ] || make_environment
[ "${1-}" = --setup ] || exec "$environment/bin/python" "$here/$name.py" "$@"

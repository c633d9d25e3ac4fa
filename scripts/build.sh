#!/usr/bin/env bash
# Builds the wheel and the source distribution in dist/ and checks them.
#
# twine reads the metadata, scripts/check_packages.py the contents, and what was built is
# installed into empty environments of every Python from 3.10 to 3.13 that is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/environment.sh
ensure_environment

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say() { printf '\n== %s\n' "$*"; }

say 'build'
# From a copy: setuptools also packs what an earlier build has left.
mkdir "$work/source"
git ls-files -z --cached --others --exclude-standard |
    xargs -0 sh -c 'for file; do [ ! -e "$file" ] || printf "%s\0" "$file"; done' sh |
    tar -c --null --files-from=- | tar -x -C "$work/source"
(cd "$work/source" && "$ENV_PYTHON" -c '
from setuptools import build_meta
build_meta.build_sdist("dist")
build_meta.build_wheel("dist")') >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    exit 1
}
rm -rf dist
mv "$work/source/dist" dist
ls -l dist

say 'twine check'
"$ENV_PYTHON" -m venv "$work/tools"
"$work/tools/bin/python" -m pip install -qq --disable-pip-version-check twine
"$work/tools/bin/python" -m twine check --strict dist/*

say 'contents'
"$ENV_PYTHON" scripts/check_packages.py dist

for python in python3.10 python3.11 python3.12 python3.13; do
    "$python" -c "" >/dev/null 2>&1 || continue
    say "a clean installation on $python"
    for package in dist/*; do
        rm -rf "$work/clean"
        "$python" -m venv "$work/clean"
        "$work/clean/bin/python" -m pip install -qq --disable-pip-version-check "$package"
        # In an empty folder, for nothing of the checkout to be imported.
        (cd "$work/clean" && bin/vllm-responses-fix --version &&
            bin/vllm-responses-fix verify --list >/dev/null &&
            test -f "$(bin/vllm-responses-fix hook-path)/sitecustomize.py")
    done
done

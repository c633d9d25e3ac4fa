#!/usr/bin/env bash
# Converter, HTTP-app, Harmony and activation tests on every release of vLLM.
#   scripts/matrix.sh                    all releases; writes docs/releases.md
#   scripts/matrix.sh 0.22.1 0.33.0      these
#   scripts/matrix.sh --latest [...]     with the newest openai, pydantic and
#                                        transformers that the release allows
#   scripts/matrix.sh --engine           the bug report, on the real engine of the newest
#                                        release built for CPUs
#   scripts/matrix.sh --clean            delete what it keeps
# Environments, downloads and results stay in the user's cache folder: about 4 GB for the
# first release and 1 GB for each further one. What has passed is not run again until
# something changes, so an interrupted run goes on where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

session=tests releases=() clean=''
for argument in "$@"; do
    case $argument in
    --latest) session=latest ;;
    --engine) session=engine ;;
    --clean) clean=yes ;;
    [0-9]*.[0-9]*.[0-9]*) releases+=("$argument") ;;
    *)
        sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2
        exit 2
        ;;
    esac
done

kept=${XDG_CACHE_HOME:-$HOME/.cache}/vllm-responses-fix/matrix
if [ -n "$clean" ]; then
    rm -rf "$kept"
    exit
fi

. scripts/environment.sh
ensure_environment || exit
for name in $(compgen -e | grep -E '^(VLLM_|PYTHON|PYTEST_)'); do
    unset "$name"
done
mkdir -p "$kept"
exec 9>"$kept/lock"
flock -n 9 || {
    echo 'scripts/matrix.sh: another run is at it; waiting for that' >&2
    flock 9
}

selected=("$session")
if [ ${#releases[@]} -gt 0 ]; then
    selected=("${releases[@]/#/$session(}")
    selected=("${selected[@]/%/)}")
fi
status=0
PATH=${ENV_PYTHON%/*}:$PATH "$ENV_PYTHON" -m nox --sessions "${selected[@]}" 9>&- ||
    status=$?
if [ ${#releases[@]} -eq 0 ]; then
    "$ENV_PYTHON" scripts/release_table.py "$kept/results" docs/releases.md
fi
exit "$status"

#!/usr/bin/env bash
# Runs a script of this folder in the environment of environment.sh.
#   scripts/run.sh NAME [ARGUMENT ...]    scripts/NAME.py with these arguments
#   scripts/run.sh --release 0.33.0 NAME  in that of the matrix for a release of vLLM
#   scripts/run.sh                        what there is to run
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

release=''
if [ "${1:-}" = --release ] && [ $# -gt 1 ]; then
    release=$2
    shift 2
fi
if [ $# -eq 0 ] || ! [ -f "$scripts/$1.py" ]; then
    {
        [ $# -eq 0 ] || printf 'scripts/run.sh: there is no scripts/%s.py\n\n' "$1"
        printf 'usage: scripts/run.sh [--release RELEASE] NAME [ARGUMENT ...]\n\n'
        for file in "$scripts"/*.py; do
            # The first line of a script says what it is for.
            printf '  %-22s %s\n' "$(basename "$file" .py)" \
                "$(head -n 1 "$file" | sed 's/^"""//; s/"""$//')"
        done
    } >&2
    exit 2
fi

# shellcheck source=scripts/environment.sh
. "$scripts/environment.sh"
ensure_environment || exit
if [ -n "$release" ]; then
    ENV_PYTHON=${ENV_PYTHON%/environment-*}/matrix/environments/tests-${release//./-}/bin/python
    if ! [ -e "$ENV_PYTHON" ]; then
        echo "scripts/run.sh: scripts/matrix.sh $release makes that environment" >&2
        exit 2
    fi
fi
export VLLM_NO_USAGE_STATS=1 HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1
# vLLM logs to where a script prints.
export VLLM_LOGGING_LEVEL=${VLLM_LOGGING_LEVEL:-ERROR}
# Not from the repository's folder: paths in the arguments are the caller's.
exec "$ENV_PYTHON" "$scripts/$1.py" "${@:2}"

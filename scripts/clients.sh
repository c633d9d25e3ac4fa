#!/usr/bin/env bash
# Ten turns with tools, held with vLLM's server by client libraries in environments of
# their own; docs/clients.md has the result.
#   scripts/clients.sh                        all of them, on vLLM 0.21.0
#   scripts/clients.sh --only NAME            this one; may be given again
#   scripts/clients.sh --release 0.33.0       on a release of the matrix; may be given again
#   scripts/clients.sh --document [...]       and writes docs/clients.md
# Environments stay in the user's cache folder: 70 to 500 MB each.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

only=() releases=() document=''
while [ $# -gt 0 ]; do
    case $1 in
    --only) only+=("${2:?a name is missing}") && shift ;;
    --release) releases+=("${2:?a release is missing}") && shift ;;
    --document) document=yes ;;
    *)
        sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2
        exit 2
        ;;
    esac
    shift
done
if [ ${#only[@]} -eq 0 ]; then
    for pins in scripts/clients/pins/*; do
        name=${pins##*/}
        name=${name%.*}
        # Node, and what only scripts/event_schemas.sh needs, have no program.
        compgen -G "scripts/clients/$name.*" >/dev/null || continue
        only+=("$name")
    done
fi

. scripts/environment.sh
. scripts/client_environment.sh
ensure_environment || exit
clients=()
for name in "${only[@]}"; do
    ensure_client_environment "$name" || exit
    clients+=("$name=$CLIENT_FOLDER")
done

for name in $(compgen -e | grep -E '^(VLLM_|PYTHON|OPENAI_)'); do
    unset "$name"
done
export VLLM_NO_USAGE_STATS=1 HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1
export VLLM_LOGGING_LEVEL=ERROR
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
status=0
for release in "${releases[@]:-0.21.0}"; do
    python=$ENV_PYTHON
    if [ "$release" != 0.21.0 ]; then
        python=${ENV_PYTHON%/environment-*}/matrix/environments/tests-${release//./-}/bin/python
        if ! [ -e "$python" ]; then
            echo "scripts/clients.sh: scripts/matrix.sh $release makes that environment" >&2
            exit 2
        fi
    fi
    "$python" -m scripts.client_runs --results "$results/$release" "${clients[@]}" || status=1
done
if [ -n "$document" ]; then
    "$ENV_PYTHON" -m scripts.client_runs.document docs/clients.md "$results"/* || exit
fi
exit "$status"

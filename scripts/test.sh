#!/usr/bin/env bash
# The project's checks: ruff, mypy, pytest on vLLM 0.21.0 with its real CPU engine.
#   scripts/test.sh                    everything
#   scripts/test.sh -m "not engine"    what follows goes to pytest
# The first run makes the environment (see environment.sh), later ones start in seconds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/environment.sh
ensure_environment || exit

# What the caller's shell has set for vLLM, the kit or Python must not decide a result.
for name in $(compgen -e | grep -E '^(VLLM_|PYTHON|PYTEST_)'); do
    unset "$name"
done
export VLLM_NO_USAGE_STATS=1 HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 PYTHONUNBUFFERED=1

step() {
    printf '\n== %s\n' "$*"
    "$ENV_PYTHON" -m "$@" || {
        local code=$?
        printf '\nscripts/test.sh: failed (%s): %s\n' "$code" "$*" >&2
        exit "$code"
    }
}

step ruff check .
step ruff format --check .
step mypy vllm_responses_fix
step pytest "$@"

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

check() {
    printf '\n== %s\n' "$*"
    "$ENV_PYTHON" -m "$@" || {
        local code=$?
        printf '\nscripts/test.sh: %s failed, so no test was run\n' "$1" >&2
        exit "$code"
    }
}

check ruff check .
check ruff format --check .
check mypy vllm_responses_fix

printf '\n== pytest %s\n' "$*"
exec "$ENV_PYTHON" -m pytest "$@"

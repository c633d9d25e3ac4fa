#!/usr/bin/env bash
# GuideLLM's multi-turn benchmark with tool calls, replayed and by id, stock and patched.
#
# The released GuideLLM holds the same conversations (guidellm_benchmark/scenario.yaml)
# with vLLM's own server and engine on this machine, with `server_history` on and off.
# Prints what its reports say of each turn, and draws docs/bench_guidellm.png and .svg.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/environment.sh
source scripts/guidellm_environment.sh
ensure_environment
ensure_guidellm_environment
exec "$GUIDELLM_PYTHON" -m scripts.guidellm_benchmark "$ENV_PYTHON" "$@"

#!/usr/bin/env bash
# Runs the bug report's conversation on stock vLLM 0.21.0 and on vLLM with the kit.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/environment.sh
ensure_environment
exec "$ENV_PYTHON" -m scripts.demo "$@"

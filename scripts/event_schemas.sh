#!/usr/bin/env bash
# Lets the JavaScript SDKs read the events of streams with answers of all kinds, as their
# own schemas have them, and prints what they refuse.
#   scripts/event_schemas.sh                    on vLLM 0.21.0
#   scripts/event_schemas.sh --release 0.33.0   on a release of the matrix
# The SDKs are those of scripts/clients.sh, and so are their environments.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/environment.sh
. scripts/client_environment.sh
ensure_environment || exit

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
scripts/run.sh "$@" record_events "$place/events.json"
status=0
for program in scripts/event_schemas/*.mjs; do
    name=$(basename "$program" .mjs)
    ensure_client_environment "$name" || exit
    # Node looks for packages beside the program, and nowhere else.
    mkdir "$place/$name"
    cp "$program" scripts/event_schemas/*.js "$place/$name"
    ln -s "$CLIENT_FOLDER/node_modules" "$place/$name/node_modules"
    "$CLIENT_FOLDER/bin/node" "$place/$name/$name.mjs" "$place/events.json" || status=1
done
exit "$status"

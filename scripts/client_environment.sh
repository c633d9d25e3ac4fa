# shellcheck shell=bash
# The environments that client libraries run in, each made once and kept next to vLLM's.
# Source this file after environment.sh and call
#     ensure_environment && ensure_client_environment NAME || exit
# which sets CLIENT_FOLDER. What is in it is pinned in clients/pins: NAME.txt for pip, or
# NAME.json, which is the package-lock.json of npm. Node itself comes from PyPI.
# shellcheck source-path=SCRIPTDIR

_client_pins=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/clients/pins

_client_build() {
    local name=$1 folder=$2
    rm -rf "$folder"
    mkdir -p "$folder/tmp" || return 1
    if [ -e "$_client_pins/$name.json" ]; then
        _client_npm "$name" "$folder" || return 1
    else
        "$ENV_PYTHON" -m venv "$folder" >&2 || return 1
        _environment_install "$folder" -r "$_client_pins/$name.txt" || return 1
    fi
    rm -rf "$folder/tmp"
    touch "$folder/complete"
}

# Node and what the lock file says, below one folder.
_client_npm() {
    local name=$1 folder=$2
    ensure_client_environment node || return 1
    ln -s "$CLIENT_FOLDER/bin" "$folder/bin" || return 1
    cp "$_client_pins/$name.json" "$folder/package-lock.json" || return 1
    # npm wants it beside the lock file, which has all that counts of it.
    "$ENV_PYTHON" - "$folder" <<'PYTHON' || return 1
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
lock = json.loads((folder / "package-lock.json").read_text())
(folder / "package.json").write_text(json.dumps(lock["packages"][""]))
PYTHON
    _environment_run "$folder" "$folder/bin/npm" --prefix "$folder" \
        --cache "$folder/tmp" ci --ignore-scripts --no-audit --no-fund --no-update-notifier
}

# Sets CLIENT_FOLDER to the environment of the client NAME, making it where it is missing.
ensure_client_environment() {
    local name=$1 folder pins key
    pins=$(cat "$_client_pins/$name".* 2>/dev/null) || {
        _environment_say "there is no client $name in $_client_pins"
        return 1
    }
    key=$({
        printf '%s\n' "$pins"
        "$ENV_PYTHON" -c \
            'import sys, platform; print(sys.version_info[:2], platform.machine())'
        case $name in node) ;; *) cat "$_client_pins/node.txt" ;; esac
        declare -f _client_build _client_npm
    } | sha256sum | cut -c1-12)
    folder=${ENV_PYTHON%/environment-*}/clients/$name-$key
    mkdir -p "${folder%/*}" || return 1
    if ! _environment_is_ready "$folder"; then
        _environment_say "making the client $name ready in $folder"
        (
            flock 9 || exit 1
            _environment_is_ready "$folder" && exit 0
            _client_build "$name" "$folder" || exit 1
            _environment_say "ready: $(_environment_used_mb "$folder") MB"
        ) 9>"$folder.lock" || return 1
    fi
    CLIENT_FOLDER=$folder
}

# shellcheck shell=bash
# The environment that GuideLLM runs in, made once and kept next to vLLM's. Source this
# file after environment.sh and call
#     ensure_environment && ensure_guidellm_environment || exit
# which sets GUIDELLM_PYTHON.
# shellcheck source-path=SCRIPTDIR

_guidellm_lock=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/constraints/guidellm-0.8.1.txt
_guidellm_size_mb=750

_guidellm_build() {
    local folder=$1 packages
    rm -rf "$folder"
    mkdir -p "$folder/tmp" || return 1
    "$ENV_PYTHON" -m venv "$folder" >&2 || return 1
    # What is not in this environment is found in vLLM's: torch. Not so the other way.
    packages=$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    "$ENV_PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
        >"$packages/vllm_environment.pth" || return 1
    _environment_install "$folder" -r "$_guidellm_lock" || return 1
    "$folder/bin/guidellm" --version >&2 9>&- || return 1
    rm -rf "$folder/tmp"
    touch "$folder/complete"
}

# Sets GUIDELLM_PYTHON, making the environment where it is missing.
ensure_guidellm_environment() {
    local folder=${ENV_PYTHON%/bin/python} key
    key=$({
        grep -v '^ *#' "$_guidellm_lock"
        declare -f _guidellm_build
    } | sha256sum | cut -c1-12)
    # Named for vLLM's as well, as it can't do without that very one.
    folder=${folder/%environment-*/guidellm-${folder##*-}-$key}
    GUIDELLM_PYTHON=$folder/bin/python
    _environment_is_ready "$folder" && return 0

    _environment_say "making GuideLLM ready in $folder:" \
        "once, in about a minute; $_guidellm_size_mb MB on disk"
    (
        flock 9 || exit 1
        _environment_is_ready "$folder" && exit 0
        _guidellm_build "$folder" || exit 1
        _environment_say "ready: $(_environment_used_mb "$folder") MB"
    ) 9>"$folder.lock"
}

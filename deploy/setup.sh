#!/bin/sh
# Prepares this checkout: .venv from a hashed lock, and on request the database servers for tests.
# Instant when nothing changed. Usage: deploy/setup.sh [--dev] [--servers]
set -eu

cd "$(dirname "$0")/.."
export PATH="$PATH:/usr/sbin:/sbin"
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '[setup] %s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

can_be_root() {
    [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

# Debian starts a service when its package is installed; nothing here wants one running.
# A subshell, so that its trap and its settings end with it.
apt_install() (
    command -v apt-get >/dev/null || fail "please install: $* (no apt-get here)"
    can_be_root || fail "please run as root, or allow sudo: apt-get install --no-install-recommends $*"
    policy=/usr/sbin/policy-rc.d
    policy_is_ours=
    log=$(mktemp)
    trap 'rm -f "$log"; [ -z "$policy_is_ours" ] || as_root rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
    if [ ! -e "$policy" ]; then
        policy_is_ours=yes
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    say "installing $* (a minute or two)"
    {
        as_root apt-get update -q || true
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -q -y --no-install-recommends "$@"
    } </dev/null >"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        fail "apt-get could not install $*"
    }
)

is_python_311() {
    "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in "${PYTHON:-}" python3.11 python3 /usr/bin/python3.11 \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.11.*/bin/python3.11; do
        [ -n "$candidate" ] && is_python_311 "$candidate" && {
            printf '%s\n' "$candidate"
            return
        }
    done
    return 1
}

make_venv() {
    python=$(find_python) || fail "Python 3.11 was not found; set PYTHON=/path/to/python3.11"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || apt_install python3-venv
    say "creating .venv with $("$python" -c 'import sys; print(sys.executable)')"
    "$python" -m venv --clear .venv
}

lock_sum() { cksum <"$1"; }
stamp_of() { cat "$1" 2>/dev/null || true; }

# The development lock holds the runtime lock, so whoever has it needs no second install.
is_installed() {
    [ "$(stamp_of ".venv/$1.stamp")" = "$(lock_sum "$1")" ]
}

install_lock() {
    is_installed "$1" && return
    { is_python_311 .venv/bin/python && .venv/bin/python -c 'import pip'; } 2>/dev/null || make_venv
    rm -f .venv/*.stamp
    say "installing $(grep -c '==' "$1") packages from $1 (about a minute)"
    .venv/bin/python -m pip install -qq --no-input --require-hashes --only-binary :all: \
        --requirement "$1" || fail "pip could not install $1; see above"
    lock_sum "$1" >".venv/$1.stamp"
}

install_servers() {
    wanted=
    { command -v mariadbd && command -v mariadb-install-db; } >/dev/null \
        || wanted="$wanted mariadb-server-core"
    command -v mariadb-dump >/dev/null || wanted="$wanted mariadb-client"
    command -v redis-server >/dev/null || command -v valkey-server >/dev/null \
        || wanted="$wanted redis-server"
    # shellcheck disable=SC2086 # a list of package names
    [ -z "$wanted" ] || apt_install $wanted
}

lock=requirements.lock
servers=
for option in "$@"; do
    case $option in
        --dev) lock=requirements-dev.lock ;;
        --servers) servers=yes ;;
        *) fail "unknown option $option; usage: deploy/setup.sh [--dev] [--servers]" ;;
    esac
done

if [ "$lock" = requirements.lock ] && is_installed requirements-dev.lock; then
    lock=requirements-dev.lock
fi
install_lock "$lock"
[ -z "$servers" ] || install_servers

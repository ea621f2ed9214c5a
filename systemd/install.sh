#!/bin/sh
# Installs this checkout as a service, or brings an installed one up to it.  As root: make install
#
# May be run again at any time: what is there is kept, what differs is renewed, and a release
# that does not answer within 30 s gives way to the one before.
#
#   PI=pi|pi5|none            libraries for sensors on the pins of a Raspberry Pi; else by its model
#   ROOT=/FOLDER              install below this folder and run from there: no account (tests)
#   NO_SYSTEMD=1              only files: no account, no service (tests, containers)
#   FOGNODE_VENV_FROM=/VENV   borrow the libraries of this environment, download none (tests)
set -eu
umask 022
cd "$(dirname "$0")/.."

ROOT=${ROOT:-}
NO_SYSTEMD=${NO_SYSTEMD:-}
PI=${PI:-}
FOGNODE_VENV_FROM=${FOGNODE_VENV_FROM:-}
SOURCES="setup.cfg pyproject.toml README.md LICENSE fognode contracts/abi migrations"
WAIT_S=30

opt=$ROOT/opt/fognode
etc=$ROOT/etc/fognode
config=$etc/fognode.toml
export CREDENTIALS_DIRECTORY="$etc/credentials"

say() { printf 'install: %s\n' "$*"; }
fail() {
    say "$*" >&2
    exit 1
}
has_systemd() { [ -z "$NO_SYSTEMD" ]; }
has_account() { [ -z "$ROOT$NO_SYSTEMD" ]; }

check_machine() {
    case $ROOT in "" | /*) ;; *) fail "ROOT=$ROOT must begin with /" ;; esac
    [ -n "$ROOT" ] || [ "$(id -u)" = 0 ] || fail "only root can: sudo make install"
    python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        fail "python 3.11 or newer with venv is needed: apt-get install python3-venv"
    home=$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')
    case $ROOT$home in
    /root/* | /home/*) fail "$home is hidden from the service: put /usr/bin first in PATH" ;;
    esac
    extras=mariadb
    if ! { command -v mariadb_config && command -v gcc; } >/dev/null; then
        say "SQLite only: the MariaDB connector needs apt-get install gcc libmariadb-dev"
        extras=""
    fi
    choose_pi
    [ "$PI" = none ] || extras=${extras:+$extras,}$PI
    extras=${extras:+[$extras]}
}

model() { tr -d '\0' 2>/dev/null <"$ROOT/proc/device-tree/model" || true; }

# Which of the extras of setup.cfg drive the pins: RPi.GPIO fails on the Pi 5 and its kin.
choose_pi() {
    case $PI in
    pi | pi5 | none) return ;;
    "") ;;
    *) fail "PI=$PI is none of pi, pi5, none" ;;
    esac
    case $(model) in
    *"Raspberry Pi 5"* | *"Raspberry Pi Compute Module 5"*) PI=pi5 ;;
    *"Raspberry Pi"*) PI=pi ;;
    *) PI=none ;;
    esac
    if [ "$PI" != none ] && ! can_compile; then
        say "no sensors on the Pi's own pins: their libraries need apt-get install gcc python3-dev"
        PI=none
    fi
}

can_compile() {
    header='import pathlib, sys, sysconfig
sys.exit(not (pathlib.Path(sysconfig.get_path("include")) / "Python.h").exists())'
    command -v gcc >/dev/null && python3 -c "$header"
}

# --- the program ----------------------------------------------------------------------------

# The name holds what it was made of: a changed checkout is another release, the same is not.
name_release() {
    version=$(sed -n 's/^version = //p' setup.cfg)
    # shellcheck disable=SC2086 # SOURCES is a list
    digest=$({
        echo "$(python3 --version) $extras $FOGNODE_VENV_FROM"
        find $SOURCES -type f ! -path '*/__pycache__/*' -exec sha256sum {} + | LC_ALL=C sort
    } | sha256sum | cut -c1-8)
    release=$opt/releases/$version-$digest
}

build_release() {
    if [ -e "$release/complete" ]; then
        say "release ${release##*/} is built"
        return
    fi
    say "building release ${release##*/}"
    rm -rf "$release"
    mkdir -p "$opt/releases"
    copy=$(mktemp -d) # a build leaves files beside its sources, and takes up old ones
    trap 'rm -rf "$copy"' EXIT
    # shellcheck disable=SC2086 # SOURCES is a list
    cp -R --parents $SOURCES "$copy"
    if [ -n "$FOGNODE_VENV_FROM" ]; then
        borrow_libraries
    else
        python3 -m venv "$release"
        "$release/bin/pip" install -q --disable-pip-version-check "$copy$extras"
        # It asks for RPi.GPIO, whose place rpi-lgpio has there under the same name.
        if [ "$PI" = pi5 ]; then
            mfrc522=$(sed -n 's/^ *\(mfrc522==.*\)/\1/p' setup.cfg)
            "$release/bin/pip" install -q --disable-pip-version-check --no-deps "$mfrc522"
        fi
    fi
    touch "$release/complete"
}

borrow_libraries() {
    python3 -m venv --without-pip "$release"
    places='import site; print(site.getsitepackages()[0])'
    "$FOGNODE_VENV_FROM/bin/python" -I -c "$places" \
        >"$("$release/bin/python" -I -c "$places")/borrowed.pth"
    "$release/bin/python" -I -m pip install -q --disable-pip-version-check --no-deps \
        --ignore-installed "$copy"
}

# --- what root keeps ------------------------------------------------------------------------

# put SOURCE TARGET: copy when it differs; tell by the exit code whether it did.
put() {
    ! cmp -s "$1" "$ROOT$2" || return 1
    say "writing $ROOT$2"
    install -D -m 0644 "$1" "$ROOT$2"
}

put_files() {
    put systemd/sysusers.conf /usr/lib/sysusers.d/fognode.conf || true
    if has_account; then systemd-sysusers /usr/lib/sysusers.d/fognode.conf; fi
    if put systemd/99-fognode.rules /etc/udev/rules.d/99-fognode.rules && has_account; then
        udevadm control --reload || say "the rules for the ports hold from the next start on"
        udevadm trigger --subsystem-match=tty || true
    fi
    if put systemd/journald.conf /etc/systemd/journald.conf.d/fognode.conf && has_account; then
        systemctl try-restart systemd-journald
    fi
    for unit in fognode.service fognode-immutable.service fognode-immutable.timer; do
        put "systemd/$unit" "/etc/systemd/system/$unit" || true
    done
    case $(model) in *"Raspberry Pi"*)
        put systemd/raspberrypi.conf /etc/systemd/system/fognode.service.d/raspberrypi.conf || true ;;
    esac
}

# One file for each that the unit loads: what is the box's own is drawn, the others are empty.
make_credentials() {
    install -d -m 0755 "$etc"
    install -d -m 0700 "$CREDENTIALS_DIRECTORY"
    sed -n 's/^LoadCredential=\([a-z-]*\):.*/\1/p' systemd/fognode.service | while read -r name; do
        file=$CREDENTIALS_DIRECTORY/$name
        [ ! -e "$file" ] || continue
        say "making credential $name"
        (
            umask 077
            case $name in
            db-*) python3 -c 'import secrets; print(secrets.token_urlsafe(24))' >"$file.new" ;;
            checkpoint-key | vault-master | board-master)
                python3 -c 'import secrets; print(secrets.token_hex(32))' >"$file.new" ;;
            *) : >"$file.new" ;;
            esac
        )
        mv "$file.new" "$file"
    done
}

# The document's own example, all of it commented out but the farm's id.
make_config() {
    [ ! -e "$config" ] || return 0
    say "writing $config: give the farm its own id, name and zone there"
    {
        echo "# Every key, each behind a # but the farm's id.  See docs/configuration.md."
        # shellcheck disable=SC2016 # the backticks are the document's
        sed -n '/^```toml$/,/^```$/p' docs/configuration.md |
            sed -e '/^```/d' -e '/^\[farm\]/b' -e '/^id = "farm-/b' -e 's/^[^#]/#&/'
    } >"$config.new"
    [ -z "$ROOT" ] || sed -i "s|^#folder = \"/var|folder = \"$ROOT/var|" "$config.new"
    mv "$config.new" "$config"
}

# --- the database and the service -----------------------------------------------------------

read_config() {
    told=$("$release/bin/python" -I -c 'import pathlib, sys, fognode.config, fognode.errors
try:
    told = fognode.config.load(pathlib.Path(sys.argv[1]))
except fognode.errors.ConfigError as error:
    sys.exit(str(error))
print(told.store.backend, told.folder)' "$config" 2>&1) || fail "$told; nothing was switched"
    backend=${told%% *}
    folder=${told#* }
}

migrate() {
    if has_account; then
        [ -e "$folder" ] || install -d -m 0750 -o fognode -g fognode "$folder"
    else
        [ -e "$folder" ] || install -d -m 0750 "$folder"
    fi
    set -- "$release/bin/fognode" migrate --config "$config"
    # MariaDB lets root in; an SQLite file must belong to the account that will write it.
    if has_account && [ "$backend" = sqlite ]; then set -- runuser -u fognode -- "$@"; fi
    "$@" || fail "the database cannot be prepared; nothing was switched"
}

# A rename, so that there is one or the other at any time.
switch_to() {
    ln -sfn "$1" "$opt/current.new"
    mv -T "$opt/current.new" "$opt/current"
}

start() {
    systemctl daemon-reload
    systemctl enable --quiet fognode
    say "starting it, $WAIT_S s at most"
    timeout "$WAIT_S" systemctl restart fognode || return 1 # it returns at READY=1
    tries=$WAIT_S
    until answers; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 1
    done
}

answers() {
    "$release/bin/python" -I -c 'import http.client, pathlib, sys, urllib.parse
url = urllib.parse.urlsplit(pathlib.Path(sys.argv[1]).read_text())
line = http.client.HTTPConnection(url.hostname, url.port, timeout=2)
line.request("GET", "/healthz")
sys.exit(line.getresponse().status != 200)' "$folder/page.url" 2>/dev/null
}

go_back() {
    why="release ${release##*/} does not answer: journalctl -u fognode"
    if [ -z "$before" ] || [ "$before" = "$release" ]; then fail "$why"; fi
    switch_to "$before"
    systemctl restart fognode || true
    fail "$why; ${before##*/} is back"
}

forget_old_releases() {
    [ "$before" != "$release" ] || return 0
    for old in "$opt"/releases/*; do
        if [ "$old" != "$release" ] && [ "$old" != "$before" ]; then
            say "removing release ${old##*/}"
            rm -rf "$old"
        fi
    done
}

check_machine
name_release
build_release
put_files
make_credentials
make_config
read_config
migrate
before=$(readlink "$opt/current" || true)
say "switching to release ${release##*/}"
switch_to "$release"
install -d "$ROOT/usr/local/bin"
ln -sfn "$opt/current/bin/fognode" "$ROOT/usr/local/bin/fognode"
if has_systemd; then
    start || go_back
    systemctl enable --now --quiet fognode-immutable.timer # once its program is the current one
    say "the page is at $(cat "$folder/page.url")"
fi
forget_old_releases
"$opt/current/bin/fognode" doctor --config "$config" || say "see the bad lines above"

#!/bin/sh
# Makes this checkout ready: setup.sh demo|dev|test "APT PACKAGES".
# What is missing is installed with apt where that is allowed, otherwise named in one line;
# only `test` under CI=true insists.
set -eu
wanted=$1
packages=$2

say() { printf 'set-up: %s\n' "$*"; }

missing=""
for package in $packages; do
    case $package in # a tool that is here by other means is here
    gcc | make | nodejs | npm | chromium)
        command -v "$(echo "$package" | sed 's/nodejs/node/')" >/dev/null && continue ;;
    python3-venv) python3 -m venv --help >/dev/null 2>&1 && python3 -c 'import ensurepip' 2>/dev/null && continue ;;
    esac
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
    root=""
    [ "$(id -u)" = 0 ] || root="sudo -n"
    if [ -z "$root" ] || $root true 2>/dev/null; then
        say "installing$missing"
        { $root apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
            $root apt-get install -y -qq --no-install-recommends $missing; } >/dev/null 2>&1 ||
            say "apt could not install$missing"
    else
        say "not installed, no right to:$missing (as root: apt-get install$missing)"
    fi
fi

set_up_libraries() {
    [ -x .venv/bin/python ] || {
        say "making .venv"
        python3 -m venv .venv
        # It resolves in a third of the time of the one that Python 3.11 brings.
        .venv/bin/pip install -q --upgrade pip >/dev/null 2>&1 || true
    }
    extras=dev
    [ "$wanted" != demo ] || extras=demo
    say "installing fognode and its libraries into .venv"
    pip=".venv/bin/pip install -q --disable-pip-version-check -e"
    if ! $pip ".[$extras,mariadb]" >/dev/null 2>&1; then
        say "the MariaDB connector cannot be built (needs gcc and libmariadb-dev): going on with SQLite"
        $pip ".[$extras]"
    fi
    # The tests run it on stubs of RPi.GPIO and spidev, which it asks for and which need a Pi.
    [ "$wanted" = demo ] || .venv/bin/pip install -q --disable-pip-version-check --no-deps mfrc522==0.0.7
}

set_up_chains() {
    if command -v npm >/dev/null; then
        [ -d contracts/node_modules/@foundry-rs ] || {
            say "installing the chain nodes (npm)"
            (cd contracts && npm ci --ignore-scripts --no-audit --no-fund --silent >/dev/null 2>&1) ||
                say "npm could not install the chain nodes: the in-process ledger stands in"
        }
    else
        say "no npm: the in-process ledger stands in for the two chain nodes"
    fi
}

set_up_firmware() {
    if command -v avr-gcc >/dev/null && [ -e /usr/include/simavr/sim_avr.h ]; then
        say "building the firmware and its simulator"
        make -s -C firmware all sim >/dev/null ||
            say "not all of the firmware builds: make -C firmware says why"
    else
        say "no gcc-avr or libsimavr: frames recorded from the firmware stand in for the boards"
    fi
}

if [ "$wanted" != dev ]; then # beside pip, which mostly waits
    set_up_chains &
    set_up_firmware &
fi
set_up_libraries
wait

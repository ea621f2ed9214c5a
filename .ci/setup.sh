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

[ -x .venv/bin/python ] || { say "making .venv"; python3 -m venv .venv; }
extras=$wanted
[ "$wanted" = test ] && extras=dev
[ "$wanted" = demo ] || extras=dev
say "installing fognode and its libraries into .venv"
if ! .venv/bin/pip install -q --disable-pip-version-check -e ".[$extras,mariadb]" >/dev/null 2>&1; then
    say "the MariaDB connector cannot be built (needs gcc and libmariadb-dev): going on with SQLite"
    .venv/bin/pip install -q --disable-pip-version-check -e ".[$extras]"
fi

if [ "$wanted" != dev ]; then
    if command -v npm >/dev/null; then
        [ -d contracts/node_modules/@foundry-rs ] || {
            say "installing the chain nodes (npm)"
            (cd contracts && npm ci --ignore-scripts --no-audit --no-fund --silent >/dev/null 2>&1) ||
                say "npm could not install the chain nodes: the in-process ledger stands in"
        }
    else
        say "no npm: the in-process ledger stands in for the two chain nodes"
    fi
    if command -v avr-gcc >/dev/null && [ -e /usr/include/simavr/sim_avr.h ]; then
        say "building the firmware and its simulator"
        make -s -C firmware >/dev/null || say "the firmware does not build: recorded frames stand in"
    else
        say "no gcc-avr or libsimavr: frames recorded from the firmware stand in for the boards"
    fi
fi

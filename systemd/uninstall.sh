#!/bin/sh
# Takes the service away.  As root: make uninstall.  May be run again at any time.
#
# The record, the configuration and the credentials stay; PURGE=1 deletes them too, for ever.
#
#   ROOT=/FOLDER   where install.sh put it (tests)
#   NO_SYSTEMD=1   there is no service to stop (tests, containers)
set -eu

ROOT=${ROOT:-}
NO_SYSTEMD=${NO_SYSTEMD:-}
PURGE=${PURGE:-}

say() { printf 'uninstall: %s\n' "$*"; }

remove() {
    for place in "$@"; do
        if [ -e "$ROOT$place" ] || [ -L "$ROOT$place" ]; then
            say "removing $ROOT$place"
            rm -rf "$ROOT$place"
        fi
    done
}

if [ -z "$ROOT" ] && [ "$(id -u)" != 0 ]; then
    say "only root can: sudo make uninstall" >&2
    exit 1
fi
if [ -z "$NO_SYSTEMD" ]; then
    systemctl disable --now --quiet fognode-immutable.timer 2>/dev/null || true
    systemctl stop --quiet fognode-immutable.service 2>/dev/null || true
    systemctl disable --now --quiet fognode 2>/dev/null || say "no service was running"
fi
remove /etc/systemd/system/fognode.service.d /etc/systemd/system/fognode.service \
    /etc/systemd/system/fognode-immutable.service /etc/systemd/system/fognode-immutable.timer \
    /etc/systemd/journald.conf.d/fognode.conf /etc/udev/rules.d/99-fognode.rules \
    /usr/lib/sysusers.d/fognode.conf /usr/local/bin/fognode /opt/fognode /var/cache/fognode
[ -n "$NO_SYSTEMD" ] || systemctl daemon-reload

if [ "$PURGE" = 1 ]; then
    # Not even root removes an immutable file.
    chattr -R -f -i "$ROOT/var/lib/fognode" 2>/dev/null || true
    remove /var/lib/fognode /etc/fognode
    say "kept: the account fognode, and what MariaDB holds (its root may drop it)"
else
    say "kept: $ROOT/var/lib/fognode and $ROOT/etc/fognode (PURGE=1 deletes them)"
    say "what is immutable there stays so: chattr -R -i $ROOT/var/lib/fognode takes that away"
fi

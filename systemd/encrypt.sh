#!/bin/sh
# Sets up MariaDB's encryption at rest, and a log of who did what.  As root, once, when asked:
#
#   sh systemd/encrypt.sh FOLDER [CONF]
#
#   FOLDER   gets keys.enc (the key, sealed) and pass (what opens it).  Whoever has the disk and
#            both can read all: move pass to another place (USB stick, TPM, systemd-creds) and
#            name that place in CONF.  A stolen disk is protected against only then.
#   CONF     /etc/mysql/mariadb.conf.d/61-fognode-vault.cnf by default; restart mariadb after it
#
# Without the key the server does not start and nothing can be read: keep copies of both files.
# Run again it changes nothing: a key is never replaced.
set -eu
umask 077

folder=${1:?"usage: encrypt.sh FOLDER [CONF]"}
conf=${2:-/etc/mysql/mariadb.conf.d/61-fognode-vault.cnf}
case $folder in /*) ;; *) echo "encrypt: FOLDER must begin with /" >&2 && exit 2 ;; esac

mkdir -p "$folder"
if [ ! -e "$folder/keys.enc" ]; then
    openssl rand -hex 128 >"$folder/pass"
    # The key stands in no file that is not sealed.
    printf '1;%s\n' "$(openssl rand -hex 32)" |
        openssl enc -aes-256-cbc -md sha1 -pass "file:$folder/pass" -out "$folder/keys.new" 2>/dev/null
    mv "$folder/keys.new" "$folder/keys.enc"
    echo "encrypt: made $folder/keys.enc and $folder/pass"
fi
if [ "$(id -u)" = 0 ]; then
    chown -R mysql:mysql "$folder"
fi

if [ ! -e "$conf" ]; then
    # File modes: the server reads its settings before it gives root's rights away.
    cat >"$conf.new" <<SETTINGS
# Written by fognode, systemd/encrypt.sh
[mariadb]
plugin_load_add = file_key_management
loose_file_key_management_filename = $folder/keys.enc
loose_file_key_management_filekey = FILE:$folder/pass
loose_file_key_management_encryption_algorithm = AES_CTR
innodb_encrypt_tables = FORCE
innodb_encrypt_log = ON
innodb_encrypt_temporary_tables = ON
innodb_encryption_threads = 1
aria_encrypt_tables = ON
encrypt_tmp_files = ON
plugin_load_add = server_audit
loose_server_audit = FORCE_PLUS_PERMANENT
loose_server_audit_logging = ON
loose_server_audit_events = CONNECT,QUERY_DDL,QUERY_DCL
loose_server_audit_file_path = server_audit.log
loose_server_audit_file_rotate_size = 10000000
loose_server_audit_file_rotations = 9
skip_symbolic_links
SETTINGS
    chmod 644 "$conf.new"
    mv "$conf.new" "$conf"
    echo "encrypt: made $conf; restart mariadb, then run fognode doctor"
fi

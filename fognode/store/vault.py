"""Names and photos that can be forgotten: each sealed under a key of its own.

The record holds ciphertext only, so hashes, shadows, checkpoints and backups of the record
stay as they are when a key is destroyed; what the key sealed is then unreadable everywhere.

    vault.db   subject, key id, key    a key per person and photo, wrapped by the master key,
                                       and one by which the same picture is recognised
    sealed     key id (8 bytes), nonce (12), AES-256-GCM ciphertext and tag: as hex in an event,
               of a photo a file

The master key is the credential ``vault-master``.  A subject that was erased gets no key again:
its row stays, without the key.  Destroying a key needs no master key.

What erasing cannot reach: copies of vault.db itself (keep them shorter than the record's), and
blocks of the disk that the file no longer uses; both are worth something only together with
the master key.
"""

import json
import re
import secrets
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fognode.config import Config
from fognode.errors import ConfigError, RefusedError, TamperError
from fognode.hashing import canonical_bytes, keyed_hash
from fognode.store.vault_file import FILE, VaultFile

CREDENTIAL = "vault-master"
KEY_ID, NONCE = 8, 12  # bytes
PROBE = ""  # subject of a key that seals nothing: it tells a wrong master key from a right one
MARKS = "marks"  # subject of the key by which the same picture is recognised


def new_master() -> str:
    """Return a new secret for the credential ``vault-master``: 64 hex digits."""
    return secrets.token_hex(32)


class Vault:
    """The keys of one farm; may be used from several threads and processes at once.

    Every method raises StoreError when the file cannot be read or written.
    """

    def __init__(self, path: Path, master: str = "") -> None:
        """Take the vault's file, which the first write makes.

        Without the master key it erases, and refuses to seal and to open.

        Raises:
            ConfigError: ``master`` is not 64 hex digits or not the one this vault was made
                with, or others may read the file.
            StoreError: The file cannot be read.
        """
        if master and not re.fullmatch(r"[0-9a-fA-F]{64}", master):
            # Its value is secret: the message may not show it.
            raise ConfigError(f"credential {CREDENTIAL} is not 64 hex digits")
        self._file, self._path = VaultFile(path), path
        self._master = AESGCM(bytes.fromhex(master)) if master else None
        if self._master:
            self._check_master()

    def seal(self, person: str, fields: Mapping[str, str]) -> str:
        """Return what may be stored of a person's fields; its key is durable on return.

        Raises:
            RefusedError: The person was erased.
            ConfigError: There is no master key.
        """
        return self._seal(f"person/{person}", canonical_bytes(dict(fields))).hex()

    def open(self, person: str, sealed: str) -> dict[str, str] | None:
        """Return a person's fields; None when they were erased.

        Raises:
            TamperError: It is not what ``seal`` made for this person.
            ConfigError: There is no master key.
        """
        try:
            packed = bytes.fromhex(sealed)
        except ValueError as error:
            raise TamperError(f"what is sealed of person/{person} was altered") from error
        content = self._open(f"person/{person}", packed)
        return None if content is None else dict(json.loads(content))

    def erase(self, person: str) -> bool:
        """Destroy a person's key for good; tell whether there was one.

        On return nothing that was sealed for the person can be opened, nothing will be sealed
        for them again, and their PIN is gone.
        """
        with self._file.writing() as keys:
            keys.execute("DELETE FROM pins WHERE person = ?", [person])
        return self._erase(f"person/{person}")

    def seal_file(self, photo: str, content: bytes) -> bytes:
        """Return what may be stored of a photo; its key is durable on return.

        Raises:
            RefusedError: The photo was erased.
            ConfigError: There is no master key.
        """
        return self._seal(f"photo/{photo}", content)

    def open_file(self, photo: str, sealed: bytes) -> bytes | None:
        """Return a photo; None when it was erased.

        Raises:
            TamperError: It is not what ``seal_file`` made for this photo.
            ConfigError: There is no master key.
        """
        return self._open(f"photo/{photo}", sealed)

    def erase_file(self, photo: str) -> bool:
        """Destroy a photo's key for good; tell whether there was one."""
        return self._erase(f"photo/{photo}")

    def mark(self, content: bytes) -> str:
        """Return by what this vault, and nobody else, recognises the same picture; hex.

        Raises:
            ConfigError: There is no master key.
        """
        _, wrapped = self._key_of(MARKS)
        return keyed_hash(self._unwrap(MARKS, wrapped), content).hex()

    def photo_keys(self) -> set[str]:
        """Return the photos that have a key."""
        if not self._file.has("keys"):
            return set()
        with self._file.asking() as keys:
            found = keys.execute(
                "SELECT substr(subject, 7) FROM keys"
                " WHERE subject LIKE 'photo/%' AND wrapped IS NOT NULL"
            )
            return {str(photo) for (photo,) in found}

    def _seal(self, subject: str, content: bytes) -> bytes:
        key_id, wrapped = self._key_of(subject)
        return key_id + _encrypt(AESGCM(self._unwrap(subject, wrapped)), content, subject)

    def _key_of(self, subject: str) -> tuple[bytes, bytes]:
        """Return the key of a subject, which is made and durable if there was none.

        Raises:
            RefusedError: It was destroyed.
        """
        master = self._need_master()
        with self._file.writing() as keys:
            for one in (PROBE, subject):
                if _row(keys, one) is None:
                    key_id, key = secrets.token_bytes(KEY_ID), secrets.token_bytes(32)
                    keys.execute(
                        "INSERT INTO keys VALUES (?, ?, ?)",
                        [one, key_id, _encrypt(master, key, one)],
                    )
            found = _row(keys, subject)
        if found is None or found[1] is None:
            raise RefusedError(f"{subject} was erased: use a new id")
        return found[0], found[1]

    def _open(self, subject: str, sealed: bytes) -> bytes | None:
        self._need_master()
        found = self._find(subject)
        if found is None or found[1] is None or found[0] != sealed[:KEY_ID]:
            return None
        try:
            key = AESGCM(self._unwrap(subject, found[1]))
            return _decrypt(key, sealed[KEY_ID:], subject)
        except InvalidTag as error:
            raise TamperError(f"what is sealed of {subject} was altered") from error

    def _erase(self, subject: str) -> bool:
        with self._file.writing() as keys:
            found = _row(keys, subject)
            if found is None or found[1] is not None:
                keys.execute("REPLACE INTO keys VALUES (?, x'', NULL)", [subject])
        if found is None or found[1] is None:
            return False
        with self._file.asking() as keys:
            keys.execute("VACUUM")
        return True

    # --- keys ------------------------------------------------------------------------------

    def _need_master(self) -> AESGCM:
        if self._master is None:
            cure = f"fognode key new {CREDENTIAL}"
            raise ConfigError(f"names and photos need the credential {CREDENTIAL}: {cure}")
        return self._master

    def _check_master(self) -> None:
        found = self._find(PROBE)
        try:
            if found and found[1]:
                _decrypt(self._need_master(), found[1], PROBE)
        except InvalidTag as error:
            raise ConfigError(
                f"credential {CREDENTIAL} is not the one that {self._path} was made with"
            ) from error

    def _unwrap(self, subject: str, wrapped: bytes) -> bytes:
        try:
            return _decrypt(self._need_master(), wrapped, subject)
        except InvalidTag as error:
            raise TamperError(f"the key of {subject} in {self._path} was altered") from error

    def _find(self, subject: str) -> tuple[bytes, bytes | None] | None:
        if not self._file.has("keys"):
            return None
        with self._file.asking() as keys:
            return _row(keys, subject)


def _row(keys: sqlite3.Connection, subject: str) -> tuple[bytes, bytes | None] | None:
    found: tuple[bytes, bytes | None] | None = keys.execute(
        "SELECT key_id, wrapped FROM keys WHERE subject = ?", [subject]
    ).fetchone()
    return found


def _encrypt(key: AESGCM, content: bytes, subject: str) -> bytes:
    nonce = secrets.token_bytes(NONCE)
    # The subject is authenticated with it: one person's ciphertext is not another's.
    return nonce + key.encrypt(nonce, content, subject.encode())


def _decrypt(key: AESGCM, sealed: bytes, subject: str) -> bytes:
    if len(sealed) < NONCE + 16:
        raise InvalidTag
    return key.decrypt(sealed[:NONCE], sealed[NONCE:], subject.encode())


def open_vault(config: Config) -> Vault:
    """Open the farm's vault, without its master key if there is no such credential.

    Raises:
        ConfigError: As for ``Vault``.
        StoreError: The file cannot be read.
    """
    master = config.secret(CREDENTIAL).strip() if config.has_secret(CREDENTIAL) else ""
    return Vault(config.folder / FILE, master)

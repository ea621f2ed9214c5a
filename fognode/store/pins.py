"""Who may sign in: a hash of each person's PIN, in vault.db and nowhere else.

A PIN is six digits.  There is none by default: it is set on the console, and a person whose PIN
was taken away, or who was erased, cannot sign in.  Six digits are 20 bits: whoever has a copy of
vault.db tries all of them in about half a day; the page lets nobody try (page/sign_in.py).

Source: OWASP Password Storage Cheat Sheet: Argon2id, 19 MiB, 2 passes, 1 lane.
"""

import re
import secrets
from functools import cache
from pathlib import Path

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from fognode import hashing
from fognode.errors import RefusedError
from fognode.store.vault_file import VaultFile

PIN = re.compile(r"[0-9]{6}", re.ASCII)
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
RUNS = ("01234567890123456789", "98765432109876543210")


def refuse_weak(pin: str) -> None:
    """Do nothing, unless everybody would try this PIN first.

    Raises:
        RefusedError: It is not six digits, or too easy.
    """
    if not PIN.fullmatch(pin):
        raise RefusedError("a PIN is six digits")  # it is secret: the message may not show it
    if len(set(pin)) == 1 or any(pin in run for run in RUNS):
        raise RefusedError("this PIN is too easy: no equal digits, no run like 123456")


class Pins:
    """The PINs of one farm; may be used from several threads and processes at once.

    Every method raises StoreError when the file cannot be read or written, and ConfigError when
    others may read it.
    """

    def __init__(self, path: Path) -> None:
        """Take the vault's file, which the first PIN makes."""
        self._path = path

    def give(self, person: str, pin: str) -> None:
        """Set a person's PIN, which is durable on return; the one before ends.

        Raises:
            RefusedError: The PIN is too weak.
        """
        refuse_weak(pin)
        hashed = _hash(pin)
        with VaultFile(self._path).writing() as keys:
            keys.execute("REPLACE INTO pins VALUES (?, ?)", [person, hashed])

    def take(self, person: str) -> bool:
        """Take a person's PIN away; tell whether there was one."""
        if not self._hash_of(person):
            return False
        with VaultFile(self._path).writing() as keys:
            keys.execute("DELETE FROM pins WHERE person = ?", [person])
        return True

    def check(self, person: str, pin: str) -> str:
        """Return the mark of a person's PIN if this is it, else ""; takes 20 MB for 50 ms.

        It takes as long for somebody who has none.
        """
        hashed = self._hash_of(person)
        try:
            Argon2id.verify_phc_encoded(pin.encode(), hashed or _nobodys())
        except InvalidKey:
            return ""
        return _mark(hashed) if hashed else ""

    def mark(self, person: str) -> str:
        """Return by what a PIN is known to be the same as before; "" = there is none now."""
        hashed = self._hash_of(person)
        return _mark(hashed) if hashed else ""

    def _hash_of(self, person: str) -> str:
        file = VaultFile(self._path)
        if not file.has("pins"):
            return ""
        with file.asking() as keys:
            found = keys.execute("SELECT hash FROM pins WHERE person = ?", [person]).fetchone()
        return str(found[0]) if found else ""


def _mark(hashed: str) -> str:
    return hashing.sha256(hashed.encode()).hex()[:16]


def _hash(pin: str) -> str:
    salt = secrets.token_bytes(16)
    made = Argon2id(
        salt=salt, length=32, iterations=PASSES, lanes=LANES, memory_cost=MEMORY_KIB
    ).derive_phc_encoded(pin.encode())
    return str(made)


@cache
def _nobodys() -> str:
    return _hash(secrets.token_hex(8))

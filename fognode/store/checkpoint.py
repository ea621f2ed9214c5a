"""Checkpoints: what the node signs to bind itself to its record so far.

A checkpoint says "my record has SIZE events and this is their root".  It is a C2SP signed
note; Ed25519 signs the text with its last LF, without the blank line:

    fognode.example/farm-7                          log, which is also the key's name
    2                                               size
    mxFAXnU6TMj6lFEZRcg+WDNGJxmepnwQmt/o29ozb4Q=    root
                                                    a blank line
    \u2014 fognode.example/farm-7 base64(key id, 4 bytes, and signature, 64 bytes)

The checkpoint with which a key is retired has a second such line, by that key.

Others learn the key as the text ``log+hex(key id)+base64(0x01 || public key)``; the key id is
SHA-256(log || LF || 0x01 || public key)[:4].  Source: C2SP signed-note and tlog-checkpoint.
"""

import base64
import binascii
import re
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from fognode import hashing
from fognode.errors import ConfigError, TamperError

MAX_NOTE = 10_000  # bytes: ours has about 200, and witnesses may add lines
ED25519 = b"\x01"  # signature type (C2SP signed-note, "Signature types")
DASH = "\u2014 "
NAME = re.compile(r"[^\s+]{1,200}")
SIZE = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How many events the record had, and the root over their leaves."""

    log: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return what is signed."""
        return f"{self.log}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


# --- keys --------------------------------------------------------------------------------


def log_name(farm: str, began: str = "") -> str:
    """Return the name of a farm's log, which is also that of its key.

    ``began`` tells the logs of a farm apart that had to begin anew: a size and a root are
    signed under one name only once.
    """
    return f"fognode.{farm}/{began}" if began else f"fognode.{farm}"


def new_key() -> str:
    """Return a new secret for the credential ``checkpoint-key``: 64 hex digits."""
    return secrets.token_hex(32)


class Signer:
    """Signs checkpoints of one log with the node's key."""

    def __init__(self, log: str, seed: str, retiring: str = "") -> None:
        """Take the log's name and the credential ``checkpoint-key``.

        ``retiring`` is the secret of the key before it, which signs as well: who trusts that
        one can follow to this one.

        Raises:
            ConfigError: The name has a blank or a plus, or the key is not 64 hex digits.
        """
        if not NAME.fullmatch(log):
            raise ConfigError(f"log name {log!r} must be 1 to 200 characters, no blank, no +")
        self.log = log
        self._keys = [_private(text) for text in ([seed, retiring] if retiring else [seed])]

    @property
    def verifier_key(self) -> str:
        """The text that others need to check what this key signs."""
        return verifier_key(self.log, self._keys[0].public_key().public_bytes_raw())

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """Return the signed note of a checkpoint of this log.

        Raises:
            ValueError: It is of another log.
        """
        if checkpoint.log != self.log:
            raise ValueError(f"checkpoint of {checkpoint.log}, key of {self.log}")
        text = checkpoint.text()
        lines = "".join(self._line(key, text) for key in self._keys)
        return f"{text}\n{lines}".encode()

    def _line(self, key: Ed25519PrivateKey, text: str) -> str:
        marked = key_id(self.log, key.public_key().public_bytes_raw())
        return f"{DASH}{self.log} {base64.b64encode(marked + key.sign(text.encode())).decode()}\n"


def _private(seed: str) -> Ed25519PrivateKey:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", seed.strip()):
        # Its value is secret: the message may not show it.
        raise ConfigError("credential checkpoint-key is not 64 hex digits")
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed.strip()))


def key_id(log: str, public: bytes) -> bytes:
    """Return the four bytes by which a signature line names its key."""
    return hashing.sha256(log.encode() + b"\n" + ED25519 + public)[:4]


def verifier_key(log: str, public: bytes) -> str:
    """Return the shared text of a public key."""
    return f"{log}+{key_id(log, public).hex()}+{base64.b64encode(ED25519 + public).decode()}"


def parse_key(text: str) -> tuple[str, bytes]:
    """Return log name and public key of a shared key text.

    Raises:
        ConfigError: It is not written ``name+id+key``, or its id is not that of its key.
    """
    parts = text.strip().split("+", 2)  # base64 may hold a plus of its own
    packed = _base64(parts[2]) if len(parts) == 3 else None
    if packed is None or len(packed) != 33 or packed[:1] != ED25519:
        raise ConfigError(f"{text!r} is not written name+id+key of an Ed25519 key")
    log, public = parts[0], packed[1:]
    if not NAME.fullmatch(log) or text.strip() != verifier_key(log, public):
        raise ConfigError(f"the id in {text!r} is not that of its name and key")
    return log, public


# --- notes -------------------------------------------------------------------------------


def parse_note(note: bytes) -> Checkpoint:
    """Return what a note says; who signed it is not looked at.

    Raises:
        TamperError: It is not in the exact form.
    """
    text, lines = _split(note)
    for line in lines:
        _signature(line)
    return _parse(text)


def open_note(note: bytes, key: str) -> Checkpoint:
    """Return the checkpoint in a note, once its signature by ``key`` is checked.

    Signatures of other keys are passed over, as C2SP asks, so witnesses may add theirs.

    Raises:
        TamperError: It is not in the exact form, is of another log, or not signed by the key.
        ConfigError: ``key`` is not a shared key text.
    """
    log, public = parse_key(key)
    text, lines = _split(note)
    checkpoint = _parse(text)
    if checkpoint.log != log:
        raise TamperError(f"checkpoint of log {checkpoint.log!r}, not {log!r}")
    wanted = key_id(log, public)
    ours = [
        packed[4:] for name, packed in map(_signature, lines) if (name, packed[:4]) == (log, wanted)
    ]
    if not ours:
        raise TamperError(
            f"checkpoint of size {checkpoint.size} is not signed by key {wanted.hex()}"
        )
    for signature in ours:
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, text.encode())
        except InvalidSignature as error:
            raise TamperError(f"signature of checkpoint {checkpoint.size} is wrong") from error
    return checkpoint


def read_note(note: bytes, key: str) -> Checkpoint:
    """Return the checkpoint in a note; without a key its signature lines are not looked at.

    Raises:
        TamperError: It is no note, or not signed by the key.
    """
    if key:
        return open_note(note, key)
    try:
        log, size, root = note.decode().split("\n")[:3]
        told = Checkpoint(log=log, size=int(size), root=base64.b64decode(root, validate=True))
    except (ValueError, binascii.Error) as error:
        raise TamperError(f"is not log, size and root: {note[:80]!r}") from error
    if not note.startswith(told.text().encode() + b"\n"):
        raise TamperError(f"is not log, size and root: {note[:80]!r}")
    return told


def _split(note: bytes) -> tuple[str, list[str]]:
    try:
        told = note.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TamperError("a checkpoint is not UTF-8") from error
    text, found, signatures = told.rpartition("\n\n")
    lines = signatures.split("\n")
    if len(note) > MAX_NOTE or not found or len(lines) < 2 or lines.pop() != "":
        raise TamperError("a checkpoint is not text, blank line and signatures")
    return text + "\n", lines


def _parse(text: str) -> Checkpoint:
    lines = text.split("\n")
    root = _base64(lines[2]) if len(lines) == 4 else None
    if (
        root is None
        or len(root) != 32
        or not NAME.fullmatch(lines[0])
        or not SIZE.fullmatch(lines[1])
    ):
        raise TamperError(f"a checkpoint is not log, size and root: {text[:80]!r}")
    return Checkpoint(log=lines[0], size=int(lines[1]), root=root)


def _signature(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.removeprefix(DASH).partition(" ")
    packed = _base64(encoded)
    if not line.startswith(DASH) or not NAME.fullmatch(name) or packed is None or len(packed) < 5:
        raise TamperError(f"a checkpoint has a malformed signature line: {line[:80]!r}")
    return name, packed


def _base64(text: str) -> bytes | None:
    """Decode only what encoding gives back: base64 leaves spare bits, and those may differ."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if base64.b64encode(found).decode() == text else None

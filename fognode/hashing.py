"""How an event is hashed.  The only module that touches ``hashlib``.

    event_id(origin) = SHA-256( origin )[:16]            which happening this is
    leaf(body)       = SHA-256( 0x00 || body )           what proofs are made of
    node(left,right) = SHA-256( 0x01 || left || right )  an inner node of the tree of leaves
    link(prev, body) = SHA-256( 0x01 || prev || body )   the hash field of the row
    salted(value)    = SHA-256( 0x02 || salt16 || value ) a short value that leaves the box
    keyed(value)     = HMAC-SHA-256( key, value )         a value that only the key recognises
    board_key(id)    = BLAKE2s-128( id; key = master, person = "fognode1" ) the key of one board
    line_tag(..)     = BLAKE2s-64( direction || nonce || body; key ) a frame that crosses a network
    row_hash(values) = SHA-256( canonical JSON of the row without hash; bytes as hex, no NULL )
    batch(hashes)    = SHA-256( 0x03 || row_hash || row_hash .. ) the rows of a batch, in order

``body`` is the stored bytes: RFC 8785 JSON, of which we allow objects, arrays, text
and whole numbers.  The first byte keeps one from being taken for the other
(RFC 6962, 2.1).  ``freeze`` makes the body of an event, once.
"""

import hashlib
import hmac
import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fognode.events import Event, Json, Scalar

GENESIS = bytes(32)  # prev_hash of the first event
EMPTY_ROOT = hashlib.sha256(b"").digest()  # of a tree without leaves (RFC 6962, 2.1)
MAX_NUMBER = 2**53  # beyond it JSON readers disagree (RFC 8785, 3.2.2.3)
# Made once: json.dumps would make one for each value.
SPELL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
MIN_BODY, MAX_BODY = 65, 60_000  # 64 bytes could be a tree node; tlog lengths are 16 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The node's own marks on an event at the moment its body is frozen."""

    farm: str
    boot_id: str  # first 8 hex digits of the kernel's boot id
    mono_ms: int  # monotonic clock
    recorded_at_ms: int
    clock_ok: bool


def canonical_bytes(value: Mapping[str, Json]) -> bytes:
    """Return the one spelling of ``value`` (RFC 8785 for the values we allow).

    Raises:
        ValueError: A key is not ASCII text, or a value is a float, bool, null or too large.
    """
    _check(value)
    return SPELL(value).encode()


def _check(value: object) -> None:
    # type() and not isinstance(): True is an int too.
    if type(value) is dict:
        if odd := [key for key in value if type(key) is not str or not key.isascii()]:
            raise ValueError(f"keys {odd!r} are not ASCII text")
        for item in value.values():
            if type(item) is not str:  # most are: a call for each would take half of the time
                _check(item)
    elif type(value) is list:
        for item in value:
            _check(item)
    elif type(value) is not str:
        _check_number(value)


def _check_number(value: object) -> None:
    if type(value) is not int:
        raise ValueError(f"{value!r} is neither text, a whole number, a list nor an object")
    if abs(value) >= MAX_NUMBER:
        raise ValueError(f"number {value} is not below 2^53; write it as text")


def freeze(event: Event, stamp: Stamp) -> bytes:
    """Return the body of an event: the bytes that are stored, hashed and proved.

    Called once per event, at the first try to keep it; a retry offers the same bytes.

    Raises:
        ValueError: A fact cannot be stored, or the body is shorter than 65 or longer
            than 60,000 bytes.
    """
    body: dict[str, Json] = {
        "boot_id": stamp.boot_id,
        "clock_ok": int(stamp.clock_ok),
        "facts": _nfc(dict(event.facts)),
        "farm": stamp.farm,
        "happened_at_ms": event.happened_at_ms,
        "kind": str(event.kind),
        "mono_ms": stamp.mono_ms,
        "origin": event.origin,
        "recorded_at_ms": stamp.recorded_at_ms,
        "v": 1,
    }
    if event.board_ms is not None:
        body["board_ms"] = event.board_ms
    if event.rule_v is not None:
        body["rule_v"] = event.rule_v
    if not event.origin.isascii() or not 0 < len(event.origin) <= 120:
        raise ValueError(f"origin {event.origin!r} is not 1 to 120 ASCII characters")
    frozen = canonical_bytes(body)
    if not MIN_BODY <= len(frozen) <= MAX_BODY:
        raise ValueError(f"body of {event.origin} has {len(frozen)} bytes, not {MIN_BODY} to 60000")
    return frozen


def _nfc(value: Json) -> Json:
    # RFC 8785 does not normalise: one spelling of "ã" must come in.
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [_nfc(item) for item in value]
    if isinstance(value, dict):
        return {key: _nfc(item) for key, item in value.items()}
    return value


def event_id(origin: str) -> bytes:
    """Return the 16 bytes that identify a happening."""
    return hashlib.sha256(origin.encode()).digest()[:16]


def frozen_ids(bodies: Iterable[bytes]) -> list[bytes]:
    """Return the ids of bodies as ``freeze`` spells them: after their origin come numbers only.

    One that is spelt otherwise gets some other id, or b"", and must be read as JSON.
    """
    parts = [body.rpartition(b'"origin":"') for body in bodies]
    return [
        hashlib.sha256(rest.partition(b'"')[0]).digest()[:16] if found else b""
        for _, found, rest in parts
    ]


def leaf_hash(body: bytes) -> bytes:
    """Return what inclusion proofs are made of (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return an inner node of the Merkle tree (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def link_hash(prev_hash: bytes, body: bytes) -> bytes:
    """Return the hash field of a row: its own body chained to the row before."""
    return hashlib.sha256(b"\x01" + prev_hash + body).digest()


def salted_hash(salt: bytes, value: str | bytes) -> bytes:
    """Return the hash under which a short, guessable or personal value may leave the box.

    Raises:
        ValueError: The salt is not 16 bytes long.
    """
    if len(salt) != 16:
        raise ValueError(f"salt has {len(salt)} bytes, not 16")
    plain = value.encode() if isinstance(value, str) else value
    return hashlib.sha256(b"\x02" + salt + plain).digest()


def keyed_hash(key: bytes, value: bytes) -> bytes:
    """Return the HMAC-SHA-256 by which only who has the key recognises a value."""
    return hmac.digest(key, value, "sha256")


def board_key(master: bytes, board: str) -> bytes:
    """Return the 16 bytes that one board shares with the fog.

    Whoever reads them out of a stolen board can speak as that board and as no other.

    Raises:
        ValueError: The master is not 32 bytes.
    """
    if len(master) != 32:
        raise ValueError(f"master has {len(master)} bytes, not 32")
    return hashlib.blake2s(board.encode(), key=master, digest_size=16, person=b"fognode1").digest()


def line_tag(key: bytes, direction: bytes, nonce: bytes, body: bytes) -> bytes:
    """Return the 8 bytes by which who has the key knows a frame of this connection.

    Source: docs/protocol.md, section Ethernet; RFC 7693 (BLAKE2s, keyed).
    """
    return hashlib.blake2s(direction + nonce + body, key=key, digest_size=8).digest()


def row_hash(values: Mapping[str, Scalar]) -> bytes:
    """Return the hash field of any row that is not an event."""
    plain: dict[str, Json] = {
        name: value.hex() if isinstance(value, bytes) else value
        for name, value in values.items()
        if value is not None and name != "hash"
    }
    return hashlib.sha256(canonical_bytes(plain)).digest()


def batch_hash(hashes: Iterable[bytes]) -> bytes:
    """Return the hash under which rows are known when they themselves are gone.

    ``hashes`` are their row hashes, in the order of their key.
    """
    running = hashlib.sha256(b"\x03")
    for one in hashes:
        running.update(one)
    return running.digest()


def sha256(data: bytes) -> bytes:
    """Return the plain SHA-256 of a file or document."""
    return hashlib.sha256(data).digest()


def sha256_of(pieces: Iterable[bytes]) -> bytes:
    """Return the plain SHA-256 of a file too large to be held at once."""
    running = hashlib.sha256()
    for piece in pieces:
        running.update(piece)
    return running.digest()


def same(left: bytes, right: bytes) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(left, right)


def keccak(data: bytes) -> bytes:
    """Return Ethereum's hash of ``data``."""
    from Crypto.Hash import keccak as algorithm  # noqa: PLC0415 - 30 ms, ledger steps only

    return bytes(algorithm.new(digest_bits=256, data=data).digest())


def token_id(gtin: str, serial: str) -> bytes:
    """Return the ERC-721 id of a package with a GTIN and a serial, equal on both chains.

    keccak256(abi.encode("AGRO/1", uint64 gtin, string serial)): the GTIN as a number, so
    that an EAN-13 and its zero-led GTIN-14 agree.

    Raises:
        ValueError: The GTIN is not 8 to 14 digits.
    """
    if not (gtin.isascii() and gtin.isdigit() and 8 <= len(gtin) <= 14):
        raise ValueError(f"GTIN {gtin!r} is not 8 to 14 digits")
    head = _word(0x60) + _word(int(gtin)) + _word(0xA0)
    return keccak(head + _text("AGRO/1") + _text(serial))


def log_id(farm: str, log: str) -> bytes:
    """Return the id under which a chain keeps the checkpoints of a farm's log.

    keccak256(abi.encode(address farm, string log)).

    Raises:
        ValueError: ``farm`` is not an address of 20 bytes in hex.
    """
    address = bytes.fromhex(farm.removeprefix("0x"))
    if len(address) != 20:
        raise ValueError(f"farm {farm!r} is not an address of 20 bytes")
    return keccak(address.rjust(32, b"\0") + _word(0x40) + _text(log))


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _text(value: str) -> bytes:
    # Contract ABI Specification, "Use of Dynamic Types": length, then padded bytes.
    data = value.encode()
    return _word(len(data)) + data + bytes(-len(data) % 32)

"""Checks an evidence pack of fognode, offline.

    python3 check.py PACK.zip [KEY]

Needs Python 3.8 or later and nothing else: no network, no fognode.  KEY is the farm's public
key (NAME+ID+KEY), best got from somebody else than the pack.  Every problem is listed with
its file and row.  Exit code: 0 all holds, 1 something does not, 2 cannot read the file.

It repeats the hashes and the proof checks of fognode on purpose, so that one file can be read
and run by itself: that is why it is longer than others.  Source: RFC 9162, 2.1.3.2 and
2.1.4.2; RFC 8032, 5.1.7; C2SP signed-note; PKWARE APPNOTE 4.3.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import pathlib
import re
import struct
import sys
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # Python 3.8 has no dict[...] at run time
    from collections.abc import Iterator

    Files = dict[str, bytes]
    Json = dict[str, Any]
    Point = tuple[int, int, int, int]  # x, y, z, t of x/z, y/z and x*y/z = t
    Key = tuple[str, bytes, bytes]  # log, key id, public key
    Era = tuple[int, int, str]  # sizes from and to, and the key that signed their checkpoints
NAMES = re.compile(
    r"about\.json|anchors\.jsonl|check\.html|check\.py|checkpoints/[0-9]{12}\.note|"
    r"consistency\.jsonl|events\.jsonl|manifest\.json|missing\.txt|nodes\.txt|"
    r"photos/[0-9a-f]{64}\.(jpg|png|webp)|photos\.jsonl|proofs\.jsonl|README\.txt|"
    r"transactions\.jsonl"
)
FORMAT = "fognode-pack/1"
STEPS = ("key_rotated", "record_restored")  # events that put another key or log in force
LARGEST = 2**31 - 1  # bytes of a pack; a zip of this plain kind could not hold 2**32
MALFORMED = (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError)
WORDS = {  # said by this program and by check.html alike
    "asked": "Farm {farm}: events from {from} to before {to}{about}.",
    "about": ", only those about package {package} and what they refer to; the others are left"
    " out on purpose",
    "stood": "{proven} of {events} events stood in the farm's signed record, each at its place and"
    " unchanged, when the record had {size} events.",
    "extends": "The record of {size} events begins with each of the {older} older signed records"
    " in the pack: nothing in those was changed, removed or moved since.",
    "whole": "No event from {first} to {last} is left out.",
    "anchor": "If transaction {tx_hash} on chain {chain}, block {block_number}, holds size {size}"
    " and root {root}, then events up to {size} stood there not later than that block's time.",
    "step": "Event {seq} says that transaction {tx_hash} on chain {chain} is final.",
    "photo": "{file} is, byte for byte, the picture that event {seq} tells of.",
    "first": "event {first}, {kind} {told}",
    "corrected": " - struck through: event {seq} says instead {facts} ({reason})",
    "withdrawn": " - struck through: event {seq} withdraws it ({reason})",
    "sensor": "That a sensor told the truth, or that the person named was the one who acted.",
    "all": "That everything that happened was recorded; missing.txt names the known gaps.",
    "time": 'A time better than "not later than the block of the anchor".',
    "after": "Anything about events after {anchored}, the last that an anchor in the pack covers"
    " once its transaction is looked up: who holds the node's key could still write them anew.",
    "holder": "Anything at all, if one person holds the signing key and every copy of the record.",
    "links": "By the chain of hashes alone: who alters an event can make its chain anew. The"
    " signatures and anchors above are what binds.",
    "lost": "What stood in events {first} to {last} of an older signed record: event {seq} says"
    " that they were lost with a database, and that {by} accepted it ({reason}).",
    "given": "Signatures were checked with the key that you gave.",
    "era": "Checkpoints of {from} to {to} events are signed by {key}; each key after the first is"
    " named by the event of that number.",
    "found": "Signatures were checked with the key FOUND IN THE PACK: that shows only that the"
    " pack agrees with itself. Compare this key with one got elsewhere: {key}",
    "good": "ALL CHECKS HOLD: {proven} of {events} events are proven",
    "bad": "{count} PROBLEMS: do not rely on what they touch",
}


class Report:
    """What was found out so far."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.proven: list[str] = []
        self.to_look_up: list[str] = []
        self.corrected: list[str] = []
        self.photos: list[str] = []
        self.not_proven: list[str] = []
        self.asked = ""
        self.verdict = ""
        self.key = ""
        self.keys: list[str] = []

    def add(self, name: str, row: int, text: str) -> None:
        """Note a problem in a row of a file; row 0 means the file as a whole."""
        self.problems.append(f"{name} row {row}: {text}" if row else f"{name}: {text}")


def sha256(*parts: bytes) -> bytes:
    """Return the SHA-256 of all parts together."""
    return hashlib.sha256(b"".join(parts)).digest()


# --- the zip: uncompressed, in one form only, so nothing can hide in its wrapping -------------


def zip_bytes(files: Files) -> bytes:
    """Return the one zip that holds these files: sorted, stored, dated 1980-01-01."""
    body, directory = bytearray(), bytearray()
    for name in sorted(files):
        held, path = files[name], name.encode("ascii")
        sizes = (0x21, zlib.crc32(held), len(held), len(held), len(path), 0)
        common = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, *sizes)
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + common
        directory += struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + path
        body += b"PK\x03\x04" + common + path + held
    ends = (0, 0, len(files), len(files), len(directory), len(body), 0)
    return bytes(body + directory + b"PK\x05\x06" + struct.pack("<HHHHIIH", *ends))


def unzip(raw: bytes, report: Report) -> Files:
    """Read the files one after the other; refuse odd names, doubles and any compression."""
    files: Files = {}
    at = 0
    while raw[at : at + 4] == b"PK\x03\x04" and at + 30 <= len(raw):
        fields = struct.unpack("<HHHHHIIIHH", raw[at + 4 : at + 30])
        size, start = fields[6], at + 30 + fields[8] + fields[9]
        name = raw[at + 30 : at + 30 + fields[8]].decode("latin-1")
        at = start + size
        if fields[2] or fields[6] != fields[7] or at > len(raw):
            report.add(repr(name), 0, "compressed or cut off; a pack is neither: get the original")
        elif not NAMES.fullmatch(name) or name in files:
            report.add(repr(name), 0, "does not belong in a pack, or is there twice")
        else:
            files[name] = raw[start:at]
    made = zip_bytes(files)
    if made != raw:
        place = next((i for i in range(min(len(made), len(raw))) if made[i] != raw[i]), len(made))
        report.add("the zip itself", 0, f"is not in its one form from byte {place} on")
    return files


def check_manifest(files: Files, report: Report) -> None:
    """Compare each file with its SHA-256 in manifest.json."""
    try:
        listed = json.loads(files["manifest.json"])
        wanted = {name: (entry["bytes"], entry["sha256"]) for name, entry in listed.items()}
        if manifest_bytes(files) != files["manifest.json"] and wanted == sums(files):
            report.add("manifest.json", 0, "is not in its one form")
    except MALFORMED as error:
        report.add("manifest.json", 0, f"is missing or cannot be read: {error!r}")
        return
    found = sums(files)
    for name in sorted({*wanted, *found}):
        if name not in found:
            report.add(name, 0, "is in the manifest and not in the pack")
        elif name not in wanted:
            report.add(name, 0, "is not in the manifest")
        elif wanted[name] != found[name]:
            report.add(name, 0, f"SHA-256 is {found[name][1]}, in the manifest {wanted[name][1]}")


def sums(files: Files) -> dict[str, tuple[int, str]]:
    """Return size and SHA-256 of each file but the manifest."""
    held = {name: files[name] for name in sorted(files) if name != "manifest.json"}
    return {name: (len(data), sha256(data).hex()) for name, data in held.items()}


def manifest_bytes(files: Files) -> bytes:
    """Return the manifest of these files."""
    told = {name: {"bytes": size, "sha256": digest} for name, (size, digest) in sums(files).items()}
    return (json.dumps(told, indent=1, sort_keys=True) + "\n").encode()


# --- Ed25519 ------------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def _x_of(y: int, sign: int) -> int:
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        raise ValueError("not a point of the curve")
    return P - x if x & 1 != sign else x


def _point(packed: bytes) -> Point:
    y = int.from_bytes(packed, "little")
    y, sign = y & (1 << 255) - 1, y >> 255
    x = _x_of(y, sign)
    return x, y, 1, x * y % P


def _add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(number: int, point: Point) -> Point:
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = _add(total, point)
        point, number = _add(point, point), number >> 1
    return total


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = _point(BASE_Y.to_bytes(32, "little"))


def signed_by(public: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether an Ed25519 signature holds.  Source: RFC 8032, 5.1.7."""
    if len(public) != 32 or len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    try:
        key, r = _point(public), _point(signature[:32])
    except ValueError:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    left = _times(s, BASE)
    right = _add(r, _times(int.from_bytes(digest, "little") % L, key))
    same_x = (left[0] * right[2] - right[0] * left[2]) % P == 0
    return s < L and same_x and (left[1] * right[2] - right[1] * left[2]) % P == 0


# --- proofs -------------------------------------------------------------------------------


def node(left: bytes, right: bytes) -> bytes:
    """Return an inner node of the tree."""
    return sha256(b"\x01", left, right)


def included(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    """Tell whether a leaf is at ``index`` of the tree with this root."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for item in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node(item, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node(found, item)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def extends(size1: int, root1: bytes, size2: int, root2: bytes, proof: list[bytes]) -> bool:
    """Tell whether the tree of ``size1`` leaves is the beginning of that of ``size2``."""
    if not 0 < size1 < size2:
        return False
    path = proof if size1 & (size1 - 1) else [root1, *proof]
    at, last = size1 - 1, size2 - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    if not path:
        return False
    old = new = path[0]
    for item in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node(item, old), node(item, new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new = node(new, item)
        at, last = at >> 1, last >> 1
    return last == 0 and (old, new) == (root1, root2)


# --- reading ------------------------------------------------------------------------------


def rows(files: Files, name: str, report: Report) -> Iterator[tuple[int, Json]]:
    """Give each row of a JSON lines file with its number, from 1; name those that are none."""
    for row, line in enumerate(lines(files, name, report), start=1):
        try:
            told = json.loads(line)
        except MALFORMED:
            told = None
        if isinstance(told, dict):
            yield row, told
        else:
            report.add(name, row, "is no JSON object")


def lines(files: Files, name: str, report: Report) -> list[bytes]:
    """Return the lines of a file, each of which must end in LF."""
    if name not in files:
        report.add(name, 0, "is missing")
        return []
    *found, rest = files[name].split(b"\n")
    if rest:
        report.add(name, len(found) + 1, "does not end in a line feed")
    return found


def number(told: Json, name: str) -> int:
    """Return a whole number of a row.

    Raises:
        ValueError: It is none.
    """
    value = told[name]
    if type(value) is not int or value < 0:
        raise ValueError(f"{name} is no whole number")
    return value


def hash_in(text: Any) -> bytes:
    """Return 32 bytes from exactly 64 lower-case hex digits.

    Raises:
        ValueError: They are not.
    """
    if not isinstance(text, str) or not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError(f"{text!r} is not 64 hex digits")
    return bytes.fromhex(text)


def unpack(text: str) -> bytes:
    """Decode base64 in its one spelling.

    Raises:
        ValueError: It is spelled otherwise.
    """
    try:
        found = base64.b64decode(text.encode("ascii"), validate=True)
    except binascii.Error as error:
        raise ValueError(f"{text!r} is not base64") from error
    if base64.b64encode(found).decode() != text:
        raise ValueError(f"{text!r} is not base64 in its one spelling")
    return found


# --- checks -------------------------------------------------------------------------------


class Pack:
    """The files of a pack, and what its checkpoints have shown so far."""

    def __init__(self, files: Files, report: Report) -> None:
        self.files = files
        self.report = report
        self.about: Json = {}
        self.roots: dict[int, bytes] = {}  # size -> root, signed
        self.newest = 0
        self.bodies: dict[int, Json] = {}  # seq -> event
        self.proven = 0
        self.anchored = 0
        self.nodes: list[bytes] = []
        self.eras: list[Era] = []

    def proof(self, told: Json) -> list[bytes]:
        """Return the hashes that a row names by their lines in nodes.txt, from 1.

        Raises:
            ValueError: There is no such line.
        """
        places = told["proof"]
        if any(type(place) is not int or not 0 < place <= len(self.nodes) for place in places):
            raise ValueError("the proof names lines that nodes.txt does not have")
        return [self.nodes[place - 1] for place in places]


def read_about(pack: Pack) -> None:
    """Read about.json and nodes.txt."""
    try:
        told = json.loads(pack.files["about.json"])
        for name in ("events", "size", "whole_from", "whole_to"):
            pack.about[name] = number(told, name)
        for name in ("farm", "format", "from", "key", "package", "to"):
            pack.about[name] = str(told[name])
        one = [{"from": 0, "key": told["key"], "to": told["size"]}]
        eras = told.get("keys") or one  # in older packs the record had one key
        pack.eras = [(number(era, "from"), number(era, "to"), str(era["key"])) for era in eras]
        if told["format"] != FORMAT:
            pack.report.add("about.json", 0, f"format {told['format']!r} is not {FORMAT}")
    except MALFORMED as error:
        pack.report.add("about.json", 0, f"is missing or cannot be read: {error!r}")
    for row, line in enumerate(lines(pack.files, "nodes.txt", pack.report), start=1):
        try:
            pack.nodes.append(hash_in(line.decode("latin-1")))
        except ValueError as error:
            pack.nodes.append(b"")
            pack.report.add("nodes.txt", row, str(error))


def parse_key(text: str) -> Key:
    """Return log name, key id and public key of a shared key text.

    Raises:
        ValueError: Its id is not that of its name and key.
    """
    name, marked, packed = text.strip().split("+", 2)
    raw = unpack(packed)
    wanted = sha256(name.encode(), b"\n", raw)[:4]
    if len(raw) != 33 or raw[:1] != b"\x01" or wanted.hex() != marked:
        raise ValueError("its id is not that of its name and key")
    return name, wanted, raw[1:]


def read_keys(pack: Pack, given: str) -> list[tuple[int, int, Key]]:
    """Return which key is to have signed which sizes; none when one cannot be read."""
    if pack.eras and pack.eras[-1][2] != pack.about["key"]:
        pack.report.add("the key", 0, f"{pack.about['key']} is not the last one in about.json")
    if given and given not in [key for _, _, key in pack.eras]:
        pack.eras = [(0, LARGEST, given)]  # a stranger's pack
    try:
        return [(first, last, parse_key(key)) for first, last, key in pack.eras]
    except MALFORMED as error:
        keys = ", ".join(repr(key) for _, _, key in pack.eras)
        pack.report.add("the key", 0, f"{keys} cannot be read: {error}")
        return []


def check_checkpoints(pack: Pack, given: str) -> None:
    """Check the form of each checkpoint, and that the key of its time signed it."""
    parsed = read_keys(pack, given)
    if not parsed:
        return
    for name in sorted(pack.files):
        if not name.startswith("checkpoints/"):
            continue
        try:
            note = pack.files[name].decode("utf-8")
            size, root = open_note(note, key_of(note, parsed))
            pack.roots[size] = root
            if name != f"checkpoints/{size:012}.note":
                pack.report.add(name, 0, f"holds the checkpoint of size {size}")
        except MALFORMED as error:
            pack.report.add(name, 0, str(error))
    pack.newest = max(pack.roots, default=0)
    if pack.newest != pack.about.get("size"):
        told = pack.about.get("size")
        pack.report.add("about.json", 0, f"size is {told}, of the newest checkpoint {pack.newest}")


def key_of(note: str, eras: list[tuple[int, int, Key]]) -> Key:
    """Return the key whose turn it was when a note's size was signed.

    Raises:
        ValueError: It was nobody's.
    """
    told = re.match(r"[^\n]*\n([0-9]{1,12})\n", note)
    size = int(told.group(1)) if told else eras[-1][0]
    for first, last, key in eras:
        if first <= size <= last:
            return key
    raise ValueError(f"no key signed a record of {size} events")


def open_note(note: str, key: Key) -> tuple[int, bytes]:
    """Return size and root of a signed note.

    Raises:
        ValueError: It is not in its exact form, or not signed by the key.
    """
    log, marked, public = key
    text, found, signatures = note.rpartition("\n\n")
    told, ended = text.split("\n"), signatures.split("\n")
    if not found or len(told) != 3 or len(ended) < 2 or ended.pop() != "":
        raise ValueError("is not log, size, root, blank line and signatures")
    root = unpack(told[2])
    if told[0] != log or not re.fullmatch(r"[1-9][0-9]{0,11}", told[1]) or len(root) != 32:
        raise ValueError(f"is not a checkpoint of log {log}")
    ours = [unpack(line[len(log) + 3 :]) for line in ended if line.startswith(f"\u2014 {log} ")]
    ours = [packed[4:] for packed in ours if packed[:4] == marked]
    if not ours:
        raise ValueError(f"is not signed by key {marked.hex()}")
    if not all(signed_by(public, f"{text}\n".encode(), signature) for signature in ours):
        raise ValueError("its signature is wrong")
    return int(told[1]), root


def check_consistency(pack: Pack) -> None:
    """Check that the newest checkpoint extends each older one."""
    name, newest, shown = "consistency.jsonl", pack.newest, set()
    for row, told in rows(pack.files, name, pack.report):
        try:
            older, proof = number(told, "from"), pack.proof(told)
            shown.add(older)
            ends = pack.roots[older], pack.roots[newest]
            if told["to"] != newest or not extends(older, ends[0], newest, ends[1], proof):
                pack.report.add(name, row, f"checkpoint {newest} is not shown to extend {older}")
        except MALFORMED as error:
            pack.report.add(name, row, f"does not hold: {error}")
    for size in sorted({*pack.roots} - shown - {newest}):
        pack.report.add(name, 0, f"no proof that checkpoint {newest} extends {size}")


def check_events(pack: Pack) -> None:
    """Check content, chain and proof of each event, and that none is left out."""
    bodies = lines(pack.files, "events.jsonl", pack.report)
    proofs = list(rows(pack.files, "proofs.jsonl", pack.report))
    if not len(bodies) == len(proofs) == pack.about.get("events"):
        counts = f"{len(bodies)} events, {len(proofs)} rows in proofs.jsonl"
        pack.report.add("events.jsonl", 0, f"{counts}, {pack.about.get('events')} in about.json")
    last: tuple[int, Any] = (0, "00" * 32)  # seq and hash
    for row, told in proofs:
        if row > len(bodies):
            break
        try:
            seq = number(told, "seq")
            for problem in event_problems(pack, bodies[row - 1], told, last):
                pack.report.add("events.jsonl", row, f"event {seq} {problem}")
            last = (seq, told["hash"])
        except MALFORMED as error:
            pack.report.add("proofs.jsonl", row, f"cannot be read: {error!r}")
    first, end = pack.about.get("whole_from", 0), pack.about.get("whole_to", 0)
    gone = sum(seq not in pack.bodies for seq in range(first, min(end, first + len(bodies)) + 1))
    if first and (gone or end >= first + len(bodies)):
        pack.report.add("events.jsonl", 0, f"events between {first} and {end} are left out")


def event_problems(pack: Pack, body: bytes, told: Json, last: tuple[int, Any]) -> Iterator[str]:
    """Give all that is wrong with one event."""
    seq, link, before = told["seq"], hash_in(told["hash"]), hash_in(told["prev_hash"])
    if sha256(b"\x01", before, body) != link:
        yield "does not have the hash that its chain says: its content was changed"
    if seq <= last[0]:
        yield f"does not come after event {last[0]}"
    elif seq == last[0] + 1 and told["prev_hash"] != last[1]:
        yield "is not chained to the event before it"
    try:
        event = json.loads(body)
        event["facts"].get("")  # an object, or it is malformed
        pack.bodies[seq] = event
    except MALFORMED:
        yield "cannot be read as an event"
    if seq > pack.newest:
        if "proof" in told:
            yield f"has a proof, but the newest checkpoint has {pack.newest} events"
    elif included(
        sha256(b"\x00", body), seq - 1, pack.newest, pack.proof(told), pack.roots[pack.newest]
    ):
        pack.proven += 1
    else:
        yield f"is not what checkpoint {pack.newest} has at its place"


def check_keys(pack: Pack, given: str) -> None:
    """Check that the record names each key after the first, and who can follow to the newest."""
    keys = [key for _, _, key in pack.eras]
    followed = keys.index(given) if given in keys else len(keys)
    for at, (first, _, key) in enumerate(pack.eras[1:]):
        step = keys[at], key
        if not any(names(told, seq == first, (first, *step)) for seq, told in under_newest(pack)):
            pack.report.add("about.json", 0, f"no event {first} says that {key} signs from there")
        endorsed = pack.bodies.get(first, {}).get("facts", {}).get("endorsed") == 1
        if (endorsed or at >= followed) and not confirmed(pack, first, step):
            text = f"{key} took over at event {first}, and the key before it did not sign that"
            pack.report.add("the key", 0, text)
    firsts = {first for first, _, _ in pack.eras}
    for seq, told in under_newest(pack):
        if told.get("kind") in STEPS and seq not in firsts:
            pack.report.add("about.json", 0, f"the key that event {seq} names is left out")


def under_newest(pack: Pack) -> list[tuple[int, Json]]:
    """Return the events that the newest checkpoint covers."""
    return [(seq, told) for seq, told in sorted(pack.bodies.items()) if seq <= pack.newest]


def names(event: Json, is_step: bool, step: tuple[int, str, str]) -> bool:
    """Tell whether an event, the step itself or a later one, says which key followed which."""
    facts, (first, before, after) = event["facts"], step
    try:
        if event.get("kind") == "key_rotated":
            return is_step and (facts["old_key"], facts["new_key"]) == (before, after)
        if event.get("kind") != "record_restored":
            return False
        told = [(era["first"], era["key"]) for era in facts["old_keys"]]
        is_end = is_step and (told[-1][1], facts["new_key"]) == (before, after)
    except MALFORMED:
        return False
    else:
        return is_end or (first, after) in told


def confirmed(pack: Pack, size: int, step: tuple[str, str]) -> bool:
    """Tell whether who trusts the first of two keys can trust the second."""
    try:
        old, new = parse_key(step[0]), parse_key(step[1])
        if old[2] != new[2]:
            open_note(pack.files[f"checkpoints/{size:012}.note"].decode("utf-8"), old)
    except MALFORMED:
        return False
    return True


def check_ledger(pack: Pack) -> None:
    """Check that anchors and transactions say what the checkpoints and events say."""
    report = pack.report
    for row, told in rows(pack.files, "anchors.jsonl", report):
        try:
            size = number(told, "size")
            if pack.roots[size] != hash_in(told["root"]):
                report.add("anchors.jsonl", row, f"its root is not that of checkpoint {size}")
                continue
            report.to_look_up.append(WORDS["anchor"].format(**told))
            pack.anchored = max(pack.anchored, size)
        except MALFORMED as error:
            report.add("anchors.jsonl", row, f"does not hold: {error}")
    for row, told in rows(pack.files, "transactions.jsonl", report):
        try:
            facts = pack.bodies[number(told, "seq")]["facts"]
            if any(facts[name] != told[name] for name in told if name != "seq"):
                report.add("transactions.jsonl", row, f"is not what event {told['seq']} says")
                continue
            report.to_look_up.append(WORDS["step"].format(**told))
        except MALFORMED as error:
            report.add("transactions.jsonl", row, f"does not hold: {error}")


def check_corrections(pack: Pack) -> None:
    """List each event that does not count as told, with the correction that stands."""
    seqs: dict[str, int] = {}
    standing: dict[int, int] = {}  # the seq of what was corrected -> of what counts instead
    for seq, event in pack.bodies.items():
        seqs[sha256(str(event.get("origin")).encode())[:16].hex()] = seq
    # Newest first: when one is reached, all that was later said about it is known.
    for seq in sorted(pack.bodies, reverse=True):
        event = pack.bodies[seq]
        if event.get("kind") == "correction_declared":
            by = standing.get(seq, seq)
            if by == seq or "withdraw" not in pack.bodies[by]["facts"]:
                standing.setdefault(seqs.get(str(event["facts"].get("corrects")), 0), by)
    for first in sorted({*standing} - {0}):
        by = standing[first]
        facts, event = pack.bodies[by]["facts"], pack.bodies[first]
        told = {"first": first, "kind": event.get("kind"), "told": compact(event["facts"])}
        told.update(seq=by, facts=compact(facts.get("facts")), reason=facts.get("reason"))
        says = WORDS["withdrawn" if "withdraw" in facts else "corrected"]
        pack.report.corrected.append((WORDS["first"] + says).format(**told))


def compact(value: Any) -> str:
    """Return a value as short JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def check_photos(pack: Pack) -> None:
    """Check that each picture is the one that its event tells of."""
    name, shown = "photos.jsonl", set()
    pictures = {one for one in pack.files if one.startswith("photos/")}
    for row, told in rows(pack.files, name, pack.report) if pictures else ():
        try:
            facts = pack.bodies[number(told, "seq")]["facts"]
            salt, picture = bytes.fromhex(told["salt"]), pack.files[told["file"]]
            if len(salt) != 16 or sha256(b"\x02", salt, picture).hex() != facts["picture"]:
                pack.report.add(told["file"], 0, f"is not the picture that event {told['seq']} has")
                continue
            pack.report.photos.append(WORDS["photo"].format(**told))
            shown.add(told["file"])
        except MALFORMED as error:
            pack.report.add(name, row, f"does not hold: {error!r}")
    for one in sorted(pictures - shown):
        pack.report.add(one, 0, "is not a picture that an event in the pack tells of")


def conclude(pack: Pack, given: bool) -> None:
    """Say in words what follows, and what does not."""
    about, report, lost = pack.about, pack.report, losses(pack)
    told: Json = {"proven": pack.proven, "size": pack.newest, "anchored": pack.anchored}
    told.update(events=len(pack.bodies), older=len(pack.roots) - 1, key=about.get("key", ""))
    told.update(first=about.get("whole_from", 0), last=about.get("whole_to", 0))
    told["about"] = WORDS["about"].format(**about) if about.get("package") else ""
    report.asked = WORDS["asked"].format(**{"farm": "?", "from": "?", "to": "?", **about, **told})
    said = ["stood"] + ["extends"] * (len(pack.roots) > 1) + ["whole"] * bool(told["first"])
    report.proven = [WORDS[name].format(**told) for name in said]
    told["count"] = len(report.problems)
    report.verdict = WORDS["bad" if report.problems else "good"].format(**told)
    unsaid = ("sensor", "all", "time", "after", "holder", "links")
    report.not_proven = [WORDS[name].format(**told) for name in unsaid] + lost
    if len(pack.eras) > 1:
        eras = [{"from": first, "to": last, "key": key} for first, last, key in pack.eras]
        report.keys = [WORDS["era"].format(**era) for era in eras]
    report.key = WORDS["given" if given else "found"].format(**told)


def losses(pack: Pack) -> list[str]:
    """Say what the record itself says was lost of it."""
    told = []
    for seq, event in sorted(pack.bodies.items()):
        facts = event["facts"]
        try:
            if event.get("kind") == "record_restored" and facts["old_size"] > facts["kept_size"]:
                ends = {"seq": seq, "first": facts["kept_size"] + 1, "last": facts["old_size"]}
                told.append(WORDS["lost"].format(by=facts["by"], reason=facts["reason"], **ends))
        except MALFORMED:
            pack.report.add("events.jsonl", 0, f"event {seq} does not tell what was lost")
    return told


def check_pack(raw: bytes, key: str = "") -> Report:
    """Check a whole pack with the key given, or with its own when none is."""
    report = Report()
    pack = Pack(unzip(raw, report), report)
    check_manifest(pack.files, report)
    read_about(pack)
    key = key.strip()
    check_checkpoints(pack, key)
    for check in (check_consistency, check_events, check_ledger, check_corrections, check_photos):
        check(pack)
    check_keys(pack, key)
    conclude(pack, bool(key))
    return report


def spoken(report: Report) -> str:
    """Return the report as text."""
    parts = [
        ("Pack", [report.asked]),
        ("Key", [report.key, *report.keys]),
        (
            "Proven" + (", but for what the problems touch" if report.problems else ""),
            report.proven,
        ),
        ("Pictures", report.photos),
        ("Corrected since", report.corrected),
        ("To be looked up on the chains, which this program cannot do", report.to_look_up),
        ("Not proven", report.not_proven),
        ("Problems", report.problems or ["none"]),
    ]
    told = [(title, "".join(f"  - {one_line(text)}\n" for text in said)) for title, said in parts]
    return "".join(f"{title}\n{said}\n" for title, said in told if said) + f"{report.verdict}\n"


def one_line(text: str) -> str:
    """Return a text that cannot pass itself off as other lines of the report."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", "?", text)


def main(arguments: list[str]) -> int:
    """Check the pack named on the command line."""
    if not 1 <= len(arguments) <= 2:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    try:
        with pathlib.Path(arguments[0]).open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        sys.stderr.write(f"cannot read {arguments[0]}: {error}\n")
        return 2
    if len(raw) > LARGEST:
        sys.stderr.write(f"{arguments[0]} is larger than a pack can be\n")
        return 2
    report = check_pack(raw, arguments[1] if len(arguments) == 2 else "")
    sys.stdout.buffer.write(
        spoken(report).encode("utf-8", "replace")
    )  # whatever the terminal's own encoding is
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A small record with checkpoints and anchors, out of which tests make evidence packs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fognode import hashing
from fognode.events import Event, Json, Stored
from fognode.hashing import Stamp, freeze, leaf_hash, link_hash
from fognode.store.album import Picture
from fognode.store.bodies import stored_event
from fognode.store.checkpoint import Signer
from fognode.store.keyring import Era, Keyring
from fognode.store.merkle import nodes_of_leaves, root_of
from fognode.store.notary import Notary
from fognode.store.pack import Anchor, Sources, write_pack
from fognode.store.pack_choice import Ask

LOG = "fognode.example/farm-7"
SIGNER = Signer(LOG, bytes(range(32)).hex())
DAY = 86_400_000
START = 1_795_200_000_000  # 2026-11-20T18:40:00Z
SALT = bytes(range(16))
PHOTO = Picture(media="image/jpeg", content=b"\xff\xd8\xff a rinsed can", salt=SALT)
PHOTO_ID, ERASED_ID = "ab" * 32, "cd" * 32
PHOTO_NAME = f"photos/{PHOTO_ID}.jpg"
SIGNED = (5, 16, 20)  # sizes of the checkpoints; events 21 to 24 come after the last
P1, P2 = "GLY-0042", "GLY-0043"


@dataclass
class Farm:
    """What a node holds: bodies in order, and hashes as stored."""

    bodies: list[bytes] = field(default_factory=list)
    links: list[bytes] = field(default_factory=lambda: [hashing.GENESIS])

    def tell(self, kind: str, origin: str, facts: Mapping[str, Json], *, late_ms: int = 0) -> str:
        """Record an event; return its event_id."""
        at = START + len(self.bodies) * 3_600_000
        stamp = Stamp(
            farm="farm-7", boot_id="5f3a9c0e", mono_ms=at, recorded_at_ms=at, clock_ok=True
        )
        told = Event(kind=kind, origin=origin, happened_at_ms=at - late_ms, facts=facts)
        self.bodies.append(freeze(told, stamp))
        self.links.append(link_hash(self.links[-1], self.bodies[-1]))
        return hashing.event_id(origin).hex()

    def stored(self, seq: int) -> Stored:
        """Return an event as the reader does."""
        body = self.bodies[seq - 1]
        return stored_event(seq, hashing.event_id(json.loads(body)["origin"]), body)

    def events(self, after: int = 0, limit: int = 500) -> list[Stored]:
        """Be a Record, in pages smaller than the record."""
        last = min(after + min(limit, 7), len(self.bodies))
        return [self.stored(seq) for seq in range(after + 1, last + 1)]

    def event(self, event_id: str) -> Stored | None:
        """Be a Record."""
        found = [one for one in self.events_all() if one.event_id == event_id]
        return found[0] if found else None

    def events_all(self) -> list[Stored]:
        """Return the whole record."""
        return [self.stored(seq) for seq in range(1, len(self.bodies) + 1)]

    def notes(self) -> list[bytes]:
        """Sign at each of the sizes."""
        notary, notes = Notary(SIGNER), []
        for size in SIGNED:
            notary.take(notary.size, self.bodies[notary.size : size])
            notes.append(notary.sign(0).note)
        return notes

    def sources(self) -> Sources:
        """Return what a pack is made of; checkpoint 16 is anchored."""
        leaves = [leaf_hash(body) for body in self.bodies]
        root = root_of(leaves[:16]).hex()
        return Sources(
            farm="farm-7",
            keys=Keyring([Era(key=SIGNER.verifier_key)]),
            record=self,
            link=lambda seq: self.links[seq],
            node=nodes_of_leaves(leaves),
            notes=self.notes(),
            anchors=[
                Anchor(
                    chain="public",
                    size=16,
                    root=root,
                    tx_hash="0xa1",
                    block_number=77,
                    block_hash="0xb1",
                )
            ],
            photo=lambda told: PHOTO if told.text("photo") == PHOTO_ID else None,
        )


def small_farm() -> Farm:
    """Record a day: two packages, an opening, a step on two chains, a gap, late news."""
    farm = Farm()
    farm.tell("node_started", "n/start/1", {"version": "0.1.0"})
    for count, package in enumerate((P1, P2), start=1):
        asked = farm.tell("delivery_declared", f"q/{count}", {"package": package, "gross_g": 1100})
        origin = f"r/register/{asked}/1"
        farm.tell("newProductEntry", origin, {"package": package, "gross_g": 1100})
    light = farm.tell("light_open", "b/cab01/17/1", {"sensor": "L1", "place": "Arm\u00e1rio <1>"})
    opening = farm.tell("openBox", f"r/open_box/{light}/1", {"cabinet": "c1"})
    lifted = farm.tell("weight_take", "b/cab01/17/2", {"sensor": "W1", "weight_g": -1100})
    used: dict[str, Json] = {"opening": opening, "package": P1, "action": "out", "weight_g": 1100}
    out = farm.tell("handleProduct", f"r/sessions/{lifted}/1", used)
    step = farm.tell(
        "sendToBlockchain",
        f"r/journey/{out}/1",
        {"package": P1, "cause": out, "chains": ["private", "public"], "data_hash": "ab" * 32},
    )
    closed: dict[str, Json] = {"opening": opening, "out": [P1], "in": []}
    farm.tell("box_closed", "r/sessions/x/2", closed)
    farm.tell("board_lost", "b/cab01/17/9", {"board": "cab01", "lost": 3})
    farm.tell("photo_kept", "q/photo1", photo_facts(PHOTO_ID, PHOTO.content))
    gone = farm.tell("photo_kept", "q/photo2", photo_facts(ERASED_ID, b"gone"))
    erased: dict[str, Json] = {"photo": ERASED_ID, "cause": gone, "reason": "retention"}
    farm.tell("photo_erased", "n/photo_erased/1", {**erased, "days": 90})
    for count in range(15, 22):
        farm.tell("board_hello", f"b/cab01/17/{count}", {"board": "cab01"})
    final: dict[str, Json] = {"chain": "private", "package": P1, "cause": step, "tx_hash": "0xf1"}
    farm.tell("ledger_final", "c/private/0xf1/final", {**final, "block_number": 9})
    farm.tell("tag_out", "b/cab01/17/30", {"sensor": "R1", "tag": "04A1"}, late_ms=20 * 3_600_000)
    fixed: dict[str, Json] = {"corrects": out, "reason": "read wrongly", "by": "ana"}
    farm.tell("correction_declared", "q/fix", {**fixed, "facts": {**used, "weight_g": 1000}})
    return farm


def photo_facts(photo: str, content: bytes) -> dict[str, Json]:
    """Return the facts of a photo_kept about the first package."""
    return {
        "photo": photo,
        "picture": hashing.salted_hash(SALT, content).hex(),
        "mark": "00" * 32,
        "bytes": len(content),
        "media": "image/jpeg",
        "about": P1,
        "by": "ana",
        "purpose": "rinse",
    }


def packed(folder: Path, farm: Farm | None = None, ask: Ask | None = None) -> bytes:
    """Return a pack of the whole record, with photos."""
    target = folder / "pack.zip"
    write_pack(target, ask or Ask(photos=True), (farm or small_farm()).sources())
    return target.read_bytes()

"""Evidence packs: what the record says of some days or of a package, checkable by a stranger.

One uncompressed zip.  The same record, question and checkpoints give the same bytes.

    about.json            what was asked, the public keys and what each signed, size of the
                          newest checkpoint
    events.jsonl          the exact stored bytes of each event, one per line
    proofs.jsonl          row N is about line N above: seq, hashes of the chain, inclusion proof
    nodes.txt             the hashes of all proofs; a proof names them by line, from 1
    checkpoints/*.note    signed notes; consistency.jsonl leads from each to the newest
    anchors.jsonl         where a chain holds the root of a checkpoint
    transactions.jsonl    transactions of the steps in events.jsonl
    photos/               if asked for: the pictures; photos.jsonl says of which event each is
    missing.txt           what is not here, and why
    check.py, check.html  the same checks as a program and as a page; README.txt says how
    manifest.json         SHA-256 of each other file
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib.resources import files as resources
from pathlib import Path

from fognode import hashing
from fognode.errors import TamperError
from fognode.events import Kind, Stored
from fognode.store import merkle, pack_check
from fognode.store.album import Picture
from fognode.store.keyring import Keyring
from fognode.store.pack_choice import GAPS, Ask, Record, choose
from fognode.store.pack_photos import PackPhotos, utc_text

TRANSACTION = ("chain", "tx_hash", "block_number", "block_hash", "data_hash", "package", "kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A transaction that put the size and root of a checkpoint on a chain."""

    chain: str
    size: int
    root: str  # hex
    tx_hash: str
    block_number: int
    block_hash: str
    chain_id: int = 0  # of the chain by that name, and our contract on it, as set up now;
    contract: str = ""  # 0 and "" when there is no such chain any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the evidence comes from."""

    farm: str
    keys: Keyring  # who signed what, by the record itself
    record: Record
    link: Callable[[int], bytes]  # seq -> the hash column as stored
    node: merkle.NodeSource  # of the tree over all leaves, at least up to the newest note
    notes: Sequence[bytes]  # checkpoints to be shown, in any order
    anchors: Sequence[Anchor] = ()
    lacks: Sequence[str] = ()  # what could not be had for this pack, and why
    # A picture by its photo_kept; None when it is lost or altered.
    photo: Callable[[Stored], Picture | None] = field(default=lambda _: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSummary:
    """What was put into a pack."""

    events: int
    proven: int  # of them, under the newest checkpoint
    checkpoints: int
    anchors: int
    transactions: int
    photos: int
    missing: tuple[str, ...]  # the lines of missing.txt
    size_bytes: int
    sha256: str


def write_pack(target: Path, ask: Ask, sources: Sources) -> PackSummary:
    """Write a pack; ``target`` is there whole or not at all.

    A record that no longer matches its checkpoints is packed as it is: missing.txt names
    what does not match, and the check fails on it.

    Raises:
        TamperError: A note is not signed by the key, two notes contradict each other, or
            an event or tile cannot be read.
        StoreError: The database is away.
        OSError: The file cannot be written.
    """
    packed = _Packed(ask, sources)
    raw = pack_check.zip_bytes(packed.files)
    part = target.with_name(f"{target.name}.part")
    part.write_bytes(raw)
    part.replace(target)
    events = packed.chosen.events
    return PackSummary(
        events=len(events),
        proven=sum(told.seq <= packed.newest for told in events),
        checkpoints=len(packed.notes),
        anchors=len(packed.anchors),
        transactions=packed.files["transactions.jsonl"].count(b"\n"),
        photos=sum(name.startswith("photos/") for name in packed.files),
        missing=tuple(packed.missing),
        size_bytes=len(raw),
        sha256=hashing.sha256(raw).hex(),
    )


# --- the files ---------------------------------------------------------------------------


class _Packed:
    """The files of one pack, made in the order in which one needs the other."""

    def __init__(self, ask: Ask, sources: Sources) -> None:
        self.ask, self.sources = ask, sources
        opened = {sources.keys.open(note): note for note in sources.notes}
        self.notes = dict(sorted(opened.items(), key=lambda item: item[0].size))
        if len({checkpoint.size for checkpoint in self.notes}) < len(self.notes):
            raise TamperError("two different checkpoints of one size are signed")
        self.newest = max((checkpoint.size for checkpoint in self.notes), default=0)
        self.chosen = choose(ask, sources.record)
        roots = {(checkpoint.size, checkpoint.root.hex()) for checkpoint in self.notes}
        self.anchors = [one for one in sources.anchors if (one.size, one.root) in roots]
        self._lines: dict[bytes, int] = {}  # hash -> its line in nodes.txt
        self.photos = PackPhotos(self.chosen.events, ask.photos, sources.photo)
        self.missing = list(self._lacks())
        self.files = self._made()

    def _made(self) -> dict[str, bytes]:
        made = {
            "about.json": _json(self._about()) + b"\n",
            "anchors.jsonl": _rows(asdict(one) for one in self.anchors),
            "consistency.jsonl": _rows(self._consistency()),
            "events.jsonl": b"".join(told.body + b"\n" for told in self.chosen.events),
            "missing.txt": "".join(f"{line}\n" for line in self.missing).encode(),
            "photos.jsonl": _rows(self.photos.rows()),
            "proofs.jsonl": _rows(self._proofs()),
            "transactions.jsonl": _rows(self._transactions()),
        }
        made["nodes.txt"] = "".join(f"{node.hex()}\n" for node in self._lines).encode()
        for checkpoint, note in self.notes.items():
            made[f"checkpoints/{checkpoint.size:012}.note"] = note
        made["check.html"] = _page(made)
        made["check.py"] = _resource("pack_check.py")
        made["README.txt"] = README.encode()
        made |= self.photos.files()
        made["manifest.json"] = pack_check.manifest_bytes(made)
        return made

    def _about(self) -> dict[str, object]:
        return {
            "events": len(self.chosen.events),
            "farm": self.sources.farm,
            "format": pack_check.FORMAT,
            "from": utc_text(self.ask.from_ms),
            "key": self._eras()[-1]["key"],
            "keys": self._eras(),
            "package": self.ask.package,
            "size": self.newest,
            "to": utc_text(self.ask.to_ms),
            "whole_from": self.chosen.whole_from,
            "whole_to": self.chosen.whole_to,
        }

    def _eras(self) -> list[dict[str, object]]:
        """Return which key signed the checkpoints of which sizes."""
        first, *others = self.sources.keys.eras
        eras = [first, *(era for era in others if era.first <= self.newest)]
        ends = [*(era.first - 1 for era in eras[1:]), self.newest]
        return [
            {"from": era.first, "key": era.key, "to": end}
            for era, end in zip(eras, ends, strict=True)
        ]

    def _proofs(self) -> Iterator[dict[str, object]]:
        before, link = 0, hashing.GENESIS
        for told in self.chosen.events:
            if told.seq != before + 1:
                link = self.sources.link(told.seq - 1)
            row: dict[str, object] = {"prev_hash": link.hex(), "seq": told.seq}
            before, link = told.seq, self.sources.link(told.seq)
            row["hash"] = link.hex()
            if told.seq <= self.newest:
                proof = merkle.inclusion_proof(told.seq - 1, self.newest, self.sources.node)
                row["proof"] = self._named(proof)
            yield row

    def _consistency(self) -> Iterator[dict[str, object]]:
        for checkpoint in self.notes:
            if checkpoint.size < self.newest:
                proof = merkle.consistency_proof(checkpoint.size, self.newest, self.sources.node)
                yield {"from": checkpoint.size, "proof": self._named(proof), "to": self.newest}

    def _named(self, proof: Iterable[bytes]) -> list[int]:
        return [self._lines.setdefault(node, len(self._lines) + 1) for node in proof]

    def _transactions(self) -> Iterator[dict[str, object]]:
        for told in self.chosen.events:
            if told.kind == Kind.LEDGER_FINAL:
                facts = {name: told.facts[name] for name in TRANSACTION if name in told.facts}
                yield {"seq": told.seq, **facts}

    # --- what is not there ---

    def _lacks(self) -> Iterator[str]:
        events = self.chosen.events
        yield from () if events else ["no event was found"]
        yield from self.sources.lacks
        if open_ends := [told.seq for told in events if told.seq > self.newest]:
            yield f"no signed checkpoint yet: {_spans(open_ends)}"
        anchored = max((one.size for one in self.anchors), default=0)
        if bare := [told.seq for told in events if told.seq > anchored]:
            yield f"no anchor on a chain: {_spans(bare)}"
        yield from self._unlike_checkpoints()
        yield from self.photos.lost()
        yield from self._pending_steps()
        for told in self.chosen.gaps:
            when, why = utc_text(told.happened_at_ms), GAPS[Kind(told.kind)]
            yield f"event {told.seq} at {when}, {told.kind}: {why}"

    def _unlike_checkpoints(self) -> Iterator[str]:
        node, kept = self.sources.node, {(one.chain, one.tx_hash) for one in self.anchors}
        for checkpoint in self.notes:
            if merkle.range_root(0, checkpoint.size, node) != checkpoint.root:
                yield f"the record no longer has the root of checkpoint {checkpoint.size}"
        for told in self.chosen.events:
            if told.seq <= self.newest and node(0, told.seq - 1) != hashing.leaf_hash(told.body):
                yield f"event {told.seq} is not what the tree has at its place"
        for one in self.sources.anchors:
            if (one.chain, one.tx_hash) not in kept:
                yield f"no checkpoint with the size {one.size} and root of anchor {one.tx_hash}"

    def _pending_steps(self) -> Iterator[str]:
        events = self.chosen.events
        final = {
            (told.text("cause"), told.text("chain"))
            for told in events
            if told.kind == Kind.LEDGER_FINAL
        }
        for told in events:
            chains = told.facts.get("chains") if told.kind == Kind.SEND_TO_BLOCKCHAIN else None
            for chain in chains if isinstance(chains, list) else []:
                if (told.event_id, chain) not in final:
                    yield f"event {told.seq}: its step is not final on chain {chain}"


def _page(made: dict[str, bytes]) -> bytes:
    """Return check.html with these files in it."""
    told = {
        "files": {name: data.decode() for name, data in made.items()},
        "sha256": {name: hashing.sha256(data).hex() for name, data in made.items()},
        "words": pack_check.WORDS,
    }
    # "<" would let a text in an event end the script it stands in.
    inside = _json(told).decode().replace("<", "\\u003c")
    return _resource("pack_page.html").decode().replace("@@PACK@@", inside).encode()


def _resource(name: str) -> bytes:
    return (resources("fognode.store") / name).read_bytes()


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _rows(rows: Iterable[object]) -> bytes:
    return b"".join(_json(row) + b"\n" for row in rows)


def _spans(seqs: Sequence[int]) -> str:
    """Return ascending seqs as text: events 1 to 3, 7."""
    spans: list[list[int]] = []
    for seq in seqs:
        if spans and seq == spans[-1][1] + 1:
            spans[-1][1] = seq
        else:
            spans.append([seq, seq])
    return "events " + ", ".join(f"{a} to {b}" if a < b else str(a) for a, b in spans)


README = """\
Evidence pack of a fognode.  It can be checked on any computer, without network:

    python3 check.py PACK.zip            (Python 3.8 or later; take check.py out of the zip)
    python3 check.py PACK.zip KEY        with the farm's public key, got from somebody else;
                                         an older key of the farm will do

or open check.html in a browser.  Both list every problem with file and row, and say in words
what is proven and what is not.  They came with the pack: who doubts them takes check.py from
fognode's own sources, where it is fognode/store/pack_check.py.

events.jsonl holds what the farm's node recorded, one event per line, byte for byte;
missing.txt says what is not here.
"""

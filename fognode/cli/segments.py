"""fognode verify --segments: a write-once folder against one signed note, and nothing else.

No database, no fognode.toml, no network: a copy of the folder, the note and the key are enough.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from fognode.errors import StoreError, TamperError
from fognode.store.checkpoint import Checkpoint, open_note, parse_key
from fognode.store.keyring import short
from fognode.store.worm_check import Damage, Verdict, verify_segments
from fognode.store.worm_files import SEGMENT, note_name

UNPROVEN = (
    "that a sensor told the truth, or that all that happened was recorded",
    "when it was signed: look the root up on a chain, or in an alert mail of that time",
    "that the key signed no other record: compare the root with an anchor on a chain",
)


@dataclass(slots=True, kw_only=True)
class Told:
    """What came of the check."""

    findings: list[Damage] = field(default_factory=list)
    proven: list[str] = field(default_factory=list)
    not_proven: list[str] = field(default_factory=list)
    events: int = 0  # bodies that were read
    size: int = 0
    root: str = ""  # hex


def check_segments(folder: Path, note: Path, key: str) -> Told:
    """Recompute the root from the bodies in a folder and compare it with a signed note.

    Raises:
        ConfigError: The key is no shared key text.
        StoreError: The folder or the note cannot be read.
    """
    parse_key(key)
    try:
        content = note.read_bytes()
    except OSError as error:
        raise StoreError(f"{note} cannot be read: {error.strerror}") from error
    try:
        checkpoint = open_note(content, key)
    except TamperError as error:
        wrong = Damage(seq=None, name=str(note), reason=str(error))
        return Told(findings=[wrong], not_proven=["anything: without a signed root"])
    verdict = verify_segments(folder, checkpoint)
    return Told(
        findings=[*verdict.damages, *_unchecked(verdict, checkpoint)],
        proven=list(_proven(verdict, checkpoint, key)),
        not_proven=list(_unproven(verdict)),
        events=verdict.events,
        size=checkpoint.size,
        root=checkpoint.root.hex(),
    )


def _unchecked(verdict: Verdict, checkpoint: Checkpoint) -> Iterator[Damage]:
    if verdict.root_checked:
        return
    name, end = note_name(checkpoint.size), verdict.events
    reason = f"its root cannot be checked: {end} of its {checkpoint.size} events are here"
    if end and end % SEGMENT == 0:
        reason += f"; take the note of size {end}, if that is all there should be"
    yield Damage(seq=None, name=name, reason=reason)


def _proven(verdict: Verdict, checkpoint: Checkpoint, key: str) -> Iterator[str]:
    if verdict.proven:
        yield (
            f"events 1 to {verdict.proven} are byte for byte those, in this order, of which key"
            f" {short(key)} signed the root {checkpoint.root.hex()} of log {checkpoint.log}"
        )


def _unproven(verdict: Verdict) -> Iterator[str]:
    if verdict.events > verdict.proven:
        yield f"events {verdict.proven + 1} to {verdict.events}: this note does not bind them"
    yield f"that nothing was recorded after event {verdict.events}"
    yield from UNPROVEN


def as_json(told: Told, took_ms: int) -> str:
    """Return one JSON object."""
    return json.dumps({**asdict(told), "took_ms": took_ms})


def as_text(told: Told, took_ms: int) -> str:
    """Return a line per finding, what is proven and what is not, and the verdict."""
    lines = [str(damage) for damage in told.findings]
    lines += [f"proven: {line}" for line in told.proven]
    lines += [f"not proven: {line}" for line in told.not_proven]
    count = len(told.findings)
    verdict = f"{count} findings" if count else "all matches"
    lines.append(f"{verdict}: {told.events} events, checkpoint of {told.size}, {took_ms} ms")
    return "\n".join(lines)

"""Which events go into an evidence pack."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from fognode.events import Kind, Stored
from fognode.store.keyring import SUCCESSION

PAGE = 500  # events read at once
FOR_EVER_MS = 253_402_300_799_000  # the last second of the year 9999
NAMED = ("package", "about")  # facts that name a package
BEFORE = ("cause", "corrects", "opening")  # facts that name an earlier event
GAPS = {  # kinds that tell of something the record may lack
    Kind.BOARD_GAP: "a board's count jumped",
    Kind.BOARD_LOST: "a board lost events",
    Kind.BOARD_SILENT: "a board was silent",
    Kind.CLOCK_STEP: "the clock was set",
    Kind.LEDGER_FAILED: "a chain refused a step",
    Kind.NODE_STARTED: "the node had been off; boards keep only so much meanwhile",
    Kind.SPOOL_TAIL_CUT: "the end of the spool was damaged and taken back",
    Kind.RECORD_RESTORED: "events were lost with the database",
    Kind.REJECTED: "something impossible was told and not taken",
    Kind.VERIFY_FAILED: "the record did not verify",
}


class Record(Protocol):
    """What is needed of store/reader.py."""

    def events(self, after: int = 0, limit: int = 500) -> list[Stored]:
        """Return the events that follow seq ``after``, oldest first."""

    def event(self, event_id: str) -> Stored | None:
        """Return the event with these 32 hex digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What the pack is to hold: events that happened or were recorded in a time."""

    from_ms: int = 0
    to_ms: int = FOR_EVER_MS  # the first moment not asked for
    package: str = ""  # only what is about it, with the readings it was drawn from; "" = all
    photos: bool = False


@dataclass(slots=True)
class Chosen:
    """The events of a pack, and those that tell what the record may lack."""

    events: list[Stored]  # by seq
    gaps: list[Stored]
    whole_from: int = 0  # every event from here to there is in; 0 = not so, as of a package
    whole_to: int = 0


def choose(ask: Ask, record: Record) -> Chosen:
    """Read the record once and pick what was asked for, and what was later said about it.

    recorded_at_ms hardly ever goes back, so the events recorded in a time have no gap between
    them, or nothing is said of gaps; those that reached the node later, and their fate on the
    chains, are added.
    """
    found: dict[str, Stored] = {}
    gaps: list[Stored] = []
    recorded: list[int] = []
    for told in _every(record):
        in_time = ask.from_ms <= told.recorded_at_ms < ask.to_ms
        is_asked = in_time or ask.from_ms <= told.happened_at_ms < ask.to_ms
        if is_asked and told.kind in GAPS:
            gaps.append(told)
        if in_time:
            recorded.append(told.seq)
        is_step = told.kind in SUCCESSION  # without it no key after the first could be believed
        if is_step or (is_asked and _is_about(told, ask.package)) or _follows(told, found):
            found[told.event_id] = told
    if ask.package:
        _add_causes(found, record)
        recorded = []
    # After a loss, what was saved is kept with the time it was first recorded at.
    is_whole = bool(recorded) and recorded[-1] - recorded[0] + 1 == len(recorded)
    ends = (recorded[0], recorded[-1]) if is_whole else (0, 0)
    return Chosen(sorted(found.values(), key=lambda told: told.seq), gaps, *ends)


def _every(record: Record) -> Iterator[Stored]:
    after = 0
    while page := record.events(after, PAGE):
        yield from page
        after = page[-1].seq


def _is_about(told: Stored, package: str) -> bool:
    if not package:
        return True
    lists = [value for value in (told.facts.get("out"), told.facts.get("in")) if value]
    listed = any(isinstance(one, list) and package in one for one in lists)
    inner = told.facts.get("facts")  # of a correction
    said = [told.facts, inner] if isinstance(inner, dict) else [told.facts]
    return listed or any(package == facts.get(name) for facts in said for name in NAMED)


def _follows(told: Stored, found: dict[str, Stored]) -> bool:
    return told.text("cause") in found or told.text("corrects") in found


def _add_causes(found: dict[str, Stored], record: Record) -> None:
    """Add, back to the readings, every event that one of ``found`` was drawn from."""
    to_follow = list(found.values())
    while to_follow:
        told = to_follow.pop()
        named = [told.text(fact) for fact in BEFORE]
        if told.origin.startswith("r/"):
            named.append(told.origin.split("/")[2])
        for event_id in named:
            cause = record.event(event_id) if event_id and event_id not in found else None
            if cause is not None:
                found[event_id] = cause
                to_follow.append(cause)

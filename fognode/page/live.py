"""What the page is told that is not in the database: the node, its lines, chains and jobs now.

The daemon builds one ``Live`` per call; a web thread reads it and keeps nothing.  Ages are
counted by the daemon on the monotonic clock, so a step of the wall clock cannot make a board
look alive or dead.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from fognode import hashing
from fognode.config import Config
from fognode.events import Event, Json, Stored
from fognode.store.album import Added, Photo, Picture
from fognode.store.reader import Reader

# Boards beat every 5 s; three missed beats are a silence (docs/protocol.md).
SILENT_AFTER_S = 15

# States of chain_outbox in which a step is not over (ledgers/outbox.py).
OPEN_STEPS = ("QUEUED", "SIGNED", "SENT", "MINED")

RequestEvent = Callable[[str, Mapping[str, Json], str], int]
# Seals what must be sealed; all or none; known events stay as they are.
KeepEvents = Callable[[Sequence[Event]], list[int]]


class PhotoDesk(Protocol):
    """What the daemon does for the page with photos; errors as store/photos.py says."""

    def add(self, content: bytes, facts: Mapping[str, Json], request_id: str) -> Added:
        """Keep a picture; on return it is durable."""

    def look(self, photo: str) -> tuple[Photo, Stored | None] | None:
        """Return what the record tells of a photo, and the hold on it."""

    def show(self, photo: str, who: str) -> Picture:
        """Return a picture, after it is kept that ``who`` sees it."""

    def mark(self, content: bytes) -> str:
        """Return by what this node, and nobody else, knows a file again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """One sensor as its board last told of it."""

    name: str
    type: str  # weight, light, tag ...
    unit: str = ""  # of last_value: g, mm, counts; "" when it is a text
    last_value: int | str | None = None  # None = nothing heard yet
    heard_s: int | None = None  # seconds since heard; None = never
    grams: int | None = None  # on a scale since it was tared
    doubts: tuple[str, ...] = ()  # dead, stuck, impossible, drift


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One board on its line."""

    board: str  # "" = a port on which nobody has said hello
    port: str = ""
    place: str = ""  # cabinet or place id, "" = unknown
    kind: str = ""
    version: str = ""
    heard_s: int | None = None  # seconds since any frame; None = never
    silent: bool = False
    sensors: tuple[Sensor, ...] = ()
    counters: Mapping[str, int] = field(default_factory=dict)  # frames, bad_frames, lost ...

    def is_stale(self, heard_s: int | None) -> bool:
        """Tell whether something heard so long ago is shown grey."""
        return self.silent or heard_s is None or heard_s > SILENT_AFTER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainNow:
    """One chain as its thread sees it."""

    name: str
    state: Literal["OK", "HELD", "AWAY", "STARTING"] = "STARTING"
    reason: str = ""
    head_block: int = 0
    behind: int = 0  # steps owed that are not final yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One calendar job and how its last run went."""

    name: str
    last_run_ms: int = 0  # 0 = not yet
    result: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchored:
    """How far the record is anchored on one chain."""

    chain: str
    size: int = 0  # events under the last anchor that is final; 0 = none yet
    at_ms: int = 0  # when it was final
    tx_hash: str = ""
    open_since_ms: int = 0  # when the oldest event under no anchor was recorded; 0 = all are


@dataclass(frozen=True, slots=True, kw_only=True)
class TailCut:
    """The last time that the spool's end was found damaged at a start."""

    at_ms: int
    size_bytes: int
    file: str
    records_before: int  # whole ones that stayed
    records_after: int  # whole ones among what was cut; 0 = a write that was broken off


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """How far the record is kept, signed and copied."""

    spooled: int = 0  # events that are durable and not yet in the database
    oldest_at_ms: int = 0  # when the first of them was recorded; 0 = none
    fault: str = ""  # why nothing can be kept at all
    signed_size: int = 0  # events under the last signed checkpoint
    signed_at_ms: int = 0  # 0 = none yet
    signs: bool = False  # False: there is no checkpoint key
    write_once: str = ""  # what the write-once folder really is, in words
    disk_free_mb: int = 0
    anchors: tuple[Anchored, ...] = ()  # of each configured chain
    verified_at_ms: int = 0  # 0 = never
    findings: int = 0  # of that verification
    backup: str = ""  # file name of the newest
    backed_up_at_ms: int = 0  # 0 = there is none
    tail_cut: TailCut | None = None  # None = never


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The node at one moment."""

    now_ms: int  # UTC
    started_at_ms: int
    store_ok: bool = True
    store_since_ms: int = 0  # since when store_ok is what it is
    store_reason: str = ""  # why the database is away
    evidence: Evidence = Evidence()
    queues: Mapping[str, int] = field(default_factory=dict)  # name -> waiting in memory
    lines: tuple[Line, ...] = ()
    chains: tuple[ChainNow, ...] = ()
    mail: str = "off"  # off, ok, "away: ..." (tried again), or what is wrong in a few words
    jobs: tuple[Job, ...] = ()
    safe_mode: bool = False  # only boards, store and mail run

    @property
    def mail_broken(self) -> bool:
        """Whether mails will not go out until somebody does something."""
        return not self.mail.startswith(("off", "ok", "away"))

    def revision(self, head: int) -> str:
        """Return a word that changes when a page would show something other than ages.

        ``head`` is the seq of the newest event.  A board that is heard changes it: its
        frame counter and its sensors' values are part of it.
        """
        lines = [
            (line.board, line.port, line.silent, sorted(line.counters.items()), _values(line))
            for line in self.lines
        ]
        queues = sorted(self.queues.items())
        proved = replace(self.evidence, disk_free_mb=0, oldest_at_ms=0)
        told = repr((self.store_ok, queues, lines, self.chains, self.mail, self.jobs, proved))
        return f"{head}-{hashing.sha256((told + str(self.safe_mode)).encode()).hex()[:12]}"


def pending_steps(reader: Reader, chain: str) -> int:
    """Return how many steps a chain is owed that are neither final nor failed.

    Raises:
        StoreError: The database is away.
    """
    return reader.count("chain_outbox", {"chain": chain, "state": OPEN_STEPS})


def _values(line: Line) -> list[tuple[str, int | str | None, bool]]:
    return [(s.name, s.last_value, line.is_stale(s.heard_s)) for s in line.sensors]


class PinDesk(Protocol):
    """What the daemon does for the page with PINs; errors as store/pins.py says."""

    def check(self, person: str, pin: str) -> str:
        """Return the mark of a person's PIN if this is it, else ""."""

    def mark(self, person: str) -> str:
        """Return by what a PIN is known to be the same as before; "" = there is none now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every view and API call works with."""

    config: Config
    reader: Reader
    live: Callable[[], Live]
    request_event: RequestEvent
    keep_events: KeepEvents
    photos: PhotoDesk
    pins: PinDesk
    mono_s: Callable[[], float]  # seconds that only go on: how long somebody is signed in
    token: str  # of the local commands, new at each start

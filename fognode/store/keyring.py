"""Who signs the record, and from which size on; the record tells it itself.

    key_rotated       another key signs on; the checkpoint of that very size bears both signatures
    record_restored   events were lost with a database: their log ends, another begins

Each begins an era.  A checkpoint belongs to the last era that begins at its size or before,
and is signed by the key of that era alone: one that a retired key signed later is refused.
The newest checkpoint covers those events, so who trusts its key trusts what they say of the
keys before.  Who trusts an older key can follow as far as each key signed the step to the next.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter

from fognode.errors import ConfigError, TamperError
from fognode.events import Json, Kind, Stored
from fognode.store.checkpoint import (
    Checkpoint,
    key_id,
    log_name,
    open_note,
    parse_key,
    parse_note,
)
from fognode.store.reader import Reader

PAGE = 500  # events read together
SUCCESSION = (Kind.KEY_ROTATED, Kind.RECORD_RESTORED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Era:
    """A stretch of sizes whose checkpoints are of one log and signed by one key."""

    key: str  # shared key text; its name is that of the log
    first: int = 0  # smallest size; seq of the event that began the era
    endorsed: bool = False  # the checkpoint of that size is signed by the key before as well

    @property
    def log(self) -> str:
        """Name of the log."""
        return parse_key(self.key)[0]

    @property
    def public(self) -> bytes:
        """The public key."""
        return parse_key(self.key)[1]


class Keyring:
    """All eras of a record, oldest first."""

    def __init__(self, eras: Sequence[Era]) -> None:
        """Take at least one era."""
        self.eras = tuple(sorted(eras, key=attrgetter("first")))

    @property
    def newest(self) -> Era:
        """The era that goes on."""
        return self.eras[-1]

    def era(self, size: int) -> Era:
        """Return the era that a checkpoint of this size belongs to."""
        return [era for era in self.eras if era.first <= size or era is self.eras[0]][-1]

    def open(self, note: bytes) -> Checkpoint:
        """Return the checkpoint in a note, once it is signed by the key of its era.

        Raises:
            TamperError: It is not.
        """
        size = parse_note(note).size
        era = self.era(size)
        at = self.eras.index(era)
        try:
            told = open_note(note, era.key)
        except TamperError as error:
            if retired := _opens(note, self.eras[:at]):
                end = self._end(retired)
                word = f"signed by key {short(retired.key)}, retired by event {end}"
                if retired.log != era.log:
                    word = f"of log {retired.log}, ended by event {end}"
                raise TamperError(f"checkpoint of size {size} is {word}") from error
            raise
        if era.endorsed and size == era.first:
            open_note(note, self.eras[at - 1].key)
        return told

    def doubt(self, key: str) -> str:
        """Return why who trusts this key cannot trust the newest one; "" when nothing is wrong.

        The names of logs do not matter: a new log goes on under the key of the old one.

        Raises:
            ConfigError: It is no shared key text.
        """
        public = parse_key(key)[1]
        known = [at for at, era in enumerate(self.eras) if era.public == public]
        if not known:
            return f"the record is signed by key {short(self.newest.key)}, not by {short(key)}"
        for old, new in pairwise(self.eras[known[-1] :]):
            if not new.endorsed and old.public != new.public:
                return f"key {short(new.key)} took over at event {new.first}, not signed by the old"
        return ""

    def _end(self, era: Era) -> int:
        return self.eras[self.eras.index(era) + 1].first


def keyring_of(events: Iterable[Stored], key: str) -> Keyring:
    """Return the keyring that these events of kind SUCCESSION tell of.

    Args:
        events: In the order of their seq.
        key: Signs a record that tells of no other.

    Raises:
        TamperError: One of them names something that is no key.
    """
    eras: list[Era] = []
    for told in events:
        if told.kind == Kind.KEY_ROTATED:
            eras = eras or [Era(key=told.text("old_key"))]
        else:
            eras = list(_eras_told(told.facts.get("old_keys")))
        endorsed = told.number("endorsed") == 1
        eras.append(Era(key=told.text("new_key"), first=told.seq, endorsed=endorsed))
    for era in eras:
        try:
            parse_key(era.key)
        except ConfigError as error:
            raise TamperError(f"an event names a key that is none: {error}") from error
    return Keyring(eras or [Era(key=key)])


def read_keyring(reader: Reader, key: str) -> Keyring:
    """Return who signs the record, by its own events; ``key`` signs one that tells of nobody.

    Raises:
        StoreError: The database is away.
        TamperError: An event names something that is no key.
    """
    told, after = list[Stored](), 0
    while page := reader.events(after, PAGE, SUCCESSION):
        told += page
        after = page[-1].seq
    return keyring_of(told, key)


def log_in_force(reader: Reader, farm: str) -> str:
    """Return the name of the log that goes on: the farm's first, or the last that was begun.

    Raises:
        StoreError: The database is away.
    """
    begun = reader.newest(1, [Kind.RECORD_RESTORED])
    return begun[0].text("log") if begun else log_name(farm)


def told_eras(eras: Iterable[Era]) -> list[Json]:
    """Return eras as the facts of an event hold them."""
    return [{"endorsed": int(era.endorsed), "first": era.first, "key": era.key} for era in eras]


def short(key: str) -> str:
    """Return the eight digits by which people tell keys apart."""
    return key_id(*parse_key(key)).hex()


def _eras_told(told: Json | None) -> Iterable[Era]:
    for one in told if isinstance(told, list) else []:
        if isinstance(one, dict):
            endorsed = one.get("endorsed") == 1
            first = one.get("first")
            first = first if isinstance(first, int) else 0
            yield Era(key=str(one.get("key")), first=first, endorsed=endorsed)


def _opens(note: bytes, eras: Sequence[Era]) -> Era | None:
    """Return the newest of these eras whose key signed a note."""
    for era in reversed(eras):
        try:
            open_note(note, era.key)
        except (TamperError, ConfigError):
            continue
        return era
    return None

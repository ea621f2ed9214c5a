"""What a board's event means: frame to Event, with calibration; the impossible is refused.

Pure: times, boot and count are told.  TYPES is the registry of sensor types; a new type is
a row here and a D line of the board, nothing else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fognode.boards.codes import MOST, encode_scan, scan_facts
from fognode.boards.wire import BoardEvent, Declare
from fognode.errors import MeaningError
from fognode.events import Event, Json, Kind

SEQS = 65_535  # a board counts 1..65535, then 1 again
BOOTS = 65_536
MS_SPAN = 2**32  # a board's clock wraps after 49.7 days
FAULT = "fault"
NUMBER = re.compile(r"0|-?[1-9][0-9]{0,9}")
# ISO/IEC 14443-3, 6.5.4: 4 or 7 bytes (10 no reader here tells); a 96-bit EPC has 12.
PIECES = "hex"  # unit of a code reader on a board: a scan comes in pieces of 7 bytes
PART, SCAN = "part", "scan"
PIECE = re.compile(r"(?:[0-9A-F]{2}){1,7}")
UID = re.compile(r"[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{24}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorType:
    """One row of the registry."""

    unit: str
    fact: str  # name of the value in an event's facts
    words: frozenset[str]
    event: tuple[int, int] | None  # bounds of an event's value; None = a tag's UID or a scan
    sample: tuple[int, int]  # bounds of a reading in S
    codes: frozenset[int] = frozenset()  # readings that are no measure
    other_unit: str = ""  # the same by another way


TYPES: dict[str, SensorType] = {
    "light": SensorType(
        unit="counts",
        fact="light_counts",
        words=frozenset({"open", "close"}),
        event=(0, 1023),
        sample=(0, 1023),
    ),
    "vibration": SensorType(
        unit="edges",
        fact="vibration_edges",
        words=frozenset({"shake"}),
        event=(1, 65_535),
        sample=(0, 65_535),
    ),
    "distance": SensorType(
        unit="mm",
        fact="distance_mm",
        words=frozenset({"move"}),
        event=(0, 5_000),
        sample=(-2, 5_000),
        codes=frozenset({-1, -2}),  # no echo, stuck high
    ),
    "weight": SensorType(
        unit="counts",
        fact="weight_counts",
        words=frozenset({"take", "put"}),
        event=(-(2**24), 2**24),  # difference of two 24-bit readings
        sample=(-(2**23), 2**23 - 1),
    ),
    "tag": SensorType(
        unit="uid",
        fact="tag",
        words=frozenset({"in", "out"}),
        event=None,
        sample=(0, 64),  # tags in the field
    ),
    "temperature": SensorType(
        unit="decicelsius",
        fact="temperature_decicelsius",
        words=frozenset({"change"}),
        event=(-400, 1_250),  # what a DHT22 can read
        sample=(-400, 1_250),
    ),
    "humidity": SensorType(
        unit="permille",  # tenths of a percent
        fact="humidity_permille",
        words=frozenset({"change"}),
        event=(0, 1_000),
        sample=(0, 1_000),
    ),
    "level": SensorType(
        unit="counts",
        fact="level_counts",
        words=frozenset({"rise", "fall"}),
        event=(0, 1023),
        sample=(0, 1023),
    ),
    "code": SensorType(
        unit="aim",  # a text that begins with its AIM prefix
        fact="scan",
        words=frozenset({"scan"}),
        event=None,
        sample=(0, 0),  # there is nothing to read between scans
        other_unit=PIECES,
    ),
    "camera": SensorType(
        unit="gray8",  # of the pixels; a picture is no event (picture.py), a fault is one
        fact="picture",
        words=frozenset(),
        event=(0, 0),
        sample=(0, 0),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """What is known of the board that speaks."""

    board: str
    place: str  # cabinet or place, "" = unknown
    counts_per_kg: int
    sensors: Mapping[str, Declare]  # declared since its last hello
    pieces: bytes = b""  # of a scan that is not yet told whole
    places: Mapping[str, str] = field(default_factory=dict)  # of sensors that have their own

    def place_of(self, sensor: str) -> str:
        """Return where a sensor is: an antenna may be elsewhere than its board."""
        return self.places.get(sensor, self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Which happening a frame tells of, and when it was."""

    origin: str
    happened_at_ms: int
    at_latest: bool = False  # no more is known than that it was not later


def to_event(frame: BoardEvent, speaker: Speaker, happening: Happening) -> Event:
    """Return the event a board's frame tells of, with raw and calibrated values.

    Raises:
        MeaningError: The sensor was not declared, its type is unknown, the word is none of
            the type's, or the value is out of range; see ``rejected``.
    """
    declared = speaker.sensors.get(frame.sensor)
    if declared is None:
        raise MeaningError(f"sensor {frame.sensor} was not declared")
    kind = TYPES.get(declared.type)
    if kind is None or declared.unit not in {kind.unit, kind.other_unit}:
        raise MeaningError(f"type {declared.type} in {declared.unit} is not known")
    facts: dict[str, Json] = {
        "board": speaker.board,
        "place": speaker.place_of(frame.sensor),
        "sensor": frame.sensor,
        **_value_facts(frame, declared.type, speaker, happening.happened_at_ms),
        **({"at_latest": 1} if happening.at_latest else {}),
    }
    return Event(
        kind=f"{declared.type}_{frame.word}",
        origin=happening.origin,
        happened_at_ms=happening.happened_at_ms,
        facts=facts,
        board_ms=frame.ms,
    )


def _value_facts(
    frame: BoardEvent, type_name: str, speaker: Speaker, at_ms: int
) -> dict[str, Json]:
    kind = TYPES[type_name]
    if frame.word == FAULT:
        return {"code": _number(frame.value, (-128, 127))}
    if type_name == "code":
        return _code_facts(frame, speaker, at_ms)
    if frame.word not in kind.words:
        raise MeaningError(f"{type_name} has no word {frame.word}")
    if kind.event is None:
        if not UID.fullmatch(frame.value):
            raise MeaningError(f"tag {frame.value} is not 8, 14 or 24 hex digits")
        return {kind.fact: frame.value}
    number = _number(frame.value, kind.event)
    if type_name != "weight":
        return {kind.fact: number}
    if number == 0 or (number < 0) != (frame.word == "take"):
        raise MeaningError(f"weight {number} has the wrong sign for {frame.word}")
    return {kind.fact: number, "weight_g": grams(number, speaker.counts_per_kg)}


def _code_facts(frame: BoardEvent, speaker: Speaker, at_ms: int) -> dict[str, Json]:
    if speaker.sensors[frame.sensor].unit != PIECES:
        if frame.word != SCAN:
            raise MeaningError(f"code has no word {frame.word}")
        return scan_facts(frame.value, at_ms)
    if frame.word not in {PART, SCAN} or not PIECE.fullmatch(frame.value):
        raise MeaningError(f"{frame.word} {frame.value} is no piece of a scan")
    if frame.word == PART:
        return {"part": frame.value}
    # Without its first pieces it lacks the AIM prefix and is refused.
    return scan_facts(encode_scan(speaker.pieces + bytes.fromhex(frame.value)), at_ms)


def pieces_after(frame: BoardEvent, speaker: Speaker) -> bytes:
    """Return what is known of a scan under way once this frame is taken."""
    declared = speaker.sensors.get(frame.sensor)
    if declared is None or declared.unit != PIECES or frame.word != PART:
        return b""
    if not PIECE.fullmatch(frame.value) or len(speaker.pieces) >= MOST:
        return b""
    return speaker.pieces + bytes.fromhex(frame.value)


def _number(text: str, bounds: tuple[int, int]) -> int:
    if not NUMBER.fullmatch(text):
        raise MeaningError(f"value {text} is no number")
    number = int(text)
    if not bounds[0] <= number <= bounds[1]:
        raise MeaningError(f"value {number} is not between {bounds[0]} and {bounds[1]}")
    return number


def grams(counts: int, counts_per_kg: int) -> int:
    """Return a difference of scale counts in whole grams, half a gram away from zero."""
    size = (2000 * abs(counts) + counts_per_kg) // (2 * counts_per_kg)
    return size if counts >= 0 else -size


def plausible(declared: Declare, value: int) -> bool:
    """Tell whether a reading in S can come from the declared sensor."""
    kind = TYPES.get(declared.type)
    if kind is None or kind.unit != declared.unit:
        return False
    return kind.sample[0] <= value <= kind.sample[1]


def rejected(
    frame: BoardEvent, speaker: Speaker, happening: Happening, error: MeaningError
) -> Event:
    """Return the event that takes the place of one that cannot be.

    It keeps the origin: the board must be able to forget it, and the record must show it.
    """
    return Event(
        kind=Kind.REJECTED,
        origin=happening.origin,
        happened_at_ms=happening.happened_at_ms,
        facts={
            "what": "board_event",
            "reason": str(error),
            "value": f"{frame.sensor},{frame.word},{frame.value}",
            "board": speaker.board,
            "place": speaker.place_of(frame.sensor),
        },
        board_ms=frame.ms,
    )


def wide_count(newest: int, seq: int) -> int:
    """Return the count, from 1 and without wraps, that is nearest to the newest one known.

    A boot wraps in 18 h at one event a second; without widening, real events would vanish
    as duplicates.  Source: docs/protocol.md, section delivery.
    """
    ahead = (seq - plain_seq(newest) + SEQS // 2) % SEQS - SEQS // 2
    count = newest + ahead
    return count if count > 0 else count + SEQS


def plain_seq(count: int) -> int:
    """Return the seq of a count as it stands on the wire; 0 has none and gives 65535."""
    return (count - 1) % SEQS + 1


def wide_boot(newest: int, boot: int) -> int:
    """Return 65,536 x epoch + boot for a hello's boot.

    A boot below the newest known one (EEPROM lost, board exchanged, wrap) begins an epoch.
    """
    epoch = newest // BOOTS + (boot < newest % BOOTS)
    return epoch * BOOTS + boot


def earlier_boot(newest: int, boot: int) -> int:
    """Return 65,536 x epoch + boot for an event that is not of the running start ``newest``.

    A boot above the running one's is of the epoch before; negative when there is none.
    """
    epoch = newest // BOOTS - (boot > newest % BOOTS)
    return epoch * BOOTS + boot


def ms_ahead(one: int, other: int) -> int:
    """Return by how many ms one reading of a board's clock is after another, past a wrap."""
    return (one - other + MS_SPAN // 2) % MS_SPAN - MS_SPAN // 2


def happened_at_ms(heard_at_ms: int, heard_ms: int, event_ms: int) -> int:
    """Return when an event happened, by the node's clock.

    ``heard_at_ms`` is when the newest frame of the same boot arrived, ``heard_ms`` what the
    board's clock said in it.
    """
    return heard_at_ms - ms_ahead(heard_ms, event_ms)

"""What a long-range tag reader says, line by line, and which tags are therefore at which antenna.

    sighting = antenna "," epc "," dbm LF       "3,E28011606000020A1B2C3D4E,-57"; CR is ignored
    antenna  = 1 to 64                          as the reader numbers its cables
    epc      = 24 upper-case hex digits         96 bits, all that a package can carry
    dbm      = -120 to 0                        how strongly the tag answered
    an empty line                               the reader lives and sees nothing

Pure.  A tag is in at its second sighting within the hold, because noise makes up a tag now and
then (Gen2 checks 16 bits), and out once it was not seen for the hold, at the time of its last
sighting.

Source: GS1 EPC UHF Gen2 Air Interface 2.1, 6.3.2.1.2 (EPC and its CRC-16).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fognode.errors import FrameError

MAX_LINE = 64  # bytes with LF
LINE = re.compile(rb"([1-9][0-9]?),([0-9A-F]{24}),(0|-[1-9][0-9]{0,2})")
ANTENNAS, WEAKEST_DBM = 64, -120
FOLLOWED = 500  # tags at one reader, also those of one sighting
COMING = 200  # tags that may come at once, as a pallet through the gate
COMING_MS = 50  # then one more each so often
STRONGER_DB = 6  # so much, or a tag between two antennas goes to and fro

Said = list[tuple[str, str, str, int]]  # sensor, word, EPC, when by the board's clock


@dataclass(frozen=True, slots=True)
class Sighting:
    """A tag as one antenna saw it once."""

    antenna: int
    epc: str
    dbm: int


def read_sighting(line: bytes) -> Sighting | None:
    """Return what one line without its LF says; None for a sign of life.

    Raises:
        FrameError: It is neither.
    """
    if not line:
        return None
    found = LINE.fullmatch(line) if len(line) < MAX_LINE else None
    if found is None:
        raise FrameError(f"{line[:MAX_LINE]!r} is no sighting")
    antenna, dbm = int(found[1]), int(found[3])
    if antenna > ANTENNAS or dbm < WEAKEST_DBM:
        raise FrameError(f"{line!r}: antenna or strength cannot be")
    return Sighting(antenna, found[2].decode(), dbm)


@dataclass(slots=True)
class _Seen:
    """A tag at an antenna."""

    ms: int  # its last sighting
    dbm: int
    is_in: bool = False  # told


@dataclass(slots=True, kw_only=True)
class Presence:
    """Which tags are at which antenna of one reader.

    With ``overlap`` the fields of its antennas overlap, and a tag is only where it is seen most
    strongly; without, a tag at two antennas is told at both, which is how a copy shows.
    """

    sensors: Mapping[int, str]  # antenna: sensor
    hold_ms: int
    weakest_dbm: int = WEAKEST_DBM
    overlap: bool = False
    crowded: bool = False  # tags came that are not followed
    _seen: dict[tuple[str, int], _Seen] = field(default_factory=dict)  # EPC and antenna
    _may_come: int = COMING
    _earned_ms: int = 0

    def knows(self, sighting: Sighting) -> bool:
        """Tell whether the antenna is one of ours."""
        return sighting.antenna in self.sensors

    def take(self, ms: int, sighting: Sighting) -> Said:
        """Take a sighting of an antenna that is ours."""
        if sighting.dbm < self.weakest_dbm:
            return []
        key = (sighting.epc, sighting.antenna)
        seen = self._seen.get(key)
        if seen is None:
            if len(self._seen) >= FOLLOWED:
                self.crowded = True
            else:
                self._seen[key] = _Seen(ms, sighting.dbm)
            return []
        seen.ms, seen.dbm = ms, sighting.dbm
        if seen.is_in:
            return []
        return self._come(ms, key, seen)

    def _come(self, ms: int, key: tuple[str, int], seen: _Seen) -> Said:
        epc, antenna = key
        others = [
            (other, there)
            for (named, other), there in self._seen.items()
            if self.overlap and named == epc and other != antenna and there.is_in
        ]
        if any(seen.dbm < there.dbm + STRONGER_DB for _, there in others):
            return []
        if not self._earn(ms):
            self.crowded = True
            return []
        said: Said = []
        for other, there in others:
            there.is_in = False
            said.append((self.sensors[other], "out", epc, there.ms))
        seen.is_in = True
        return [*said, (self.sensors[antenna], "in", epc, ms)]

    def _earn(self, ms: int) -> bool:
        """Tell whether one more tag may come: made-up tags must not fill the record."""
        earned = (ms - self._earned_ms) // COMING_MS
        self._may_come = min(self._may_come + earned, COMING)
        self._earned_ms += earned * COMING_MS
        if not self._may_come:
            return False
        self._may_come -= 1
        return True

    def pass_time(self, ms: int) -> Said:
        """Return the tags that are gone by now."""
        gone = {key: seen for key, seen in self._seen.items() if ms - seen.ms >= self.hold_ms}
        for key in gone:
            del self._seen[key]
        if not self._seen:
            self.crowded = False
        return [
            (self.sensors[antenna], "out", epc, seen.ms)
            for (epc, antenna), seen in gone.items()
            if seen.is_in
        ]

    def stand_still(self, ms: int) -> None:
        """Let no time pass for any tag: the reader is away."""
        for seen in self._seen.values():
            seen.ms = ms

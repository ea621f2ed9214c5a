"""Compares the ledgers of the boards with the store: what is lost, doubled, out of order?"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from fognode import hashing
from fognode.boards.progress import ORIGIN
from fognode.events import Kind, Stored
from fognode.store.reader import Reader
from tests.crash.ledger_board import BOOT, LedgerBoard

PAGE = 2000
# A board that is never reset and never overwrites: one of these means that something is missing.
ODD = {Kind.BOARD_GAP, Kind.BOARD_LOST, Kind.BOARD_CONTRADICTS, Kind.REJECTED}
VALUES = {"D1": "distance_mm", "L1": "light_counts"}


@dataclass(slots=True)
class Lane:
    """What the store holds of one board."""

    last: int = 0  # the highest count
    holes: set[int] = field(default_factory=set)  # below it and not there


@dataclass(slots=True)
class Audit:
    """Reads on from where it stands; a fresh one reads everything."""

    boards: Mapping[str, LedgerBoard]
    seq: int = 0
    link: bytes = hashing.GENESIS
    lanes: dict[str, Lane] = field(default_factory=dict)
    doubled: int = 0
    faults: list[str] = field(default_factory=list)  # what is there and should not be

    def read(self, reader: Reader) -> None:
        """Take all that was stored since the last call, and recompute the chain over it."""
        while found := reader.events(after=self.seq, limit=PAGE):
            for told in found:
                self._take(told)
            if reader.link(self.seq) != self.link:
                self.faults.append(f"the chain does not hold up to seq {self.seq}")

    def lost(self, acknowledged: Mapping[str, int]) -> int:
        """Return how many acknowledged events are not in the store."""
        missing = 0
        for board, count in acknowledged.items():
            lane = self.lanes.get(board, Lane())
            missing += sum(hole <= count for hole in lane.holes) + max(count - lane.last, 0)
        return missing

    def _take(self, told: Stored) -> None:
        if told.seq != self.seq + 1:
            self.faults.append(f"seq {self.seq + 1} is missing")
        self.seq, self.link = told.seq, hashing.link_hash(self.link, told.body)
        if told.kind in ODD:
            self.faults.append(f"seq {told.seq} is {told.kind}: {told.body.decode()[:300]}")
        if found := ORIGIN.fullmatch(told.origin):
            self._count(found[1], int(found[2]), int(found[3]), told)

    def _count(self, board: str, boot: int, count: int, told: Stored) -> None:
        lane = self.lanes.setdefault(board, Lane())
        if count in lane.holes:
            lane.holes.discard(count)
            self.faults.append(f"{told.origin} stands behind {lane.last}")
        elif count <= lane.last:
            self.doubled += 1
        else:
            lane.holes.update(range(lane.last + 1, count))
            lane.last = count
        if (boot, self._content(told)) != (BOOT, self.boards[board].told[count - 1]):
            self.faults.append(f"{told.origin} is not what {board} told")

    @staticmethod
    def _content(told: Stored) -> tuple[int, str, str, int]:
        sensor = str(told.facts["sensor"])
        value = told.facts[VALUES[sensor]]
        board_ms = json.loads(told.body)["board_ms"]
        return board_ms, sensor, told.kind.rpartition("_")[2], int(str(value))

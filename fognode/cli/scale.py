"""The scale of a board, as a person with a known weight measures it while the appliance runs.

    calibrate BOARD --known-g N    counts per kg, from the readings without and with the weight
    tare BOARD                     what it reads now is nothing on it
    check BOARD --known-g N        does it still tell the weight?  within 20 g

Each is an event with its author.  The readings are those of the board's samples, once a second;
a reading counts when three of them rest.
"""

import argparse
import time
from dataclasses import dataclass
from typing import Any

from fognode.boards.calibration import KINDS as CALIBRATIONS
from fognode.boards.calibration import STEP, Rest, Scales, factor_of, fault_of
from fognode.boards.meaning import grams
from fognode.config import Board, Config, load
from fognode.custody.weighings import CHECKED_U_G
from fognode.daemon.control import ask_sensors, send_request
from fognode.errors import RefusedError
from fognode.events import Json, Kind, derived
from fognode.store.engines import open_engine
from fognode.store.reader import Reader

SAMPLE_S = 1.0  # as boards send them
STALE_S = 5
REST_S = 30.0
MOST = 10_000  # calibrations read


def add_scale(acts: Any) -> tuple[argparse.ArgumentParser, ...]:
    """Declare the arguments of the acts on a scale."""
    calibrated = acts.add_parser("calibrate", help="counts per kg of a scale, by a known weight")
    calibrated.set_defaults(does=calibrate)
    tared = acts.add_parser("tare", help="what a scale reads now is nothing on it")
    tared.set_defaults(does=tare)
    checked = acts.add_parser("check", help="whether a scale tells a known weight")
    checked.set_defaults(does=check)
    for act in (calibrated, tared, checked):
        act.add_argument("board", metavar="BOARD")
        act.add_argument("--sensor", default="W1", help="W1 unless told")
        act.add_argument("--by", required=True, metavar="PERSON", help="who does it; is recorded")
    for act in (calibrated, checked):
        act.add_argument("--known-g", type=int, required=True, metavar="G", help="the weight")
        act.add_argument("--wait", type=float, default=120.0, metavar="S", help="for the weight")
    return calibrated, tared, checked


@dataclass(frozen=True, slots=True)
class Cell:
    """One scale of a running appliance."""

    config: Config
    board: Board
    sensor: str

    def rest(self, within_s: float, above: int | None = None) -> int:
        """Return the counts where the scale rests, at least a step above ``above``.

        Raises:
            AwayError: No appliance runs.
            RefusedError: There is no such scale, it is not heard, or it does not rest in time.
        """
        until_s, rest = time.monotonic() + within_s, Rest()
        while time.monotonic() < until_s:
            found = rest.take(self._reading())
            if found is not None and (above is None or found - above >= STEP):
                return found
            time.sleep(SAMPLE_S)
        what = "does not rest" if above is None else "does not rise by 2000 counts and rest"
        raise RefusedError(f"{self.sensor} of {self.board.id} {what} within {within_s:.0f} s")

    def _reading(self) -> int:
        lines = [line for line in ask_sensors(self.config.folder) if line["board"] == self.board.id]
        found = [one for line in lines for one in line["sensors"] if one["name"] == self.sensor]
        if not found or found[0]["type"] != "weight":
            raise RefusedError(f"{self.board.id} tells of no scale {self.sensor}")
        heard_s, value = found[0]["heard_s"], found[0]["last_value"]
        if heard_s is None or heard_s > STALE_S:
            raise RefusedError(f"{self.sensor} of {self.board.id} has told nothing for 5 s")
        return int(value)

    @property
    def counts_per_kg(self) -> int:
        """What holds now, by the record or the configuration.

        Raises:
            StoreError: The database is away.
        """
        engine, scales = open_engine(self.config, "reader"), Scales()
        try:
            reader = Reader(engine)
            for told in reversed(reader.newest(MOST, tuple(CALIBRATIONS))):
                # As the lanes do: what custody refused counts for nothing.
                if reader.by_origin(derived(Kind.REJECTED, told)) is None:
                    scales.take(told)
        finally:
            engine.dispose()
        return scales.of(self.board.id, self.sensor).counts_per_kg or self.board.counts_per_kg

    def declare(self, kind: Kind, facts: dict[str, Json]) -> int:
        """Let the appliance keep what was measured.

        Raises:
            AwayError: None runs.
            RefusedError: It cannot be true.
        """
        if fault := fault_of(kind, facts):
            raise RefusedError(fault)
        return send_request(self.config.folder, kind, facts)


def calibrate(arguments: argparse.Namespace) -> int:
    """Measure counts per kg; on return the lane uses it.

    Raises:
        AwayError: No appliance runs.
        RefusedError: It cannot be measured, or the weight does not tell.
        StoreError: The database is away.
    """
    cell, (before, after) = _weighed(arguments)
    was, factor = cell.counts_per_kg, factor_of(before, after, arguments.known_g)
    facts: dict[str, Json] = {
        "board": cell.board.id,
        "sensor": cell.sensor,
        "known_g": arguments.known_g,
        "counts_before": before,
        "counts_after": after,
        "counts_per_kg": factor,
        "by": arguments.by,
    }
    seq = cell.declare(Kind.SCALE_CALIBRATED, facts)
    print(f"{cell.sensor} of {cell.board.id}: {factor} counts per kg, was {was}: event {seq}")
    return 0


def tare(arguments: argparse.Namespace) -> int:
    """Take what the scale reads now for nothing on it.

    Raises:
        AwayError: No appliance runs.
        RefusedError: It is not heard, or does not rest.
    """
    cell = _cell(arguments)
    counts = cell.rest(REST_S)
    facts: dict[str, Json] = {
        "board": cell.board.id,
        "sensor": cell.sensor,
        "counts": counts,
        "by": arguments.by,
    }
    seq = cell.declare(Kind.SCALE_TARED, facts)
    print(f"{cell.sensor} of {cell.board.id}: {counts} counts are nothing on it: event {seq}")
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Compare the scale with a known weight; 1 = it is wrong, and what it weighed is in doubt.

    Raises:
        AwayError: No appliance runs.
        RefusedError: It cannot be measured, or the board has no place.
        StoreError: The database is away.
    """
    cell, (before, after) = _weighed(arguments)
    cabinets = {cabinet.board: cabinet.id for cabinet in cell.config.cabinets}
    place = cell.board.place or cabinets.get(cell.board.id, "")
    if not place:
        raise RefusedError(f"{cell.board.id} is in no cabinet: nothing it weighs is booked")
    read_g = grams(after - before, cell.counts_per_kg)
    facts: dict[str, Json] = {
        "cabinet": place,
        "known_g": arguments.known_g,
        "read_g": read_g,
        "by": arguments.by,
    }
    seq = cell.declare(Kind.SCALE_CHECKED, facts)
    well = abs(read_g - arguments.known_g) <= CHECKED_U_G
    verdict = "right" if well else "wrong; what it weighed since the last good check is in doubt"
    print(f"{place}: {read_g} g for {arguments.known_g} g, {verdict}: event {seq}")
    return 0 if well else 1


def _weighed(arguments: argparse.Namespace) -> tuple[Cell, tuple[int, int]]:
    """Return the counts without and with the known weight.

    Raises:
        RefusedError: It weighs nothing, or cannot be measured.
    """
    if arguments.known_g < 1:
        raise RefusedError("--known-g must be above zero")
    cell = _cell(arguments)
    before = cell.rest(REST_S)
    print(f"at rest at {before} counts; now put {arguments.known_g} g on it", flush=True)
    return cell, (before, cell.rest(arguments.wait, above=before))


def _cell(arguments: argparse.Namespace) -> Cell:
    config = load(arguments.config)
    _check_author(config, arguments.by)
    board = next((one for one in config.boards if one.id == arguments.board), None)
    if board is None:
        raise RefusedError(f"there is no [[board]] with id = {arguments.board!r}")
    return Cell(config, board, arguments.sensor)


def _check_author(config: Config, by: str) -> None:
    """Refuse who is not known before anybody carries a weight; custody would refuse it anyhow.

    Raises:
        RefusedError: The record has no such person.
        StoreError: The database is away.
    """
    engine = open_engine(config, "reader")
    try:
        if not Reader(engine).rows("person", {"person": by}, limit=1):
            raise RefusedError(f"--by {by!r} names no known person")
    finally:
        engine.dispose()

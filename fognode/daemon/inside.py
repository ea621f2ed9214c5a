"""Boards inside the node: the Pi's own sensors, code and tag readers, each with its loops.

They are built at the start, so that the page shows them and no line may take their names, and
run once it is known which of their events are kept.
"""

import threading
from collections.abc import Callable

from fognode.boards import antennas
from fognode.boards.keyboard import Keyboard
from fognode.boards.lines import Lines
from fognode.boards.link import Clock
from fognode.boards.pi import NEVER_S, Pi, makers_of
from fognode.boards.pins import Ticks
from fognode.boards.reader_loop import CdcPort
from fognode.boards.scanner import KIND, SENSOR, Scanner
from fognode.boards.sightings import Presence
from fognode.config import Config
from fognode.config import Reader as TagReader

# Name and loop of a thread; how long it may be silent until another is begun beside it.
Part = tuple[str, Callable[[threading.Event], None], float]


def inside_parts(config: Config, lines: Lines) -> list[Part]:
    """Return the loops of every board inside the node; none of them runs yet."""
    parts: list[Part] = []
    if config.pi is not None:
        makers = makers_of(config.pi, Ticks())
        parts += Pi(makers, config.pi.board, lines.wire, Clock()).parts()
    for told in config.scanners:
        source = Keyboard(told.port) if told.keyboard else CdcPort(told.port)
        board = lines.wire(told.port, KIND, (SENSOR,), told.board)
        parts.append((f"scan-{told.board}", Scanner(source, board).run, NEVER_S))
    return parts + [_antenna_part(config, told, lines) for told in config.readers]


def _antenna_part(config: Config, told: TagReader, lines: Lines) -> Part:
    sensors = {int(a.sensor[1:]): a.sensor for a in config.antennas if a.board == told.board}
    board = lines.wire(told.port, antennas.KIND, antennas.antenna_sensors(sensors), told.board)
    presence = Presence(
        sensors=sensors,
        hold_ms=told.hold_s * 1000,
        weakest_dbm=told.weakest_dbm,
        overlap=told.overlap,
    )
    reader = antennas.AntennaReader(antennas.source_of(told.port), board, presence)
    return f"tags-{told.board}", reader.run, NEVER_S

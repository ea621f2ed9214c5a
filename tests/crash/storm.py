"""The history checker: a seeded storm over boards and daemon, then ledger against record.

python -m tests.crash.storm --seed N --faults 400

Resets, pulled cables, ports that change places, floods of noise, single flipped bits and kill -9
of the daemon, each upon three boards that tell without a pause.  Afterwards the boards rest, and
what they told has to be in the record: event for event, once, and of each board in its order.
"""

import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from fognode.boards.progress import ORIGIN
from fognode.config import load
from fognode.daemon.control import URL_FILE
from fognode.store.prepare import prepare_database
from tests.crash.storm_board import StormBoard

BOARDS = 3
TURN_S = 0.005
BETWEEN_S = (0.05, 0.6)  # faults
AWAY_S = (0.05, 1.5)  # a cable, a daemon
REST_S = 40.0  # until all that was told is acknowledged
NOISE_BYTES = 40_000  # of a flood
# A sound line has none of these: the boards forget nothing and never contradict themselves.
ODD = ("board_gap", "board_lost", "board_contradicts", "board_unknown")
VALUES = {"D1": "distance_mm", "L1": "light_counts"}


class Weather:
    """The appliance on SQLite, and boards on their lines."""

    def __init__(self, folder: Path, boards: int = BOARDS, every_s: float = 0.0) -> None:
        self.folder, self.every_s = folder, every_s
        self._config = folder / "fognode.toml"
        self.ports = folder / "ports"
        self.ports.mkdir()
        (folder / "node").mkdir()
        names = [f"cab{number:02}" for number in range(1, boards + 1)]
        parts = [f'[farm]\nid = "farm-7"\nfolder = "{folder}/node"', "[page]\nport = 0"]
        parts += [f'[serial]\nports = ["{self.ports}/*"]']
        for name in names:
            parts += [
                f'[[board]]\nid = "{name}"',
                f'[[cabinet]]\nid = "{name}-box"\nboard = "{name}"',
            ]
        self._config.write_text("\n".join(parts) + "\n")
        prepare_database(load(self._config, {}))
        self.daemon: subprocess.Popen[bytes] | None = None
        now_s = time.monotonic()
        self.boards = [StormBoard(n, self.ports / n, now_s, every_s) for n in names]

    def start(self) -> None:
        """Start the daemon and return at once."""
        (self.folder / "node" / URL_FILE).unlink(missing_ok=True)
        command = [sys.executable, "-m", "fognode", "run", "--config", str(self._config)]
        with (self.folder / "daemon.log").open("ab") as log:
            self.daemon = subprocess.Popen(command, env=dict(os.environ), stdout=log, stderr=log)

    def kill(self) -> None:
        """Kill -9."""
        if self.daemon is not None:
            self.daemon.kill()
            self.daemon.wait()

    def log_end(self) -> str:
        """Return the last words of the daemon."""
        return (self.folder / "daemon.log").read_text(errors="replace")[-1500:]

    def turn(self, until_s: float) -> None:
        """Let the boards live until a time."""
        while True:
            now_s = time.monotonic()
            for board in self.boards:
                board.turn(now_s)
            if now_s >= until_s:
                return
            time.sleep(min(TURN_S, until_s - now_s))

    def wait(self, there: Callable[[], bool], limit_s: float) -> bool:
        """Let the boards live until something is so; return whether it came true in time."""
        end_s = time.monotonic() + limit_s
        while not there():
            if time.monotonic() > end_s:
                return False
            self.turn(time.monotonic() + TURN_S)
        return True

    def close(self) -> None:
        """End everything."""
        self.kill()
        for board in self.boards:
            board.close()

    # --- what happens ------------------------------------------------------------------------

    def reset(self, chance: random.Random) -> None:
        """Reset a board."""
        chance.choice(self.boards).reset(time.monotonic())

    def unplug(self, chance: random.Random) -> None:
        """Pull a cable for a while."""
        board = chance.choice(self.boards)
        board.unplug()
        self.turn(time.monotonic() + chance.uniform(*AWAY_S))
        board.plug()

    def swap(self, chance: random.Random) -> None:
        """Put two boards on each other's port."""
        one, other = chance.sample(self.boards, 2)
        for board in (one, other):
            board.unplug()
        one.port, other.port = other.port, one.port
        for board in (one, other):
            board.plug()

    def flood(self, chance: random.Random) -> None:
        """Put noise on a line, lines of it."""
        chance.choice(self.boards).spoil(chance.randbytes(NOISE_BYTES) + b"\n")

    def garble(self, chance: random.Random) -> None:
        """Flip bits of a line for a while."""
        board, end_s = chance.choice(self.boards), time.monotonic() + chance.uniform(*AWAY_S)
        bits = random.Random(chance.random())  # how many it takes depends on the machine
        while time.monotonic() < end_s:
            board.turn(time.monotonic())
            board.flip(bits)
            self.turn(time.monotonic() + TURN_S)

    def crash(self, chance: random.Random) -> None:
        """Kill the daemon and start it again."""
        self.kill()
        self.turn(time.monotonic() + chance.uniform(*AWAY_S))
        self.start()


FAULTS: Sequence[Callable[[Weather, random.Random], None]] = (
    Weather.reset,
    Weather.reset,
    Weather.unplug,
    Weather.swap,
    Weather.flood,
    Weather.garble,
    Weather.crash,
)


@dataclass(slots=True)
class History:
    """What the comparison found."""

    told: int = 0
    starts: int = 0
    wrong: list[str] = field(default_factory=list)


def compare(database: Path, boards: Sequence[StormBoard]) -> History:
    """Compare the ledgers of the boards with the record."""
    history, last = History(), dict[str, tuple[int, int]]()
    ledgers = {board.board: board.told for board in boards}
    seen: dict[str, set[tuple[int, int]]] = {name: set() for name in ledgers}
    with closing(sqlite3.connect(database)) as record:
        rows = record.execute("SELECT kind, body FROM event ORDER BY seq").fetchall()
    for kind, raw in rows:
        body = json.loads(raw)
        if kind in ODD:
            history.wrong.append(f"{kind}: {body['facts']}")
        found = ORIGIN.fullmatch(body["origin"])
        if found is None:
            continue
        name, place = found[1], (int(found[2]), int(found[3]))
        if place <= last.get(name, (0, 0)):
            history.wrong.append(f"{body['origin']} stands behind {last[name]}")
        last[name] = max(place, last.get(name, (0, 0)))
        if place in seen[name]:
            history.wrong.append(f"{body['origin']} is there twice")
        seen[name].add(place)
        told = ledgers[name].get(place[0], [])
        if place[1] > len(told) or _content(kind, body) != told[place[1] - 1]:
            history.wrong.append(f"{body['origin']} is not what {name} told: {kind} {body}")
    for name, starts in ledgers.items():
        wanted = {(boot, n) for boot, told in starts.items() for n in range(1, len(told) + 1)}
        history.told += len(wanted)
        history.starts += len(starts)
        history.wrong += [f"b/{name}/{b}/{n} is missing" for b, n in sorted(wanted - seen[name])]
    return history


def _content(kind: str, body: dict[str, object]) -> tuple[object, ...]:
    facts = body["facts"]
    if not isinstance(facts, dict) or facts.get("sensor") not in VALUES:
        return ()
    sensor = str(facts["sensor"])
    word = kind.rpartition("_")[2]
    return body.get("board_ms"), sensor, word, facts.get(VALUES[sensor])


def storm(folder: Path, seed: int, faults: int, least: int = 0) -> History:
    """Let it storm, and blow on until ``least`` events are told; let it rest, compare."""
    chance, weather = random.Random(seed), Weather(folder)
    try:
        weather.start()
        for _ in range(faults):
            weather.turn(time.monotonic() + chance.uniform(*BETWEEN_S))
            chance.choice(FAULTS)(weather, chance)
        weather.wait(lambda: _told(weather) >= least, REST_S)
        for board in weather.boards:
            board.rests = True
        rested = weather.wait(lambda: not any(b.pending for b in weather.boards), REST_S)
        weather.wait(lambda: not _behind(weather), REST_S)
        history = compare(folder / "node" / "fognode.db", weather.boards)
        if not rested:
            waiting = {board.board: len(board.pending) for board in weather.boards}
            history.wrong.insert(0, f"not acknowledged after {REST_S:.0f} s of rest: {waiting}")
        if weather.daemon is None or weather.daemon.poll() is not None:
            history.wrong.insert(0, "the daemon ended by itself")
        if history.wrong:
            history.wrong.insert(0, weather.log_end())
        return history
    finally:
        weather.close()


def _told(weather: Weather) -> int:
    return sum(len(told) for board in weather.boards for told in board.told.values())


def _behind(weather: Weather) -> bool:
    """Tell whether the database still lacks the newest event of a board: the spool drains."""
    newest = [
        f"b/{board.board}/{boot}/{len(told)}"
        for board in weather.boards
        for boot, told in board.told.items()
        if told
    ]
    with closing(sqlite3.connect(weather.folder / "node" / "fognode.db")) as record:
        marks = ",".join("?" * len(newest))
        wanted = f"SELECT count(*) FROM event WHERE json_extract(body, '$.origin') IN ({marks})"
        return int(record.execute(wanted, newest).fetchone()[0]) < len(newest)


def main(arguments: Sequence[str]) -> int:
    """Storm, print, judge."""
    parser = argparse.ArgumentParser(prog="tests.crash.storm", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--faults", type=int, default=400)
    asked = parser.parse_args(arguments)
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fgs") as name:
        history = storm(Path(name), asked.seed, asked.faults)
    words = f"{history.told} events of {history.starts} starts, {len(history.wrong)} wrong"
    took_s = time.monotonic() - began_s
    print(f"seed {asked.seed}, {asked.faults} faults: {words}; {took_s:.0f} s")  # noqa: T201
    for words in history.wrong[:10]:
        print(f"    {words}")  # noqa: T201 - it is the product
    return int(bool(history.wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

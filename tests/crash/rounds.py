"""The rounds of the crash matrix: something fails while events flow, comes back, is compared."""

import contextlib
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.audit import Audit
from tests.crash.power import DiskImage
from tests.crash.rig import Rig

SERVING_S = 10.0  # the bar: from the fault to all as before
FLOW_S = (0.02, 0.5)  # events flow for so long before the fault
MUTANT_FLOW_S = (0.8, 1.2)  # a server with flush=2 syncs once a second
AGAIN = 0.2  # of the kills hit what is only just starting
AGAIN_S = 1.2
IMAGE_MB = 600


@dataclass(slots=True)
class Result:
    """One row of the table."""

    fault: str
    rounds: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    worst_s: float = 0.0
    faults: list[str] = field(default_factory=list)
    note: str = ""

    @property
    def is_well(self) -> bool:
        """Tell whether nothing is lost, doubled or untrue."""
        return not (self.lost or self.doubled or self.faults)

    @property
    def is_late(self) -> bool:
        """Tell whether it took longer than the bar; on a loaded machine it may."""
        return self.worst_s > SERVING_S


@contextlib.contextmanager
def folder_rig(db: str) -> Iterator[Rig]:
    """Lend a rig whose disk is a plain folder."""
    with tempfile.TemporaryDirectory(prefix="fg") as name:
        Path(name).chmod(0o711)
        disk = Path(name) / "disk"
        disk.mkdir()
        with Rig(db, Path(name) / "home", disk) as rig:
            yield rig


@contextlib.contextmanager
def image_rig(db: str, megabytes: int = IMAGE_MB) -> Iterator[tuple[Rig, DiskImage]]:
    """Lend a rig whose disk is a loop image, and the image."""
    with tempfile.TemporaryDirectory(prefix="fg") as name:
        Path(name).chmod(0o711)
        with (
            DiskImage(Path(name) / "image", Path(name) / "disk", megabytes) as image,
            Rig(db, Path(name) / "home", image.mount) as rig,
        ):
            yield rig, image


class Kills:
    """Rounds of kill -9 on one rig; ``finish`` reads everything again."""

    def __init__(self, rig: Rig, fault: str, chance: random.Random) -> None:
        self._rig, self._chance = rig, chance
        self._end: Callable[[], None] = {
            "kill -9 daemon": rig.end_daemon,
            "kill -9 mariadbd": rig.end_database,
            "kill -9 both": rig.end_both,
        }[fault]
        self.result = Result(fault)
        self._audit = rig.audit()
        self._before = sum(rig.acknowledged().values())

    def run(self, kills: int) -> None:
        """Kill so many times."""
        while self.result.rounds < kills:
            self._round(kills)

    def _round(self, kills: int) -> None:
        rig = self._rig
        time.sleep(self._chance.uniform(*FLOW_S))
        self._kill()
        while self.result.rounds < kills and self._chance.random() < AGAIN:
            rig.start_both()
            time.sleep(self._chance.uniform(0, AGAIN_S))
            self._kill()
        failed_s, at_fault = time.monotonic(), rig.acknowledged()
        rig.start_both()
        rig.wait_served(at_fault)
        self.result.worst_s = max(self.result.worst_s, time.monotonic() - failed_s)
        with rig.rest():
            compare(rig, self.result, self._audit)

    def _kill(self) -> None:
        self._end()
        self.result.rounds += 1

    def finish(self) -> Result:
        """Compare everything from the first event on, verify, check the tables."""
        self.result.acknowledged = sum(self._rig.acknowledged().values()) - self._before
        check_all(self._rig, self.result)
        return self.result


def compare(rig: Rig, result: Result, audit: Audit) -> None:
    """Wait until the spool is drained; add to ``result`` what the ledgers do not agree with."""
    acknowledged = rig.acknowledged()
    with contextlib.suppress(AssertionError):  # what never comes is counted as lost below
        rig.wait_drained(acknowledged)
    rig.audit(audit)
    lost = audit.lost(acknowledged)
    result.lost = max(result.lost, lost)
    result.doubled = max(result.doubled, audit.doubled)
    result.faults += [words for words in audit.faults if words not in result.faults]


def check_all(rig: Rig, result: Result) -> None:
    """Compare everything from the first event on, verify, check the tables."""
    with rig.rest():
        compare(rig, result, Audit(rig.boards))
        result.faults += rig.verify() + rig.check_files()


class Cuts:
    """Rounds of power cuts on one rig and its image."""

    def __init__(self, rig: Rig, image: DiskImage, fault: str, chance: random.Random) -> None:
        self._rig, self._image, self._chance = rig, image, chance
        self.result = Result(fault)
        self.vanished = 0  # events that the database held and the cut took back
        self.refused = 0  # times the node would not serve a database that went back
        self._before = sum(rig.acknowledged().values())

    def run(self, cuts: int) -> None:
        """Cut so many times; every time everything is compared and every table checked."""
        for _ in range(cuts):
            at_cut, failed_s = self.cut(FLOW_S)
            self._rig.start_daemon()
            self._rig.wait_served(at_cut)
            self.result.worst_s = max(self.result.worst_s, time.monotonic() - failed_s)
            check_all(self._rig, self.result)

    def cut(self, flow_s: tuple[float, float]) -> tuple[dict[str, int], float]:
        """Cut, and bring disk and database back; return what was acknowledged, and since when."""
        rig = self._rig
        time.sleep(self._chance.uniform(*flow_s))
        head = rig.head()
        # Deaf first: what is acknowledged after the power went cannot leave the box.
        at_cut = {name: board.deafen() for name, board in rig.boards.items()}
        self._image.cut()
        failed_s = time.monotonic()
        rig.end_both()
        self._image.unplug()
        self._image.plug_in()
        rig.start_database()
        self.vanished += max(head - rig.head(), 0)
        for board in rig.boards.values():
            board.listen()
        self.result.rounds += 1
        self.result.acknowledged = sum(at_cut.values()) - self._before
        return at_cut, failed_s

    def run_mutant(self, cuts: int) -> Result:
        """Cut with flush=2 until something acknowledged is lost, ``cuts`` times at the most."""
        while self.result.rounds < cuts and not (self.result.lost or self.refused):
            self._rig.set_flush(2)
            at_cut, _ = self.cut(MUTANT_FLOW_S)
            self._rig.start_daemon()
            try:
                self._rig.wait(self._rig.is_well, "the page", SERVING_S)
                self._rig.wait_served(at_cut, SERVING_S)
            except AssertionError:
                self.refused += not (self._rig.lives() and self._rig.is_well())
            self.result.lost += self._rig.audit().lost(at_cut)
        self.result.note = f"{self.vanished} rows vanished, {self.refused} x refused to go on"
        return self.result


def bare_losses(rig: Rig, image: DiskImage, run_s: float) -> tuple[int, int]:
    """Insert and commit without any spool, cut; return how many rows were committed, and lost."""
    rig.as_root("CREATE DATABASE IF NOT EXISTS bare")
    rig.as_root("CREATE OR REPLACE TABLE bare.told (number INT PRIMARY KEY)")
    committed = _insert(rig, run_s)
    for board in rig.boards.values():
        board.deafen()
    image.cut()
    rig.end_both()
    image.unplug()
    image.plug_in()
    rig.start_database()
    for board in rig.boards.values():
        board.listen()
    found = rig.as_root("SELECT COUNT(*) FROM bare.told")
    return committed, committed - int(str(found[0][0]))


def _insert(rig: Rig, run_s: float) -> int:
    until_s, number = time.monotonic() + run_s, 0
    with rig.root_connection() as connection:
        while time.monotonic() < until_s:
            number += 1
            connection.exec_driver_sql(f"INSERT INTO bare.told VALUES ({number})")
            connection.commit()
    return number


def full_disk(db: str) -> Result:
    """Fill the disk twice (the spool has a reserve), free it; nothing acknowledged may be gone."""
    result = Result("full disk")
    with image_rig(db, 300 if db == "mariadb" else 96) as (rig, image):
        before = sum(rig.acknowledged().values())
        ballasts = [image.mount / f"ballast{number}" for number in range(2)]
        for ballast in ballasts:
            fill(ballast)
            time.sleep(0.5)
        rig.wait(lambda: stalls(rig), "the boards to wait for a disk that is full")
        for ballast in ballasts:
            ballast.unlink()
        freed_s = time.monotonic()
        rig.wait_served(rig.acknowledged())
        _finish(rig, result, before, freed_s)
        result.note = "until served after space was given; no restart"
    return result


def fill(ballast: Path) -> None:
    """Take all the room that the disk has."""
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(65_536)):
            pass
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(512)):
            pass


def stalls(rig: Rig) -> bool:
    """Tell whether no board was acknowledged for a second and a half."""
    before = rig.acknowledged()
    time.sleep(1.5)
    return rig.acknowledged() == before


def io_error(db: str) -> Result:
    """Let the disk answer EIO to everything under running processes: no false acknowledgement."""
    result = Result("I/O error")
    with image_rig(db) as (rig, image):
        before = sum(rig.acknowledged().values())
        image.cut()
        # The boards listen on: whatever is acknowledged now counts and must be there.
        rig.wait(lambda: stalls(rig), "the boards to wait for a disk that fails")
        result.note = f"the daemon {'lives on' if rig.lives() else 'ended'}; no ACK from then on"
        rig.end_both()
        image.unplug()
        image.plug_in()
        _bring_back(rig, result, before)
    return result


def read_only(db: str) -> Result:
    """Let ext4 turn read-only by an error of its own, as a worn card does."""
    result = Result("read-only disk")
    with image_rig(db) as (rig, image):
        before = sum(rig.acknowledged().values())
        image.turn_read_only()
        rig.wait(lambda: stalls(rig), "the boards to wait for a read-only disk")
        result.note = f"the daemon {'lives on' if rig.lives() else 'ended'}; no ACK from then on"
        rig.end_both()
        image.unplug()
        subprocess.run(["e2fsck", "-fy", str(image.image)], check=False, capture_output=True)
        image.plug_in()
        _bring_back(rig, result, before)
    return result


def two_daemons(db: str) -> Result:
    """Start a second daemon on the folder, and a second one on the same database."""
    result = Result("two daemons")
    with folder_rig(db) as rig:
        before = sum(rig.acknowledged().values())
        code, words = rig.command("run")
        if code != 2 or "another fognode runs in" not in words:
            result.faults.append(f"the second daemon ended with {code}: {words}")
        _finish(rig, result, before)
        result.note = "the second is refused, the first serves on"
    return result


def two_writers() -> Result:
    """Start a daemon with a folder of its own on the same database: it may only spool."""
    result = Result("two writers")
    with folder_rig("mariadb") as rig:
        before = sum(rig.acknowledged().values())
        with rig.rival() as log:
            rig.wait(lambda: "another fognode holds the lock" in log.read_text(), "a refusal")
            time.sleep(1)
            if "event=store_back" in log.read_text():
                result.faults.append("the second writer was let in")
        _finish(rig, result, before)
        result.note = "the second spools only, the first serves on"
    return result


def _bring_back(rig: Rig, result: Result, before: int) -> None:
    failed_s, at_fault = time.monotonic(), rig.acknowledged()
    rig.start_both()
    rig.wait_served(at_fault)
    _finish(rig, result, before, failed_s)


def _finish(rig: Rig, result: Result, before: int, failed_s: float | None = None) -> None:
    result.rounds += 1
    result.worst_s = time.monotonic() - failed_s if failed_s else 0.0
    result.acknowledged = sum(rig.acknowledged().values()) - before
    check_all(rig, result)

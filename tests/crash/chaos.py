"""The crash matrix: prints a table, ends with 1 when anything acknowledged is lost.

python -m tests.crash.chaos --seed N --kills 200 --cuts 50 --db mariadb|sqlite
"""

import argparse
import random
import signal
import sys
import time
from collections.abc import Iterator, Sequence

from tests.crash import rounds
from tests.crash.power import missing_loop
from tests.crash.rounds import Cuts, Kills, Result

KINDS = {
    "mariadb": ("kill -9 daemon", "kill -9 mariadbd", "kill -9 both"),
    "sqlite": ("kill -9 daemon",),
}
MUTANT_CUTS = 5  # the broken setting must have lost something by then
BARE_S = 0.7
HEAD = "fault                          rounds  acknowledged   lost  doubled  chain  worst s  note"


def kill_rows(db: str, kills: int, chance: random.Random) -> Iterator[Result]:
    """Kill -9, all kinds on one rig; ``kills`` in all."""
    with rounds.folder_rig(db) as rig:
        kinds = KINDS[db]
        for number, fault in enumerate(kinds):
            kind = Kills(rig, fault, chance)
            kind.run(kills // len(kinds) + (number < kills % len(kinds)))
            yield kind.finish()


def cut_row(db: str, cuts: int, chance: random.Random) -> Result:
    """Cut the power of the appliance as it is shipped."""
    with rounds.image_rig(db) as (rig, image):
        cutting = Cuts(rig, image, "power cut", chance)
        cutting.run(cuts)
        cutting.result.note = f"{cutting.vanished} rows vanished"
        return cutting.result


def mutant_row(db: str, unsynced: bool, chance: random.Random) -> Result:
    """Cut the power of one that is broken on purpose: flush=2, or without its own syncs too."""
    words = ["flush=2"] * (db == "mariadb") + ["no fdatasync"] * unsynced
    with rounds.image_rig(db) as (rig, image):
        if unsynced:
            rig.module = "tests.crash.unsynced_node"
            rig.end_daemon()
            before = rig.acknowledged()
            rig.start_daemon()
            rig.wait_served(before)
        cutting = Cuts(rig, image, f"MUTANT {', '.join(words)}", chance)
        return cutting.run_mutant(MUTANT_CUTS)


def bare_row(flush: int) -> Result:
    """Cut the power of a bare insert + commit, no spool before it."""
    with rounds.image_rig("mariadb") as (rig, image):
        rig.end_daemon()
        rig.set_flush(flush)
        result = Result(f"{'MUTANT ' * (flush != 1)}bare commit, flush={flush}", rounds=1)
        result.acknowledged, result.lost = rounds.bare_losses(rig, image, BARE_S)
    return result


def must_lose(result: Result) -> bool:
    """Tell whether a row is of a broken setting that has to be seen to lose."""
    return result.fault.startswith("MUTANT") and not result.fault.endswith("MUTANT flush=2")


def all_rows(db: str, kills: int, cuts: int, chance: random.Random) -> Iterator[Result]:
    """Run the matrix, row by row."""
    if kills:
        yield from kill_rows(db, kills, chance)
    yield rounds.two_daemons(db)
    if db == "mariadb":
        yield rounds.two_writers()
    if reason := missing_loop():
        say(f"no power cut, full disk, I/O error: {reason}")
        return
    if cuts:
        yield cut_row(db, cuts, chance)
        yield mutant_row(db, unsynced=True, chance=chance)
        if db == "mariadb":
            yield mutant_row(db, unsynced=False, chance=chance)
            yield bare_row(1)
            yield bare_row(2)
    yield rounds.full_disk(db)
    yield rounds.io_error(db)
    yield rounds.read_only(db)


def verdict(result: Result) -> str:
    """Return what is wrong with a row; "" when it is as it has to be."""
    if must_lose(result):
        return "" if result.lost else "the broken setting was not seen to lose"
    return "" if result.is_well else f"NOT WELL: {result.faults[:3]}"


def line(result: Result) -> str:
    """Return a row of the table."""
    chain = "ok" if not result.faults else "NO"
    worst = f"{result.worst_s:.2f}" if result.worst_s else "-"
    return (
        f"{result.fault:30} {result.rounds:6}  {result.acknowledged:12} {result.lost:6}  "
        f"{result.doubled:7}  {chain:5}  {worst:>7}  {result.note}"
    )


def say(words: str) -> None:
    """Print at once: a run takes minutes."""
    print(words, flush=True)  # noqa: T201 - the table is the product


def main(arguments: Sequence[str]) -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(prog="tests.crash.chaos")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--db", choices=sorted(KINDS), default="mariadb")
    told = parser.parse_args(arguments)
    # Or what it has started would outlive it, and speak to the next one's boards.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began_s = time.monotonic()
    say(f"seed {told.seed}, {told.kills} kills, {told.cuts} cuts, {told.db}\n{HEAD}")
    is_well = True
    for result in all_rows(told.db, told.kills, told.cuts, random.Random(told.seed)):
        say(line(result))
        if result.is_late:
            say(f"    LATE: more than {rounds.SERVING_S:.0f} s until served")
        if wrong := verdict(result):
            say(f"    {wrong}")
            is_well = False
    say(f"{'all well' if is_well else 'FAILED'} after {time.monotonic() - began_s:.0f} s")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

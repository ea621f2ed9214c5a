"""What falls behind is told once, with its reason, and once more when it has caught up."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fognode.alerts import policy
from fognode.config import Config, parse
from fognode.daemon import lookout as lookout_module
from fognode.daemon.lookout import Lookout, cut_event
from fognode.errors import StoreError
from fognode.events import Event, Json, RowValues, Stored
from fognode.hashing import Stamp, freeze
from fognode.page.live import TailCut
from fognode.store.engines import open_engine
from fognode.store.reader import Reader
from fognode.store.spool import Backlog
from fognode.store.spool_cuts import Cut
from fognode.store.writer import Writer
from tests.blank import lay_database
from tests.daemon.test_glance import CHAIN

NOW_MS = 1_795_241_520_000
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
PUBLIC = {**CHAIN, "name": "public", "chain_id": 7002}


class Farm:
    """A SQLite record, and a keeper that is told what its backlog is."""

    def __init__(self, folder: Path, **tables: Any) -> None:
        farm = {"id": "farm-7", "folder": str(folder)}
        self.config: Config = parse({"farm": farm, **tables})
        lay_database(self.config)
        self.engine = open_engine(self.config, "reader")
        self.reader = Reader(self.engine)
        self.writer = Writer(open_engine(self.config, "writer"), self.reader)
        self.now_ms = NOW_MS
        self.backlog = Backlog(0, None, 0)
        self.results: dict[str, tuple[int, str]] = {}
        self.keeper: Any = SimpleNamespace(
            offer=self.offer,
            backlog=lambda: self.backlog,
            away_since_ms=None,
            witness=object(),
        )
        self.is_full = False
        self.number = 0

    def offer(self, event: Event, done: Callable[[int], None]) -> bool:
        if self.is_full:
            return False
        self.keep(event)
        done(0)
        return True

    def keep(self, event: Event) -> None:
        stamp = Stamp(
            farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=self.now_ms, clock_ok=True
        )
        self.writer.keep([freeze(event, stamp)])

    def tell(self, kind: str, **facts: Json) -> None:
        self.number += 1
        origin = f"n/test/{self.number}"
        self.keep(Event(kind=kind, origin=origin, happened_at_ms=self.now_ms, facts=facts))

    def lookout(self) -> Lookout:
        return Lookout(self.config, self.reader, self.keeper, self.results)

    def told(self) -> list[tuple[str, str, str]]:
        kinds = ("evidence_late", "evidence_back", "disk_low", "disk_enough")
        found = self.reader.events(kinds=kinds)
        return [(told.kind, told.text("what"), told.text("chain")) for told in found]

    def back_up(self) -> None:
        folder = self.config.folder / "backups"
        folder.mkdir(exist_ok=True)
        (folder / "fognode-1.tar").touch()
        os.utime(folder / "fognode-1.tar", ns=(self.now_ms * 1_000_000,) * 2)

    def close(self) -> None:
        self.writer.close()
        self.engine.dispose()


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Farm]]:
    made: list[Farm] = []

    def farm(**tables: Any) -> Farm:
        made.append(Farm(tmp_path / "node", **tables))
        return made[-1]

    yield farm
    for one in made:
        one.close()


@pytest.fixture
def farm(make: Callable[..., Farm]) -> Farm:
    return make()


@pytest.fixture
def anchored(make: Callable[..., Farm]) -> Farm:
    farm = make(chain=[CHAIN, PUBLIC])
    farm.back_up()
    farm.tell("verify_passed", findings_count=0)
    return farm


def anchor(farm: Farm, chain: str) -> None:
    size = farm.reader.head()[0]
    farm.tell("checkpoint_anchored", chain=chain, size=size, root="ab" * 32, tx_hash=f"0x{size}")


def test_a_farm_on_which_nothing_happened_is_late_with_nothing(farm: Farm) -> None:
    farm.lookout().pass_once(NOW_MS)
    assert farm.told() == []


def test_a_night_without_backup_and_verification_is_told_once_and_its_end_once(farm: Farm) -> None:
    farm.tell("node_started")
    lookout = farm.lookout()
    farm.now_ms += 26 * HOUR_MS
    lookout.pass_once(farm.now_ms)
    assert farm.told() == []
    farm.now_ms += 1
    farm.results["backup"] = (NOW_MS, "failed: No space left on device")
    for _ in range(3):
        lookout.pass_once(farm.now_ms)
    assert farm.told() == [("evidence_late", "backup", ""), ("evidence_late", "verify", "")]
    backup, verify = farm.reader.events(kinds=["evidence_late"])
    assert backup.facts["reason"] == "failed: No space left on device"
    assert verify.facts["reason"] == "it did not run"
    assert (backup.facts["limit_s"], backup.facts["age_s"]) == (93_600, 93_600)
    assert b'"rule_v":1' in backup.body
    farm.back_up()
    lookout.pass_once(farm.now_ms)
    farm.tell("verify_failed", findings_count=2)
    lookout.pass_once(farm.now_ms)
    lookout.pass_once(farm.now_ms)
    assert farm.told()[2:] == [("evidence_back", "backup", ""), ("evidence_back", "verify", "")]
    assert lookout.figures.findings == 2
    assert lookout.figures.verified_at_ms == farm.now_ms
    assert lookout.figures.backup == "fognode-1.tar"
    assert lookout.figures.backed_up_at_ms == farm.now_ms


def test_a_restart_tells_nothing_twice_and_still_tells_the_end(farm: Farm) -> None:
    farm.tell("node_started")
    farm.now_ms += 27 * HOUR_MS
    farm.lookout().pass_once(farm.now_ms)
    again = farm.lookout()
    again.pass_once(farm.now_ms)
    assert len(farm.told()) == 2
    farm.back_up()
    farm.tell("verify_passed", findings_count=0)
    again.pass_once(farm.now_ms)
    assert [kind for kind, _, _ in farm.told()[2:]] == ["evidence_back"] * 2


def test_a_node_that_was_off_has_time_to_catch_up_before_it_is_told(farm: Farm) -> None:
    farm.tell("node_started")
    lookout = farm.lookout()
    farm.now_ms += 100 * HOUR_MS
    lookout.pass_once(farm.now_ms, has_settled=False)
    assert farm.told() == []
    assert lookout.overdue(farm.now_ms) == ["backup", "verify"]
    farm.back_up()
    assert lookout.overdue(farm.now_ms) == ["verify"]


def test_events_that_one_chain_lacks_for_three_hours_are_told_of_that_chain(
    anchored: Farm,
) -> None:
    farm = anchored
    lookout = farm.lookout()
    anchor(farm, "private")
    farm.now_ms += 3 * HOUR_MS
    lookout.pass_once(farm.now_ms)
    assert farm.told() == []
    farm.now_ms += 1
    lookout.pass_once(farm.now_ms)
    lookout.pass_once(farm.now_ms)
    assert farm.told() == [("evidence_late", "anchor", "public")]
    [late] = farm.reader.events(kinds=["evidence_late"])
    assert late.facts["reason"] == "chain not reached yet"
    private, public = lookout.figures.anchors
    assert (private.chain, private.size, private.tx_hash) == ("private", 1, "0x1")
    assert (public.chain, public.size, public.open_since_ms) == ("public", 0, NOW_MS)
    anchor(farm, "public")
    lookout.pass_once(farm.now_ms)
    assert farm.told()[-1] == ("evidence_back", "anchor", "public")


def test_a_quiet_farm_whose_every_event_is_anchored_is_not_late(anchored: Farm) -> None:
    for chain in ("private", "public"):
        anchor(anchored, chain)
    anchored.tell("anchor_asked")
    anchored.tell("anchor_owed", size=3)
    lookout = anchored.lookout()
    anchored.now_ms += 20 * HOUR_MS
    lookout.pass_once(anchored.now_ms)
    assert anchored.told() == []
    assert [one.open_since_ms for one in lookout.figures.anchors] == [0, 0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda farm: setattr(farm.keeper, "witness", None), "without a checkpoint key"),
        (lambda farm: farm.tell("verify_failed", findings_count=1), "does not verify"),
    ],
)
def test_why_nothing_is_anchored_is_said(
    anchored: Farm, change: Callable[[Farm], None], reason: str
) -> None:
    change(anchored)
    anchored.now_ms += 4 * HOUR_MS
    anchored.lookout().pass_once(anchored.now_ms)
    late = anchored.reader.events(kinds=["evidence_late"])
    assert [reason in told.text("reason") for told in late] == [True, True]


def test_a_backlog_that_the_database_could_take_is_told_after_ten_minutes(farm: Farm) -> None:
    lookout = farm.lookout()
    farm.backlog = Backlog(7, NOW_MS, 700)
    lookout.pass_once(NOW_MS + 10 * MINUTE_MS)
    assert farm.told() == []
    farm.keeper.away_since_ms = NOW_MS  # the database's own alert tells of it
    lookout.pass_once(NOW_MS + 11 * MINUTE_MS)
    assert farm.told() == []
    farm.keeper.away_since_ms = None
    lookout.pass_once(NOW_MS + 11 * MINUTE_MS)
    farm.backlog = Backlog(0, None, 0)
    lookout.pass_once(NOW_MS + 12 * MINUTE_MS)
    assert farm.told() == [("evidence_late", "spool", ""), ("evidence_back", "spool", "")]


def test_a_full_disk_is_told_once_until_there_is_clearly_room(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_mb = 499

    def usage(_folder: Path) -> Any:
        return SimpleNamespace(free=free_mb * 1_000_000)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    lookout = farm.lookout()
    lookout.pass_once(NOW_MS)
    free_mb = 599
    lookout.pass_once(NOW_MS)
    farm.lookout().pass_once(NOW_MS)
    assert farm.told() == [("disk_low", "disk", "")]
    free_mb = 600
    lookout.pass_once(NOW_MS)
    assert farm.told()[1:] == [("disk_enough", "disk", "")]


def test_with_the_database_away_the_disk_is_still_watched(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> tuple[int, bytes]:
        raise StoreError("away")

    monkeypatch.setattr(farm.reader, "head", away)
    fill_disk(monkeypatch)
    lookout = farm.lookout()
    lookout.pass_once(NOW_MS)
    lookout.pass_once(NOW_MS)
    assert [kind for kind, _, _ in farm.told()] == ["disk_low"]
    assert lookout.overdue(NOW_MS) == []


def test_what_the_store_could_not_take_is_told_in_the_next_pass(farm: Farm) -> None:
    farm.tell("node_started")
    farm.now_ms += 30 * HOUR_MS
    lookout = farm.lookout()
    farm.is_full = True
    lookout.pass_once(farm.now_ms)
    farm.is_full = False
    lookout.pass_once(farm.now_ms)
    assert len(farm.told()) == 2


def test_a_cut_is_always_the_same_event_and_shown_until_the_next(farm: Farm) -> None:
    path = Path("000000000000-3-700.cut")
    cut = Cut(path, "000000000000.spool", 40, 3, 2, NOW_MS * 1_000_000)
    event = cut_event(cut)
    assert event.origin == f"n/spool_tail_cut/000000000000-3-700-{NOW_MS}000000"
    assert event.happened_at_ms == NOW_MS
    farm.keep(event)
    farm.keep(cut_event(cut))
    assert farm.reader.head()[0] == 1
    lookout = farm.lookout()
    lookout.pass_once(NOW_MS)
    assert lookout.figures.tail_cut == TailCut(
        at_ms=NOW_MS,
        size_bytes=40,
        file="000000000000.spool",
        records_before=3,
        records_after=2,
    )


def fill_disk(patch: pytest.MonkeyPatch) -> None:
    """Let every disk be too small."""
    patch.setattr(lookout_module, "DISK_LOW_MB", 1 << 40)
    patch.setattr(lookout_module, "DISK_ENOUGH_MB", 1 << 41)


def alerts(farm: Farm) -> dict[str, str]:
    """Fold the record as the custody thread does; return the state of each rule's alert."""
    state, rules = policy.State(), policy.Rules(farm="farm-7", managers=("0",))
    rows: list[RowValues] = []

    def fold(told: Stored) -> None:
        rows.extend(r.values for r in policy.step(state, told, rules).rows if r.table == "alert")

    for told in farm.reader.events():
        fold(told)
    return {str(row["rule"]): str(row["state"]) for row in rows}


def test_each_becomes_an_alert_and_is_resolved_by_its_end(
    anchored: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    farm = anchored
    lookout = farm.lookout()
    farm.now_ms += 40 * HOUR_MS
    farm.backlog = Backlog(7, NOW_MS, 700)
    fill_disk(monkeypatch)
    lookout.pass_once(farm.now_ms)
    rules = ["anchor_late", "backup_late", "disk_low", "spool_late", "verify_late"]
    assert alerts(farm) == dict.fromkeys(rules, "firing")
    monkeypatch.undo()
    farm.backlog = Backlog(0, None, 0)
    farm.back_up()
    farm.tell("verify_passed", findings_count=0)
    for chain in ("private", "public"):
        anchor(farm, chain)
    lookout.pass_once(farm.now_ms)
    assert alerts(farm) == dict.fromkeys(rules, "resolved")

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from sqlite3 import connect
from typing import TYPE_CHECKING, Any

import pytest

from fognode.events import Event, Kind
from fognode.ledgers.reconcile import compare
from fognode.ledgers.rows import read_due
from fognode.ledgers.search import Search
from fognode.store.engines import database_file
from fognode.trial.chains import start_chains
from tests.ledgers.passes import NOW_MS, history, run

if TYPE_CHECKING:
    from fognode.trial.chains import TrialChains
    from tests.ledgers.conftest import House, Package

pytestmark = pytest.mark.chain

LIFE = [(1, 1), (2, 102), (3, 1001), (4, 1002), (5, 103), (6, 104), (7, 200)]
PUBLIC_LIFE = [(1, 1), (2, 102), (3, 103), (4, 104), (5, 200)]
Rebuild = Callable[["House", "TrialChains"], "House"]


@pytest.fixture
def rebuild(
    make_house: Callable[..., "House"],
    table_of: Callable[..., dict[str, Any]],
    tmp_path: Path,
) -> Rebuild:
    """Keep again, in a new database, what people declared: an accepted loss of all else."""

    def make(house: "House", both: "TrialChains") -> "House":
        tables = [table_of(both, both.private), table_of(both, both.public)]
        again = make_house(farm=_farm(tmp_path / "again"), chain=tables)
        again.password = both.farm_password
        again.commit([*_declared(house), _loss(new_size=0)], [])
        again.lane("private").pass_once(NOW_MS)  # reads the chain before the folds are through
        again.follow()
        return again

    return make


def _farm(folder: Path) -> dict[str, str]:
    return {"id": "farm-7", "zone": "America/Cuiaba", "folder": str(folder)}


def _declared(house: "House") -> list[Event]:
    """Return what boards and people told, as it can be kept again."""
    return [
        Event(kind=e.kind, origin=e.origin, happened_at_ms=e.happened_at_ms, facts=e.facts)
        for e in house.kept()
        if e.origin.startswith("q/")
    ]


def _loss(new_size: int) -> Event:
    return Event(
        kind=Kind.RECORD_RESTORED,
        origin="n/record_restored/1",
        happened_at_ms=NOW_MS + 1,
        facts={"new_size": new_size},
    )


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator["TrialChains"]:
    with start_chains(tmp_path / "chains", in_memory=True) as both:
        yield both


def lived(house: "House") -> "Package":
    package = house.package()
    package.enter()
    package.live()
    for name in ("private", "public"):
        run(house.lane(name), house)
    assert set(house.states("private") + house.states("public")) == {"FINAL"}
    return package


def test_after_a_loss_the_steps_that_the_chains_have_are_not_written_again(
    make_house: Callable[..., "House"],
    table_of: Callable[..., dict[str, Any]],
    in_memory: "TrialChains",
    rebuild: Rebuild,
) -> None:
    both = in_memory
    house = make_house(chain=[table_of(both, both.private), table_of(both, both.public)])
    house.password = both.farm_password
    package = lived(house)
    both.centre.accept(both.private, int(package.token, 16))
    again = rebuild(house, both)
    for name in ("private", "public"):
        run(again.lane(name), again)
        run(again.lane(name), again)
    assert history(again.node("private"), package) == [*LIFE, (8, 201)]
    assert history(again.node("public"), package) == PUBLIC_LIFE
    assert set(again.states("private") + again.states("public")) == {"FINAL"}
    assert again.kept(Kind.LEDGER_FAILED) == []
    assert {row["error_code"] for row in again.outbox("private")} == {"AfterLoss"}
    # The transactions are those of before the loss, so the points hang on them as they did.
    finals = {(e.text("chain"), e.text("tx_hash")) for e in house.kept(Kind.LEDGER_FINAL)}
    told = {(e.text("chain"), e.text("tx_hash")) for e in again.kept(Kind.LEDGER_FINAL)}
    assert told == finals
    compared = compare(again.config, again.reader, package.package)
    assert list(compared.differences()) == []
    [account] = compared.accounts
    verdicts = {side.verdict for sides in account.sides.values() for side in sides.values()}
    assert verdicts == {"after a loss"}
    # What the centre wrote is told again; what we wrote ourselves is no other party's.
    assert [e.number("kind") for e in again.kept(Kind.LEDGER_SEEN)] == [201]


def test_after_a_loss_a_life_goes_on_behind_what_the_chain_has(
    house: "House", chains: "TrialChains", rebuild: Rebuild
) -> None:
    package = house.package()
    package.enter()
    package.handle("out")
    run(house.lane("private"), house)
    for seq, hold in ((4, True), (5, False)):
        told = bytes(31) + bytes([seq])
        chains.regulator.write(chains.private, "setHold", int(package.token, 16), seq, hold, told)
    package.handle("back")  # never sent before the loss
    again = rebuild(house, chains)
    run(again.lane("private"), again)
    assert history(again.node("private"), package) == [*LIFE[:3], (4, 300), (5, 301), (6, 1002)]
    codes = [row["error_code"] for row in again.outbox("private")]
    assert codes == ["AfterLoss", "AfterLoss", "AfterLoss", ""]
    assert set(again.states("private")) == {"FINAL"}
    # Read before the package was known, and told all the same, once.
    assert [e.number("kind") for e in again.kept(Kind.LEDGER_SEEN)] == [300, 301]
    replace(package, house=again).handle("out")  # since the loss: a step of its own
    run(again.lane("private"), again)
    assert history(again.node("private"), package)[6:] == [(7, 1001)]


def test_backup_of_before_goes_on_with_what_the_chain_has_since(
    house: "House",
    chains: "TrialChains",
    make_house: Callable[..., "House"],
    table_of: Callable[..., dict[str, Any]],
    tmp_path: Path,
) -> None:
    package = house.package()
    package.enter()
    package.handle("out")
    run(house.lane("private"), house)
    backup = tmp_path / "backup.db"
    with closing(connect(database_file(house.config))) as now, closing(connect(backup)) as copy:
        now.backup(copy)
    package.handle("back")
    package.handle("out")
    run(house.lane("private"), house)
    assert [kind for _, kind in history(house.node("private"), package)] == [
        1, 102, 1001, 1002, 1001
    ]  # fmt: skip

    older = make_house(farm=_farm(tmp_path / "again"), chain=[table_of(chains, chains.private)])
    older.password = house.password
    database_file(older.config).write_bytes(backup.read_bytes())
    for told in older.kept():  # as a start does: what they ask for is in the backup
        older.fold(told)
        older.cursor = told.seq
    known = {told.origin for told in older.kept()}
    lost = [e for e in _declared(house) if e.origin not in known]
    older.commit([*lost, _loss(new_size=older.cursor)], [])
    older.follow()
    run(older.lane("private"), older)
    assert set(older.states("private")) == {"FINAL"}
    assert [row["error_code"] for row in older.outbox("private")] == [
        "", "", "", "AfterLoss", "AfterLoss"
    ]  # fmt: skip
    assert len(history(older.node("private"), package)) == 5


def test_without_a_loss_only_the_data_hash_counts(house: "House") -> None:
    package = house.package()
    package.enter()
    run(house.lane("private"), house)
    [due] = read_due(house.reader, "private", "FINAL")
    search = Search(house.settings("private"), house.node("private"), house.reader)
    there = search.find(due)
    assert there is not None
    assert there.found.tx_hash == due.tx_hash
    assert search.find(replace(due, data_hash="0" * 64)) is None
    assert not search.is_anew(due)

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from fognode.config import Config, parse
from fognode.errors import ConfigError, RefusedError
from fognode.events import Kind, Row
from fognode.ledgers.reconcile import Compared, compare
from fognode.page.live import Live
from fognode.page.queries import query_dapps
from tests.ledgers.passes import run

if TYPE_CHECKING:
    from fognode.trial.chains import TrialChains
    from tests.ledgers.conftest import House, Package

pytestmark = pytest.mark.chain


@pytest.fixture
def lived(house: "House") -> "Package":
    package = house.package()
    package.enter()
    package.live()
    for name in ("private", "public"):
        run(house.lane(name), house)
    return package


def found(house: "House", package: str) -> list[tuple[str, str]]:
    compared = compare(house.config, house.reader, package)
    return [(one.chain, one.what) for one in compared.differences()]


def bend(house: "House", row: dict[str, Any], **changes: Any) -> None:
    values = {name: value for name, value in {**row, **changes}.items() if name != "hash"}
    house.commit([], [Row(table="chain_outbox", values=values)])


def test_both_chains_hold_the_same_steps_hash_for_hash(house: "House", lived: "Package") -> None:
    """A64: reconciliation shows equal sets."""
    compared = compare(house.config, house.reader, lived.package)
    assert list(compared.differences()) == []
    [account] = compared.accounts
    private, public = account.sides["private"], account.sides["public"]
    assert {side.verdict for side in [*private.values(), *public.values()]} == {"equal"}
    assert (len(private), len(public)) == (7, 5)
    for event_id, side in public.items():  # A102: transaction and block on both sides
        assert side.data_hash == private[event_id].data_hash
        assert side.tx_hash.startswith("0x")
        assert side.block_number > 0


def test_what_the_page_shows_of_both_chains_is_what_the_nodes_say(
    house: "House", lived: "Package"
) -> None:
    """A99: queryDapps equals a direct read of the nodes."""
    shown = query_dapps(house.reader, Live(now_ms=0, started_at_ms=0))
    [account] = compare(house.config, house.reader, lived.package).accounts
    for name, view in shown.items():
        said = {(side.tx_hash, side.block_number) for side in account.sides[name].values()}
        assert {(row["tx_hash"], row["block_number"]) for row in view.rows} == said
    assert [len(view.rows) for view in shown.values()] == [7, 5]


def test_chain_that_is_behind_is_owed_and_catches_up(house: "House") -> None:
    """A64: a dead one catches up; meanwhile the difference is told."""
    package = house.package()
    package.enter()
    package.handle("out")
    run(house.lane("private"), house)
    assert found(house, package.package) == [("public", "birth (1) owed")]
    [account] = compare(house.config, house.reader, package.package).accounts
    assert [side.verdict for side in account.sides["public"].values()] == ["owed", "held back"]
    run(house.lane("public"), house)
    assert found(house, package.package) == []


def test_failed_step_comes_with_the_command_that_resumes_it(house: "House") -> None:
    package = house.package()
    package.enter()
    package.tell(Kind.EMPTY_PACKAGE_EXIT, destination="centre", prepared=0, by="x")
    for name in ("private", "public"):
        run(house.lane(name), house)
    told = list(compare(house.config, house.reader, package.package).differences())
    assert [one.chain for one in told] == ["private", "public"]
    assert told[0].what.startswith("offered (200) failed: NoRoute")
    wanted = f"fognode ledger resume --package {package.package} --chain private --by PERSON"
    assert wanted in told[0].cure


def test_what_the_outbox_was_made_to_say_is_found(house: "House", lived: "Package") -> None:
    last = house.outbox("private")[-1]
    bend(house, last, tx_hash="0x" + "7" * 64)
    [(chain, what)] = found(house, lived.package)
    assert (chain, what.partition(",")[0]) == ("private", "offered (200) elsewhere")
    bend(house, last, data_hash="0" * 64)
    assert sorted(what.partition(",")[0] for _, what in found(house, lived.package)) == [
        "offered (200) lost",
        "offered (200) unknown",
    ]


def test_records_of_others_are_a_difference_only_until_the_record_tells_of_them(
    house: "House", chains: "TrialChains", lived: "Package"
) -> None:
    chains.regulator.write(
        chains.private, "setHold", int(lived.token, 16), 8, True, bytes(31) + b"\x01"
    )
    [(chain, what)] = found(house, lived.package)
    assert (chain, what.partition(",")[0]) == ("private", "hold (300) untold")
    lane = house.lane("private")
    run(lane, house)
    run(lane, house)
    assert found(house, lived.package) == []


def test_record_of_our_own_key_that_nobody_asked_for_is_found(
    house: "House", chains: "TrialChains", lived: "Package"
) -> None:
    chains.device.write(
        chains.private, "record", int(lived.token, 16), 8, 1001, bytes(31) + b"\x02"
    )
    told = list(compare(house.config, house.reader, lived.package).differences())
    assert [one.what.partition(",")[0] for one in told] == ["taken out (1001) unknown"]
    assert "our key" in told[0].cure


def test_all_packages_are_read_at_once_and_a_strangers_token_is_found(
    house: "House", chains: "TrialChains", lived: "Package"
) -> None:
    other = house.package()
    other.enter()
    for name in ("private", "public"):
        run(house.lane(name), house)
    # The nodes are shared by the tests of this run: their tokens are the strangers here.
    before = _strangers(compare(house.config, house.reader))
    stranger = house.package()
    chains.farm.write(
        chains.private, "register", chains.farm_address, 7891234567895, stranger.serial, 0,
        bytes(32), bytes(31) + b"\x09",
    )  # fmt: skip
    compared = compare(house.config, house.reader)
    assert {account.package for account in compared.accounts} == {lived.package, other.package}
    assert _strangers(compared) - before == {stranger.token}
    told = {one.package for one in compared.differences()}
    assert told.isdisjoint({lived.package, other.package})


def _strangers(compared: Compared) -> set[str]:
    return {one.package for one in compared.strangers}


def test_node_that_is_away_or_another_ones_is_named_and_the_other_compared(
    house: "House", lived: "Package"
) -> None:
    chains = (house.settings("private", url="http://127.0.0.1:1"), house.settings("public"))
    compared = compare(replace(house.config, chains=chains), house.reader, lived.package)
    assert list(compared.away) == ["private"]
    assert list(compared.differences()) == []
    [account] = compared.accounts
    assert {side.verdict for side in account.sides["private"].values()} == {"not asked"}
    wrong = (house.settings("private", chain_id=4711),)
    other = compare(replace(house.config, chains=wrong), house.reader, lived.package)
    assert "not the configured chain" in other.away["private"]


def test_what_cannot_be_compared_is_refused(house: "House") -> None:
    with pytest.raises(RefusedError, match="owes the ledgers nothing of a package 'GLY-9'"):
        compare(house.config, house.reader, "GLY-9")
    config: Config = parse({"farm": {"id": "farm-7", "folder": str(house.config.folder)}})
    with pytest.raises(ConfigError, match="is configured"):
        compare(config, house.reader)

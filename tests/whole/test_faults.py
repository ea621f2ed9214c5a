"""Peers that are away, strangers on the line, a chain that is not ours: nothing kept is lost."""

import json
import os
import pty
import re
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from fognode.events import Json
from fognode.trial import story
from fognode.trial.boards import OPEN_MV, SHUT_MV, firmware_tools
from fognode.trial.chains import find_anvil
from fognode.trial.database import missing_server
from fognode.trial.farm import Farm
from tests.whole.conftest import need

pytestmark = pytest.mark.whole


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Farm]:
    need(firmware_tools())
    need(None if find_anvil() else "anvil is not installed: make test installs it")
    with Farm(tmp_path / "farm") as made:
        yield made


def test_with_mariadb_away_and_a_kill_events_are_spooled_and_none_is_missing_after(
    tmp_path: Path,
) -> None:
    need(firmware_tools() or missing_server())
    with Farm(tmp_path / "farm", "mariadb") as farm:
        farm.start(board_ids=("cab01",))
        board = farm.boards["cab01"]
        farm.expect("board_hello", board="cab01")
        assert farm.database is not None
        farm.database.kill()
        board.door_open()
        board.tell(f"+600 light {SHUT_MV}")  # by the board's own clock: longer than the debounce
        farm.wait(lambda: farm.get("healthz")[0] == 503, 20, "the page to say the store is away")
        status, text = farm.get("")
        assert status == 503
        assert "away" in text
        farm.wait(lambda: spooled(farm) >= 2, 20, "both events to be in the spool")
        farm.kill_daemon()
        farm.start_daemon(well=(503,))  # the database is still away
        board.tell(f"+100 light {OPEN_MV}")
        board.tell(f"+900 light {SHUT_MV}")
        farm.wait(lambda: spooled(farm) >= 4, 30, "all four events to be in the spool")
        farm.database.restart()
        farm.expect("light_close", 30, count=2)
        farm.expect("box_closed", 30, cabinet="cab-1")
        counts = [int(e["origin"].split("/")[3]) for e in farm.events("light_open", "light_close")]
        assert counts == [1, 2, 3, 4]
        assert farm.events("board_gap", "board_lost") == []
        farm.wait(lambda: farm.get("healthz")[0] == 200, 20, "all to be well")


def test_a_node_that_is_away_catches_up_and_mints_once(plain: Farm) -> None:
    plain.start(board_ids=("cab01",))
    story.master_records(plain)
    plain.chains.private.node.stop()
    plain.declare("delivery_declared", DELIVERY)
    plain.expect("ledger_final", 30, chain="public", kind=1)
    assert plain.get("")[0] == 200  # the page never waits for a chain
    assert not [e for e in plain.events("ledger_final") if e["facts"]["chain"] == "private"]
    plain.chains.private.restart()
    plain.expect("ledger_final", 90, chain="private", kind=1)
    for chain in (plain.chains.private, plain.chains.public):
        with chain.token() as (_, token):
            minted = token.events.Registered().get_logs(from_block=chain.deploy_block)
            assert len(minted) == 1


def test_a_chain_with_another_id_is_held_and_the_other_goes_on(plain: Farm) -> None:
    plain.start(board_ids=("cab01",))
    plain.stop_daemon()
    text = plain.config_path.read_text()
    plain.config_path.write_text(text.replace("chain_id = 7001", "chain_id = 7009"))
    plain.start_daemon()
    story.master_records(plain)
    plain.declare("delivery_declared", DELIVERY)
    held = plain.expect("ledger_held", 30, chain="private")
    assert re.search(r"7001|7009", held["facts"]["reason"])
    plain.expect("ledger_final", 30, chain="public", kind=1)
    plain.expect("sensorAlert", 30, rule="ledger_held")
    with plain.chains.private.token() as (_, token):
        assert token.events.Registered().get_logs(from_block=0) == []


def test_a_contract_that_is_not_there_holds_the_chain(plain: Farm) -> None:
    plain.start(board_ids=("cab01",))
    plain.stop_daemon()
    text = plain.config_path.read_text()
    plain.config_path.write_text(text.replace(plain.chains.public.contract, "0x" + "7" * 40))
    plain.start_daemon()
    plain.expect("ledger_held", 30)
    assert plain.get("healthz")[0] == 200


def test_strangers_and_noise_on_a_line_are_counted_told_and_never_kept(plain: Farm) -> None:
    plain.start(board_ids=("cab01",))
    master, slave = pty.openpty()
    tty.setraw(master)
    try:
        (plain.folder / "ports" / "noise").symlink_to(os.ttyname(slave))
        plain.expect("board_hello", board="cab01")

        def noise_was_told() -> bool:
            for _ in range(30):
                os.write(master, b"\x00\xff$E,cab01,1,1,5,L1,open,859*00000000\n$$\n")
            os.write(master, b"$H,zz99,17,0,4,1,cabinet,0.1.0,2*2A047AA0\n")
            return bool(plain.events("board_unknown"))

        plain.wait(noise_was_told, 30, "the stranger to be told")
        assert plain.events("light_open") == []
        assert plain.events("board_unknown")[0]["facts"]["board"] == "zz99"
        assert "broken frames" in plain.get("sensors")[1]  # counted where the farmer sees it
        plain.boards["cab01"].door_open()  # the others are not disturbed
        plain.expect("openBox", cabinet="cab-1")
    finally:
        (plain.folder / "ports" / "noise").unlink()  # before another test's terminal is there
        os.close(master)
        os.close(slave)


def test_a_board_that_falls_silent_is_an_alert_that_ends_when_it_is_back(plain: Farm) -> None:
    plain.start(board_ids=("cab01",))
    plain.expect("board_hello", board="cab01")
    (plain.folder / "ports" / "cab01").unlink()  # or it soon leads to another test's board
    plain.boards["cab01"].kill()
    plain.expect("sensorAlert", 40, rule="board_silent", place="cab-1")
    plain.plug("cab01")
    plain.expect("board_heard", 30, count=2, board="cab01")

    def is_over() -> bool:
        alerts = plain.api("alerts")["alerts"]
        told = [a["state"] for a in alerts if (a["rule"], a["place"]) == ("board_silent", "cab-1")]
        return told == ["resolved"]

    plain.wait(is_over, 20, "the alert to end")


def test_a_mail_server_that_is_away_gets_every_mail_later(plain: Farm) -> None:
    plain.start(board_ids=("cab02",))
    plain.mail.fault = "greylist"
    plain.boards["cab02"].door_open()
    plain.expect("sensorAlert", rule="out_of_hours")
    plain.mail.fault = ""
    plain.expect("mail_sent", 60)
    ids = [mail["Message-ID"] for mail in plain.mail.mails()]
    assert len(ids) == len(set(ids))


def spooled(farm: Farm) -> int:
    status, text = farm.get("healthz")
    return int(json.loads(text)["spooled"]) if status else 0


DELIVERY: dict[str, Json] = {
    "package": story.PACKAGE,
    "gtin": story.GTIN,
    "serial": story.SERIAL,
    "lot": "L2406B",
    "expires_on": "2028-06-30",
    "invoice": "NF-000123",
    "tag": story.TAG,
    "gross_g": story.GROSS_G,
    "tare_g": story.TARE_G,
    "source": "dealer-1",
    "site": "cab-1",
    "by": story.PERSON,
}

"""An older database comes back, the loss is accepted, the key is rotated; both chains go on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fognode.errors import AwayError
from fognode.store import worm_files
from fognode.store.checkpoint import parse_key, parse_note
from fognode.store.pack_check import check_pack
from fognode.trial.farm import Farm

pytestmark = pytest.mark.whole

LOG = "fognode.farm-7"
CHAINS = 2


def anchored(farm: Farm, log: str) -> int:
    """Have the record signed and anchored now; return the size that both chains hold."""
    count = told(farm, log) + 1
    farm.declare("anchor_asked", {})
    size = farm.expect("anchor_owed", 30, log=log, count=count)["facts"]["size"]
    farm.expect("checkpoint_anchored", 60, count=CHAINS, log=log, size=size)
    return int(size)


def told(farm: Farm, log: str) -> int:
    return sum(event["facts"]["log"] == log for event in farm.events("anchor_owed"))


def open_box(farm: Farm, count: int) -> None:
    board = farm.boards["cab01"]
    board.door_open()
    farm.expect("openBox", 30, count=count, cabinet="cab-1")
    board.door_close()
    farm.expect("box_closed", 30, count=count, cabinet="cab-1")


def spooled(farm: Farm, kind: bytes) -> int:
    return sum(path.read_bytes().count(kind) for path in (farm.dir / "spool").glob("*.spool"))


def spool_takes(farm: Farm, kind: bytes, act: Callable[[], int]) -> None:
    count = spooled(farm, kind)
    act()
    farm.wait(lambda: spooled(farm, kind) > count, 30, "the spool to take what the board tells")


def lose_database(farm: Farm, backup: Path) -> None:
    """Put the database of a backup in the place of a newer one."""
    for path in farm.dir.glob("fognode.db*"):
        path.rename(farm.folder / f"lost-{path.name}")
    with pytest.raises(AwayError, match="shorter than the signed record"):
        farm.command("restore", str(backup))


def lose(farm: Farm, folder: Path) -> int:
    """Anchor, back up, anchor more, lose the database; return the size that is anchored."""
    open_box(farm, 1)
    first = anchored(farm, LOG)
    farm.command("backup", "-o", str(folder))
    open_box(farm, 2)
    lost = anchored(farm, LOG)
    assert lost > first
    farm.stop_daemon()
    (backup,) = folder.glob("*.tar")
    lose_database(farm, backup)
    return lost


@pytest.mark.parametrize("farm", ["sqlite"], indirect=True)
def test_accepted_loss_and_rotated_key_leave_one_record_that_verifies(
    farm: Farm, tmp_path: Path
) -> None:
    farm.start(board_ids=["cab01"])
    lost = lose(farm, tmp_path)
    key = worm_files.keys(farm.dir / "worm")[0][1]
    farm.start_daemon(well=(200, 503))
    farm.wait(lambda: "restore --accept-loss" in farm.get("")[1], 30, "the page to say why")
    spool_takes(farm, b"light_open", farm.boards["cab01"].door_open)
    spool_takes(farm, b"light_close", farm.boards["cab01"].door_close)
    farm.stop_daemon()

    with pytest.raises(AwayError, match="nothing is changed"):
        farm.command("restore", "--accept-loss")
    farm.command("restore", "--accept-loss", "--by", "ana", "--reason", "the disk died")
    (aside,) = farm.dir.glob("worm.before-*")
    assert parse_note(worm_files.note(aside, lost)).log == LOG
    farm.start_daemon()
    farm.expect("box_closed", 30, count=3, cabinet="cab-1")  # drawn anew from what was saved
    new_log = farm.expect("record_restored")["facts"]["log"]
    anchored(farm, new_log)
    farm.stop_daemon()

    farm.command("key", "rotate", "--by", "ana")
    farm.start_daemon()
    open_box(farm, 4)
    anchored(farm, new_log)
    for rule in ("record_restored", "key_rotated"):
        farm.expect("sensorAlert", 30, rule=rule)
    check(farm, tmp_path / "pack.zip", key)


def check(farm: Farm, out: Path, first_key: str) -> None:
    """Verify the record with both chains, and a pack with the first key and with the newest."""
    said = farm.command("verify", "--all", "--ledgers")
    assert "all matches: " in said
    for chain in ("private", "public"):
        assert f"{chain} chain: 1 anchors of log {LOG} hold more than the" in said
    farm.command("pack", "-o", str(out))
    keys = [text for _, text in worm_files.keys(farm.dir / "worm")]
    assert len({parse_key(text)[1] for text in keys}) == 2
    for trusted in (first_key, keys[-1]):
        report = check_pack(out.read_bytes(), trusted)
        assert report.problems == []
        assert len(report.keys) == 3

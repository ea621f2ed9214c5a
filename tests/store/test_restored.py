"""What is no restored copy is served; older copies are refused in tests/store/test_restore.py."""

from pathlib import Path

import pytest

from fognode.errors import RestoredError
from fognode.store.checkpoint import Checkpoint, open_note
from fognode.store.restored import check_folder, check_not_restored
from fognode.store.worm_files import COPY, note
from tests.store.conftest import House, body
from tests.store.signing import SIGNER, SignedHouse


@pytest.fixture
def signed(house: House, tmp_path: Path) -> SignedHouse:
    """Eight signed events and two more."""
    (tmp_path / "n").mkdir()
    made = SignedHouse(house, tmp_path / "n")
    made.keep(8)
    made.sign()
    made.keep(2)
    return made


def notes(signed: SignedHouse, *sizes: int) -> list[Checkpoint]:
    return [open_note(note(signed.folder / "worm", n), SIGNER.verifier_key) for n in sizes]


def test_own_database_is_served(signed: SignedHouse) -> None:
    check_not_restored(signed.house.reader, [])
    check_not_restored(signed.house.reader, notes(signed, 8))
    signed.sign()
    check_not_restored(signed.house.reader, notes(signed, 8, 10))


def test_note_whose_row_was_lost_in_a_crash_is_no_reason_to_refuse(signed: SignedHouse) -> None:
    signed.notary.take(8, [body(9), body(10)])
    made = signed.notary.sign(0)
    signed.worm.keep_note(10, made.note)
    check_not_restored(signed.house.reader, notes(signed, 8, 10))


def test_database_with_another_link_under_the_checkpoint_is_refused(
    sqlite_house: House, tmp_path: Path
) -> None:
    signed = SignedHouse(sqlite_house, tmp_path)
    signed.keep(4)
    signed.sign()
    sqlite_house.tamper("UPDATE event SET hash = zeroblob(32) WHERE seq = 4")
    with pytest.raises(RestoredError, match="are not those"):
        check_not_restored(sqlite_house.reader, notes(signed, 4))


# --- the folder --------------------------------------------------------------------------------


def test_folder_that_may_lack_what_was_signed_last_is_refused(signed: SignedHouse) -> None:
    folder = signed.folder / "worm"
    check_folder(signed.house.reader, folder)
    (folder / "checkpoint/000000000008").rename(folder / "new/elsewhere")
    with pytest.raises(RestoredError, match="lacks checkpoint 8, the newest of the database"):
        check_folder(signed.house.reader, folder)
    (folder / "new/elsewhere").rename(folder / "checkpoint/000000000008")
    (folder / COPY).write_text("fognode-20261101T020000Z.tar\n")
    with pytest.raises(RestoredError, match=r"a copy out of fognode-20261101T020000Z\.tar"):
        check_folder(signed.house.reader, folder)

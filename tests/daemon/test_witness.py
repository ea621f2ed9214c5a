"""The record is signed, copied, and compared with what was signed at every start."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fognode.config import Config, parse
from fognode.daemon.witness import Witness
from fognode.errors import RestoredError, StoreError, TamperError
from fognode.events import Event, Row
from fognode.hashing import Stamp, freeze
from fognode.store import worm_files
from fognode.store.checkpoint import Signer, new_key, open_note
from fognode.store.engines import open_engine
from fognode.store.reader import Reader
from fognode.store.worm_check import verify_segments
from fognode.store.writer import Writer
from tests.blank import lay_database

STAMP = Stamp(farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=9, clock_ok=True)
KEY = new_key()


class House:
    """A SQLite record in a folder, and its witness."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config: Config = parse({"farm": {"id": "farm-7", "folder": str(folder)}})
        lay_database(self.config)
        self.signer = Signer("fognode.farm-7", KEY)
        self.open()

    def open(self) -> None:
        self.engine = open_engine(self.config, "reader")
        self.reader = Reader(self.engine)
        self.writer = Writer(open_engine(self.config, "writer"), self.reader)

    def close(self) -> None:
        self.writer.close()
        self.engine.dispose()

    def keep(self, first: int, last: int) -> None:
        bodies = [
            freeze(Event(kind="x", origin=f"n/x/{n}", happened_at_ms=n), STAMP)
            for n in range(first, last + 1)
        ]
        for start in range(0, len(bodies), 1000):
            self.writer.keep(bodies[start : start + 1000])

    def keep_rows(self, rows: Sequence[Row]) -> None:
        self.writer.keep([], rows)

    def witness(self) -> Witness:
        return Witness(self.folder / "worm", self.reader, self.signer, immutable=False)

    def look(self, witness: Witness, mono_ms: int = 0) -> None:
        witness.look(1000, mono_ms, self.keep_rows)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "node")
    yield made
    made.close()


def test_256_events_or_60_s_make_a_checkpoint_in_folder_and_database(house: House) -> None:
    witness = house.witness()
    house.keep(1, 10)
    house.look(witness)
    assert worm_files.note_sizes(house.folder / "worm") == [10]  # the first after a start at once
    house.keep(11, 200)
    house.look(witness, 59_999)
    assert witness.signed_size == 10
    house.look(witness, 60_000)
    assert witness.signed_size == 200
    house.keep(201, 456)
    house.look(witness, 60_001)
    assert witness.signed_size == 456
    rows = house.reader.rows("checkpoint", order="size")
    assert [row["size"] for row in rows] == [10, 200, 456]
    note = worm_files.note(house.folder / "worm", 456)
    assert open_note(note, house.signer.verifier_key).root == rows[-1]["root"]
    assert rows[-1]["note"] == note.decode()


def test_nothing_new_is_not_signed_again(house: House) -> None:
    witness = house.witness()
    house.keep(1, 3)
    house.look(witness)
    house.look(witness, 10**9)
    assert worm_files.note_sizes(house.folder / "worm") == [3]


def test_the_next_life_goes_on_from_the_last_checkpoint(house: House) -> None:
    witness = house.witness()
    house.keep(1, 5)
    house.look(witness)
    house.keep(6, 9)
    again = house.witness()
    assert again.signed_size == 5
    house.look(again)
    assert worm_files.note_sizes(house.folder / "worm") == [5, 9]


def test_full_segments_are_copied_and_verify_without_the_database(house: House) -> None:
    witness = house.witness()
    house.keep(1, 4100)
    house.look(witness)
    folder = house.folder / "worm"
    assert (worm_files.next_seq(folder), witness.copied_size) == (4097, 4096)
    assert house.witness().copied_size == 4096
    checkpoint = open_note(worm_files.note(folder, 4096), house.signer.verifier_key)
    verdict = verify_segments(folder, checkpoint)
    assert (verdict.events, verdict.root_checked, verdict.damages) == (4096, True, [])


def test_a_kill_between_note_and_row_is_mended_at_the_next_start(house: House) -> None:
    witness = house.witness()
    house.keep(1, 5)

    def killed(rows: Sequence[Row]) -> None:
        raise StoreError("killed")

    with pytest.raises(StoreError):
        witness.look(1000, 0, killed)
    assert worm_files.note_sizes(house.folder / "worm") == [5]
    assert house.reader.count("checkpoint") == 0
    house.keep(6, 7)
    again = house.witness()
    house.look(again)
    assert worm_files.note_sizes(house.folder / "worm") == [5, 7]


@pytest.mark.parametrize("size", [4, 20])
def test_a_database_restored_from_a_backup_is_noticed(house: House, size: int) -> None:
    house.keep(1, 4)
    house.look(house.witness())
    house.close()
    backup = house.folder.parent / "backup.db"
    shutil.copy(house.folder / "fognode.db", backup)
    house.open()
    house.keep(5, 9)
    house.look(house.witness())
    house.close()
    for old in house.folder.glob("fognode.db*"):
        old.unlink()
    shutil.copy(backup, house.folder / "fognode.db")
    house.open()
    if size > 4:  # other events were recorded since
        others = [
            freeze(Event(kind="y", origin=f"n/y/{n}", happened_at_ms=n), STAMP)
            for n in range(5, size + 1)
        ]
        house.writer.keep(others)
    with pytest.raises(RestoredError, match="signed"):
        house.witness()


def test_what_is_only_signed_is_not_copied_yet(house: House) -> None:
    witness = house.witness()
    house.keep(1, 300)
    house.look(witness)
    assert (witness.signed_size, witness.copied_size) == (300, 0)


def test_folder_names_the_key_and_another_one_is_refused(house: House) -> None:
    house.keep(1, 3)
    house.look(house.witness())
    assert worm_files.keys(house.folder / "worm") == [(0, house.signer.verifier_key)]
    house.signer = Signer("fognode.farm-7", new_key())
    with pytest.raises(TamperError, match="not signed by key"):
        house.witness()

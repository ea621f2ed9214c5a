"""A new key and a new log: one event each, recognised wherever it was broken off."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from fognode.config import Config, parse
from fognode.daemon.control import claim_folder
from fognode.daemon.succession import (
    Answer,
    Stopped,
    begin_log,
    end_log,
    rotate_key,
    stopped,
    unfinished,
)
from fognode.daemon.witness import Witness
from fognode.errors import ConfigError, RefusedError, RestoredError, StoreError, TamperError
from fognode.events import Event, Kind
from fognode.hashing import Stamp, freeze
from fognode.store import worm_files
from fognode.store.checkpoint import Signer, open_note, parse_note
from fognode.store.engines import open_engine
from fognode.store.evidence import evidence_of
from fognode.store.keyring import log_in_force, read_keyring
from fognode.store.loss import Loss, Saved, find_saved, measure_loss
from fognode.store.spool import Spool
from fognode.store.verify import Report, examine
from tests.blank import lay_database

LOG = "fognode.farm-7"
OLD, NEW, THIRD = "11" * 32, "22" * 32, "33" * 32
ANA = Answer(by="ana", reason="the disk died")
STAMP = Stamp(farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=9, clock_ok=True)


def told(first: int, last: int, origin: str = "b/cab01/1/") -> list[bytes]:
    numbers = range(first, last + 1)
    events = [Event(kind="x", origin=f"{origin}{n}", happened_at_ms=n) for n in numbers]
    return [freeze(one, replace(STAMP, recorded_at_ms=one.happened_at_ms)) for one in events]


class Box:
    """An appliance that does not run; its database may be exchanged for an older one."""

    def __init__(self, folder: Path) -> None:
        self.credentials = folder / "credentials"
        self.credentials.mkdir()
        self.put_key(OLD)
        farm = {"id": "farm-7", "folder": str(folder / "node")}
        self.config: Config = parse({"farm": farm}, self.credentials)
        self.worm = self.config.folder / "worm"
        lay_database(self.config)

    def put_key(self, seed: str) -> None:
        (self.credentials / "checkpoint-key").write_text(seed)

    def keep(self, bodies: Sequence[bytes], seed: str = "", log: str = "") -> int:
        """Keep events; sign them with a key, as the daemon does, unless it is ""."""
        with stopped(self.config) as record:
            record._writer.keep(bodies)
            if seed:
                name = log or log_in_force(record.reader, "farm-7")
                record.sign_all(Signer(name, seed))
            return record.reader.head()[0]

    def copy(self, name: str) -> None:
        shutil.copy(self.config.folder / "fognode.db", self.config.folder.parent / name)

    def put_back(self, name: str) -> None:
        for left in self.config.folder.glob("fognode.db*"):
            left.unlink()
        shutil.copy(self.config.folder.parent / name, self.config.folder / "fognode.db")

    def start(self, seed: str) -> None:
        """Begin as the daemon does.

        Raises:
            StoreError: It is refused.
        """
        with stopped(self.config) as record:
            signer = Signer(log_in_force(record.reader, "farm-7"), seed)
            Witness(self.worm, record.reader, signer, immutable=False)

    def verify(self) -> Report:
        engine = open_engine(self.config, "reader")
        try:
            return examine(engine, evidence_of(self.config))
        finally:
            engine.dispose()

    def measure(self, record: Stopped, seed: str = OLD) -> tuple[Loss, Saved]:
        own = Signer(log_in_force(record.reader, "farm-7"), seed).verifier_key
        loss = measure_loss(record.reader, self.worm, read_keyring(record.reader, own), own)
        assert loss is not None
        return loss, find_saved(record.reader, self.worm, self.config.folder / "spool", loss)

    def accept(self, seed: str = OLD) -> tuple[int, Path | None]:
        with stopped(self.config) as record:
            loss, saved = self.measure(record, seed)
            end_log(record, seed, loss, saved, ANA)
            return begin_log(record, seed)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_nothing_is_done_beside_a_running_appliance(box: Box) -> None:
    with (
        claim_folder(box.config.folder),
        pytest.raises(ConfigError, match="stop it first"),
        stopped(box.config),
    ):
        pass


# --- a new key -------------------------------------------------------------------------------


def rotate(box: Box, old: str = OLD, new: str = NEW) -> int:
    with stopped(box.config) as record:
        return rotate_key(record, old, new, ANA)


def test_rotation_is_an_event_under_a_checkpoint_that_both_keys_signed(box: Box) -> None:
    box.keep(told(1, 7), OLD)
    box.keep(told(8, 9))
    assert rotate(box) == 10
    old, new = Signer(LOG, OLD).verifier_key, Signer(LOG, NEW).verifier_key
    assert worm_files.note_sizes(box.worm) == [7, 9, 10]  # the old key signs what it still can
    bridge = worm_files.note(box.worm, 10)
    assert open_note(bridge, old) == open_note(bridge, new)
    assert worm_files.keys(box.worm) == [(0, old), (10, new)]
    with stopped(box.config) as record:
        (event,) = record.reader.newest(1, [Kind.KEY_ROTATED])
    assert event.seq == 10
    assert (event.text("old_key"), event.text("new_key")) == (old, new)
    assert (event.text("by"), event.number("endorsed")) == ("ana", 1)
    box.put_key(NEW)
    box.keep(told(11, 12), NEW)
    report = box.verify()
    assert (report.findings, report.events) == ([], 12)


def test_checkpoint_of_a_retired_key_is_a_finding(box: Box) -> None:
    box.keep(told(1, 7), OLD)
    rotate(box)
    box.put_key(NEW)
    box.keep(told(8, 9), NEW)
    note = box.worm / "checkpoint/000000000010"
    forged = Signer(LOG, OLD).sign(parse_note(note.read_bytes()))
    note.chmod(0o600)
    note.write_bytes(forged)
    (first, second) = map(str, box.verify().findings)
    assert first == "checkpoint size 10: note: differs from its write-once file"
    assert "is signed by key" in second
    assert second.endswith("retired by event 8")


def test_old_key_is_refused_from_then_on_and_a_key_put_there_without_rotation(box: Box) -> None:
    box.keep(told(1, 7), OLD)
    with pytest.raises(TamperError, match="not signed by key"):
        box.start(NEW)
    rotate(box)
    with pytest.raises(TamperError, match="or finish fognode key rotate"):
        box.start(OLD)
    box.start(NEW)


def test_verify_says_when_the_credential_is_not_the_key_of_the_record(box: Box) -> None:
    box.keep(told(1, 7), OLD)
    rotate(box)
    box.put_key(THIRD)
    assert any("the record is signed by key" in str(one) for one in box.verify().findings)
    box.put_key(OLD)  # who has the old key can follow
    assert box.verify().findings == []


@pytest.mark.parametrize("after", ["event", "note"])
def test_rotation_that_was_broken_off_is_gone_on_with(
    box: Box, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.keep(told(1, 7), OLD)
    real = Stopped.sign_all
    calls: list[str] = []

    def broken(self: Stopped, signer: Signer) -> int:
        calls.append(signer.verifier_key)
        if len(calls) == 1:
            return real(self, signer)
        if after == "note":
            real(self, signer)
        raise StoreError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(Stopped, "sign_all", broken)
        with pytest.raises(StoreError, match="power cut"):
            rotate(box)
    with pytest.raises(TamperError, match="finish fognode key rotate"):
        box.start(OLD)
    assert rotate(box) == 8
    with stopped(box.config) as record:
        assert len(record.reader.newest(9, [Kind.KEY_ROTATED])) == 1
    box.put_key(NEW)
    assert box.verify().findings == []


def test_lost_key_is_replaced_without_its_signature(box: Box) -> None:
    box.keep(told(1, 7), OLD)
    box.keep(told(8, 9))
    assert rotate(box, old="") == 10
    assert worm_files.note_sizes(box.worm) == [7, 10]  # nobody can sign what came in between
    box.put_key(NEW)
    assert box.verify().findings == []
    box.put_key(OLD)
    (found,) = box.verify().findings
    assert "took over at event 10, not signed by the old" in found.reason


def test_lost_key_that_nothing_tells_of_cannot_be_replaced(box: Box) -> None:
    box.keep(told(1, 2))
    with pytest.raises(RefusedError, match="does not tell it"):
        rotate(box, old="")


def test_rotation_on_an_older_database_is_refused(box: Box) -> None:
    box.keep(told(1, 7), OLD)
    box.copy("old.db")
    box.keep(told(8, 9), OLD)
    box.put_back("old.db")
    with pytest.raises(RestoredError, match="ends at event 7, but 9 were signed"):
        rotate(box)


def test_two_rotations_follow_each_other(box: Box) -> None:
    box.keep(told(1, 7), OLD)
    rotate(box)
    rotate(box, NEW, THIRD)
    box.put_key(THIRD)
    box.keep(told(10, 11), THIRD)
    assert box.verify().findings == []
    assert [first for first, _ in worm_files.keys(box.worm)] == [0, 8, 9]


# --- a new log -------------------------------------------------------------------------------


def lose(box: Box, kept: int = 7, signed: int = 20) -> None:
    """Sign more than a copy of the database has, then put the copy back."""
    box.keep(told(1, kept), OLD)
    box.copy("old.db")
    box.keep(told(kept + 1, signed), OLD)
    box.put_back("old.db")
    with pytest.raises(RestoredError):
        box.start(OLD)


def test_accepted_loss_begins_a_log_of_another_name_and_verifies(box: Box) -> None:
    lose(box)
    before = worm_files.note(box.worm, 20)
    size, aside = box.accept()
    assert size == 8
    assert aside is not None
    assert aside.name.startswith("worm.before-20-")
    assert worm_files.note(aside, 20) == before  # whole
    assert worm_files.note_sizes(box.worm) == [7, 8]
    old, new = parse_note(worm_files.note(box.worm, 7)), parse_note(worm_files.note(box.worm, 8))
    assert old.log == LOG
    assert new.log.startswith(f"{LOG}/")
    with stopped(box.config) as record:
        (event,) = record.reader.newest(1)
    assert event.kind == Kind.RECORD_RESTORED
    assert (event.number("old_size"), event.number("new_size")) == (20, 7)
    assert event.text("old_root") == parse_note(before).root.hex()
    assert (event.text("by"), event.text("reason")) == ("ana", "the disk died")
    assert event.text("aside") == aside.name
    box.start(OLD)
    box.keep(told(30, 40), OLD)
    assert box.verify().findings == []


def test_no_size_is_ever_signed_twice_under_one_name(box: Box) -> None:
    lose(box)
    _, first = box.accept()
    box.keep(told(30, 60), OLD)
    box.put_back("old.db")  # again, from before the first loss
    with pytest.raises(RestoredError, match="ends at event 7, but 39 were signed"):
        box.start(OLD)
    _, second = box.accept()
    box.keep(told(70, 99), OLD)
    assert box.verify().findings == []
    signed: dict[tuple[str, int], bytes] = {}
    for folder in (first, second, box.worm):
        assert folder is not None
        for size in worm_files.note_sizes(folder):
            told_there = parse_note(worm_files.note(folder, size))
            root = signed.setdefault((told_there.log, told_there.size), told_there.root)
            assert root == told_there.root
    assert len({log for log, _ in signed}) == 3


@pytest.mark.parametrize("step", ["aside", "notes", "sign"])
def test_new_log_that_was_broken_off_is_gone_on_with(
    box: Box, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(box)

    def broken(*_: object) -> None:
        raise StoreError("power cut")

    place = {"aside": "_move_aside", "notes": "_notes"}.get(step)
    with monkeypatch.context() as patch:
        if place:
            patch.setattr(f"fognode.daemon.succession.{place}", broken)
        else:
            patch.setattr(Stopped, "sign_all", broken)
        with pytest.raises(StoreError, match="power cut"):
            box.accept()
    if step != "sign":
        with pytest.raises(RestoredError):
            box.start(OLD)
    with stopped(box.config) as record:
        assert unfinished(record) is not None
        size, aside = begin_log(record, OLD)
        assert unfinished(record) is None
    assert size == 8
    assert aside is not None
    assert aside.is_dir()
    assert box.verify().findings == []
    with stopped(box.config) as record, pytest.raises(RefusedError, match="no log is to be"):
        begin_log(record, OLD)


def test_original_events_of_segments_and_spool_are_kept_again(box: Box) -> None:
    box.keep(told(1, 4000), OLD)
    box.copy("old.db")
    mixed = [body for n in range(4001, 4101) for body in (*told(n, n), *told(n, n, "r/x/"))]
    box.keep(mixed, OLD)  # 4,200 events: one segment holds 96 of these
    spool = Spool(box.config.folder / "spool", reserve_bytes=1)
    spool.append(told(3990, 4110))  # what the boards were acknowledged lately
    spool.close()
    box.put_back("old.db")
    with stopped(box.config) as record:
        loss, saved = box.measure(record)
    assert (loss.kept, loss.newest.size, saved.copied) == (4000, 4200, 4096)
    assert (saved.from_segments, saved.from_spool) == (48, 62)
    box.accept()
    with stopped(box.config) as record:
        reader = record.reader
        kept = [one.origin for one in reader.events(4000)]
    assert kept[:-1] == [f"b/cab01/1/{n}" for n in range(4001, 4111)]
    assert kept[-1].startswith("n/record_restored/")
    assert worm_files.segments(box.worm) == [1]  # of the record as it is now
    assert box.verify().findings == []


def test_segments_that_were_changed_are_not_believed(box: Box) -> None:
    box.keep(told(1, 4000), OLD)
    box.copy("old.db")
    box.keep(told(4001, 4100), OLD)
    box.put_back("old.db")
    path = box.worm / "segment/000000000001.gz"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-9])
    with stopped(box.config) as record:
        _, saved = box.measure(record)
    assert saved.bodies == ()
    assert "segment/000000000001.gz" in saved.damage


def test_database_that_went_on_by_itself_keeps_what_it_has(box: Box) -> None:
    box.keep(told(1, 7), OLD)
    box.copy("old.db")
    box.keep(told(8, 20), OLD)
    box.put_back("old.db")
    box.keep(told(30, 60))  # nobody signed these
    with pytest.raises(RestoredError, match="are not those that were signed"):
        box.start(OLD)
    with stopped(box.config) as record:
        loss, _ = box.measure(record)
    assert (loss.kept, loss.head, loss.count) == (7, 38, 13)
    assert box.accept()[0] == 39
    assert box.verify().findings == []


def test_rotation_that_is_lost_with_the_database_is_still_known(box: Box) -> None:
    box.keep(told(1, 7), OLD)
    box.copy("old.db")
    rotate(box)
    box.put_key(NEW)
    box.keep(told(8, 20), NEW)
    box.put_back("old.db")
    with pytest.raises(RestoredError):
        box.start(NEW)
    assert box.accept(NEW)[0] == 8
    assert box.verify().findings == []
    assert [parse_note(worm_files.note(box.worm, size)).size for size in (7, 8)] == [7, 8]


def test_write_once_folder_that_is_gone_ends_the_log(box: Box) -> None:
    box.keep(told(1, 7), OLD)
    box.worm.rename(box.worm.with_name("elsewhere"))
    with pytest.raises(RestoredError, match="lacks checkpoint 7"):
        box.start(OLD)
    assert box.accept() == (8, None)
    assert box.verify().findings == []
    with stopped(box.config) as record:
        assert record.reader.newest(1)[0].number("kept_size") == 7


def test_planted_note_is_no_measure_of_a_loss(box: Box) -> None:
    box.keep(told(1, 7), OLD)
    forger = Signer(LOG, "99" * 32)
    planted = forger.sign(replace(parse_note(worm_files.note(box.worm, 7)), size=900))
    (box.worm / "checkpoint/000000000900").write_bytes(planted)
    with pytest.raises(TamperError):
        box.start(OLD)
    with stopped(box.config) as record, pytest.raises(TamperError):
        box.measure(record)

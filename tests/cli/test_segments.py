"""fognode verify --segments on a folder that the daemon's own parts wrote: proven, or named."""

import gzip
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from fognode.cli.main import run
from fognode.config import parse
from fognode.daemon.witness import Witness
from fognode.events import Event, Row
from fognode.hashing import Stamp, freeze
from fognode.store.checkpoint import Signer
from fognode.store.engines import open_engine
from fognode.store.prepare import prepare_database
from fognode.store.reader import Reader
from fognode.store.writer import Writer

SIGNER = Signer("fognode.farm-7", "11" * 32)
STAMP = Stamp(farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=9, clock_ok=True)
FIRST, SECOND = "segment/000000000001.gz", "segment/000000004097.gz"


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """8,300 events: two segments, checkpoints of 4,096, 8,192 and 8,300."""
    folder = tmp_path_factory.mktemp("master")
    config = parse({"farm": {"id": "farm-7", "folder": str(folder)}})
    prepare_database(config)
    engines = open_engine(config, "reader"), open_engine(config, "writer")
    reader = Reader(engines[0])
    writer = Writer(engines[1], reader)

    def keep_rows(rows: Sequence[Row]) -> None:
        writer.keep([], rows)

    for first in range(1, 8301, 1000):
        numbers = range(first, min(first + 1000, 8301))
        told = [Event(kind="x", origin=f"n/x/{n}", happened_at_ms=n) for n in numbers]
        writer.keep([freeze(one, STAMP) for one in told])
    witness = Witness(folder / "worm", reader, SIGNER, immutable=False)
    witness.look(1000, 0, keep_rows)
    witness.look(1000, 60_000, keep_rows)
    writer.close()
    for engine in engines:
        engine.dispose()
    return folder / "worm"


@pytest.fixture
def worm(master: Path, tmp_path: Path) -> Path:
    return shutil.copytree(master, tmp_path / "copy")


def verify(worm: Path, size: int, *more: str, key: str = SIGNER.verifier_key) -> int:
    words = ["--segments", str(worm), "--checkpoint", str(worm / f"checkpoint/{size:012d}")]
    return run(["verify", *words, "--key", key, *more])


def rewrite(path: Path, content: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(content)


def test_whole_folder_is_proven_without_database_and_configuration(
    worm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(worm, 8192) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("proven: events 1 to 8192 are byte for byte those, in this order")
    assert lines[0].endswith("of log fognode.farm-7")
    assert "not proven: that nothing was recorded after event 8192" in lines
    assert lines[-1].startswith("all matches: 8192 events, checkpoint of 8192, ")


def test_older_note_binds_the_first_events_only(
    worm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(worm, 4096, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["size"], told["events"], told["findings"]) == (4096, 8192, [])
    assert told["proven"][0].startswith("events 1 to 4096 are")
    assert told["not_proven"][0] == "events 4097 to 8192: this note does not bind them"


def test_flipped_byte_is_named_with_its_segment(
    worm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = bytearray(gzip.decompress((worm / SECOND).read_bytes()))
    content[content.index(b"n/x/5000") + 7] ^= 1
    rewrite(worm / SECOND, gzip.compress(bytes(content), mtime=0))
    assert verify(worm, 8192) == 1
    said = capsys.readouterr().out
    assert "segment/000000004097.sha256: the segment's content or tiles have other hashes" in said
    assert "tile/0/000000000019 seq 5000: hash 135 is not that of what lies below it" in said
    assert "checkpoint/000000008192: the first 8192 bodies give another root" in said
    assert "\nproven: " not in said
    assert verify(worm, 4096) == 1  # the damage is told, what is older is proven all the same
    assert "\nproven: events 1 to 4096 " in capsys.readouterr().out


def test_flipped_byte_of_the_packed_file_is_named(
    worm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = bytearray((worm / FIRST).read_bytes())
    packed[len(packed) // 2] ^= 1
    rewrite(worm / FIRST, bytes(packed))
    assert verify(worm, 8192) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"{FIRST}: ")
    assert "4096 bodies from seq 1 are not checked" in said
    assert "\nproven: " not in said


def test_missing_segment_is_named(worm: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (worm / FIRST).unlink()
    assert verify(worm, 8192, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in told["findings"]] == [FIRST, "checkpoint/000000008192"]
    assert told["proven"] == []


def test_swapped_segments_are_named(worm: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (worm / FIRST).read_bytes(), (worm / SECOND).read_bytes()
    rewrite(worm / FIRST, second)
    rewrite(worm / SECOND, first)
    assert verify(worm, 8192) == 1
    said = capsys.readouterr().out
    assert "segment/000000000001.sha256: " in said
    assert "segment/000000004097.sha256: " in said
    assert "the first 8192 bodies give another root" in said


def test_lost_tail_is_no_proof_and_names_the_note_that_would_do(
    worm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (worm / SECOND).unlink()
    assert verify(worm, 8192) == 1
    assert (
        "checkpoint/000000008192: its root cannot be checked: 4096 of its 8192 events are here;"
        " take the note of size 4096, if that is all there should be"
    ) in capsys.readouterr().out
    assert verify(worm, 4096) == 0
    capsys.readouterr()
    assert verify(worm, 8300) == 1


def test_segment_cut_short_is_named(worm: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rewrite(worm / SECOND, (worm / SECOND).read_bytes()[:-100])
    assert verify(worm, 8192) == 1
    assert f"{SECOND}: " in capsys.readouterr().out


def test_wrong_key_proves_nothing(worm: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = Signer("fognode.farm-7", "22" * 32).verifier_key
    assert verify(worm, 8192, key=other) == 1
    said = capsys.readouterr().out
    assert "checkpoint of size 8192 is not signed by key " in said
    assert "not proven: anything: without a signed root" in said
    assert verify(worm, 8192, key="x") == 2
    assert "is not written name+id+key" in capsys.readouterr().err


def test_what_cannot_be_read_is_one_line(
    worm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(worm, 7) == 2
    assert "000000000007 cannot be read" in capsys.readouterr().err
    note = str(worm / "checkpoint/000000008192")
    words = ["--checkpoint", note, "--key", SIGNER.verifier_key]
    assert run(["verify", "--segments", str(tmp_path / "none"), *words]) == 2
    assert "No such file" in capsys.readouterr().err
    assert run(["verify", "--segments", str(worm), "--checkpoint", note]) == 2
    assert "belong together" in capsys.readouterr().err

"""Files of photos that are gone or altered are found; on both databases."""

from pathlib import Path

from fognode.events import Event, Kind
from fognode.hashing import Stamp, freeze, sha256
from fognode.store.photo_check import photo_findings
from tests.store.conftest import House

STAMP = Stamp(farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=9, clock_ok=True)
SEALED = [b"sealed one", b"sealed two", b"sealed three"]
ONE, TWO, THREE = (sha256(content).hex() for content in SEALED)


def told(kind: Kind, photo: str, **facts: str) -> bytes:
    origin = f"q/{kind}-{photo}"
    event = Event(kind=kind, origin=origin, happened_at_ms=1, facts={"photo": photo, **facts})
    return freeze(event, STAMP)


def test_file_that_is_gone_or_altered_is_found_and_an_erased_one_not_missed(
    house: House, tmp_path: Path
) -> None:
    kept = [told(Kind.PHOTO_KEPT, photo, mark=photo, media="image/png") for photo in (ONE, TWO)]
    gone = told(Kind.PHOTO_KEPT, THREE, mark=THREE, media="image/png")
    writer = house.writer()
    writer.keep([*kept, gone])
    cause = house.reader.events()[2].event_id
    writer.keep([told(Kind.PHOTO_ERASED, THREE, cause=cause)])
    (tmp_path / "photos").mkdir()
    for photo, content in zip((ONE, TWO), SEALED, strict=False):
        (tmp_path / "photos" / f"{photo}.sealed").write_bytes(content)
    assert photo_findings(tmp_path, house.reader, everything=True) == []
    (tmp_path / "photos" / f"{ONE}.sealed").unlink()
    (tmp_path / "photos" / f"{TWO}.sealed").write_bytes(b"other")
    (missing,) = photo_findings(tmp_path, house.reader, everything=False)
    assert (missing.seq, missing.table) == (1, "photos")
    assert missing.reason.startswith(f"the file {ONE}.sealed is missing")
    found = photo_findings(tmp_path, house.reader, everything=True)
    assert [one.seq for one in found] == [1, 2]
    assert found[1].reason.startswith(f"the file {TWO}.sealed was altered")

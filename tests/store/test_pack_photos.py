"""Pictures of a pack: only what was asked for and fits, and what is not there is named."""

from dataclasses import replace
from pathlib import Path

import pytest

from fognode.store.pack import write_pack
from fognode.store.pack_check import check_pack
from fognode.store.pack_choice import Ask
from tests.store.packs import PHOTO, small_farm


def test_too_many_pictures_are_left_out_by_name_and_not_even_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_told: object) -> None:
        raise AssertionError("opened")

    monkeypatch.setattr("fognode.store.pack_photos.PHOTOS_MOST", len(PHOTO.content) - 1)
    sources = replace(small_farm().sources(), photo=refuse)
    told = write_pack(tmp_path / "p.zip", Ask(photos=True), sources)
    said = "is left out, the pack would be too large: ask for fewer days"
    assert f"event 13: its photo {said}" in told.missing
    assert check_pack((tmp_path / "p.zip").read_bytes()).problems == []

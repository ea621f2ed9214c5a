"""When the safety sheet is written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from fognode.config import parse
from fognode.daemon.safety import PAUSE_MS, RENEW_MS, SafetySheet
from fognode.errors import StoreError
from fognode.store.reader import Reader

GTIN = "07891234567895"
START = 1_790_000_000_000


class Tables:
    """Rows as the reader gives them."""

    def __init__(self) -> None:
        self.away = False
        stock = {"package": "P", "gtin": GTIN, "place": "cab1", "state": "stored"}
        self.told: dict[str, dict[str, Any]] = {
            "stock": stock | {"net_g": 1500, "counted_only": 0, "as_of_seq": 5},
            "product": {"gtin": GTIN, "name": "Glyphosate", "as_of_seq": 4},
        }

    def rows(self, table: str, order: str = "", limit: int = 0) -> list[Mapping[str, Any]]:
        if self.away:
            raise StoreError("the database is away")
        return [self.told[table]]


@pytest.fixture
def tables() -> Tables:
    return Tables()


@pytest.fixture
def safety(tables: Tables, tmp_path: Path) -> SafetySheet:
    config = parse(
        {
            "farm": {"id": "f", "folder": str(tmp_path), "poison_centre": "0800 1"},
            "cabinet": [{"id": "cab1", "name": "Main", "board": "cab01"}],
            "board": [{"id": "cab01"}],
        }
    )
    return SafetySheet(config, cast(Reader, tables))


def test_it_is_written_at_the_start_and_when_the_stock_changed(
    safety: SafetySheet, tables: Tables, tmp_path: Path
) -> None:
    file = tmp_path / "safety.html"
    safety.pass_once(START)
    assert "1.50 kg" in file.read_text()
    tables.told["stock"] |= {"net_g": 900, "as_of_seq": 6}
    safety.pass_once(START + PAUSE_MS - 1)
    assert "1.50 kg" in file.read_text()
    safety.pass_once(START + PAUSE_MS)
    assert "900 g" in file.read_text()


def test_unchanged_it_is_written_again_twice_a_day(safety: SafetySheet, tmp_path: Path) -> None:
    file = tmp_path / "safety.html"
    safety.pass_once(START)
    file.write_text("old")
    safety.pass_once(START + RENEW_MS - 1)
    assert file.read_text() == "old"
    safety.pass_once(START + RENEW_MS + PAUSE_MS)
    assert "Main" in file.read_text()


def test_the_old_one_stays_while_the_database_is_away(
    safety: SafetySheet, tables: Tables, tmp_path: Path
) -> None:
    safety.pass_once(START)
    tables.away = True
    safety.pass_once(START + RENEW_MS)
    assert "1.50 kg" in (tmp_path / "safety.html").read_text()
    tables.away = False
    tables.told["stock"] |= {"net_g": 900, "as_of_seq": 6}
    safety.pass_once(START + RENEW_MS + PAUSE_MS)
    assert "900 g" in (tmp_path / "safety.html").read_text()


def test_a_disk_that_takes_nothing_stops_nobody(
    safety: SafetySheet, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "safety.html.new").mkdir()
    safety.pass_once(START)
    assert "event=safety_sheet_not_written" in caplog.text
    (tmp_path / "safety.html.new").rmdir()
    safety.pass_once(START + PAUSE_MS)
    assert (tmp_path / "safety.html").exists()


def test_copy_for_the_mail_tells_the_stock_of_now(
    safety: SafetySheet, tables: Tables, tmp_path: Path
) -> None:
    text, page = safety.copy(START)
    assert "Main".upper() in text
    assert "1.50 kg" in text
    assert page.startswith("<!doctype html>")
    tables.told["stock"] |= {"net_g": 900}
    assert "900 g" in safety.copy(START + 1)[0]
    assert not (tmp_path / "safety.html").exists()  # the file is written elsewhere
    tables.away = True
    with pytest.raises(StoreError):
        safety.copy(START)

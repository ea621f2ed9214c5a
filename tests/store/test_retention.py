"""The document and the table say the same."""

from pathlib import Path

from fognode.config import parse
from fognode.store.retention import BACKUPS, classes

DOCUMENT = Path(__file__).parents[2] / "docs" / "retention.md"


def test_every_class_stands_in_the_document_in_order_and_no_other() -> None:
    lines = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| ")]
    told = [line.split(" | ")[0].removeprefix("| ") for line in lines[1:]]
    assert told == [kept.what for kept in classes(parse({"farm": {"id": "f"}}))]


def test_figures_are_those_of_the_farm() -> None:
    config = parse({"farm": {"id": "f"}, "store": {"photo_days": 30, "sample_days": 7}})
    told = {kept.what: kept.how_long for kept in classes(config)}
    assert told["photos"] == "30 days, longer under a hold"
    assert told["raw samples"] == "7 days"
    assert told["backups"] == f"the newest {BACKUPS}" == "the newest 14"
    assert f"the newest {BACKUPS} |" in DOCUMENT.read_text()

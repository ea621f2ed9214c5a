"""The farm's own logic; that it runs a whole farm is shown in tests/whole."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fognode.errors import AwayError
from fognode.trial.farm import Farm


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    made = Farm(tmp_path / "farm")
    made.dir.mkdir(parents=True)
    (made.folder / "daemon.log").write_text("the last words")
    yield made
    made.close()


def pages(answers: dict[str, Any]) -> Any:
    return lambda path: (200, json.dumps(answers.get(path, {"events": []})))


def test_without_a_daemon_nothing_is_an_answer(farm: Farm) -> None:
    assert farm.get("healthz") == (0, "")
    farm.patience = 0.01
    with pytest.raises(AwayError, match="an answer to events"):
        farm.events()
    assert farm.stop_daemon() == 0.0


def test_events_are_read_page_by_page(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    first = {"seq": 1, "kind": "tag_in", "facts": {"tag": "A"}}
    second = {"seq": 2, "kind": "tag_in", "facts": {"tag": "B"}}
    answers = {
        "api/v1/events?after=0&limit=500": {"events": [first]},
        "api/v1/events?after=1&limit=500": {"events": [second]},
    }
    monkeypatch.setattr(farm, "get", pages(answers))
    assert [event["seq"] for event in farm.events("tag_in")] == [1, 2]
    assert farm.events("tag_out") == []
    assert farm.expect("tag_in", 1, tag="B") == second


def test_what_does_not_come_is_named_with_the_daemons_last_words(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(farm, "get", pages({}))
    with pytest.raises(AwayError, match=r"1 x tag_in \{'tag': 'C'\}.*the last words"):
        farm.expect("tag_in", 0.2, tag="C")


def test_a_command_that_fails_brings_its_words(farm: Farm) -> None:
    with pytest.raises(AwayError, match="cannot read"):
        farm.command("verify")


def test_farm_says_of_its_boards_what_they_are(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fognode.trial.farm.firmware_lacks", lambda: "")
    assert farm.boards_label == "the real firmware in simavr"
    without = Farm(farm.folder)
    monkeypatch.setattr("fognode.trial.farm.firmware_lacks", lambda: "avr-gcc missing")
    assert without.boards_label == "frames recorded from the firmware (avr-gcc missing)"

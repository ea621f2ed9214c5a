from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from fognode.analysis.features import Record
from fognode.analysis.sessions import find_sessions

if TYPE_CHECKING:
    from tests.analysis.conftest import MadeFarm


def test_kinds_of_openings_are_told_apart_on_days_never_seen(
    make_farm: Callable[..., MadeFarm], tmp_path: Path
) -> None:
    """A50."""
    farm = make_farm()
    farm.days(40)
    result = find_sessions(farm.study(tmp_path))
    (finding,), (version,) = result.findings, result.versions
    # Two takes a day are 80 of 103 openings: always saying "normal" is right in 777 permille.
    assert finding.baseline_permille == 777
    assert finding.metric_permille is not None
    assert finding.metric_permille >= 950
    assert finding.enough
    assert finding.model == version["id"] == "sessions/1790000000000/champion"
    metrics = json.loads(str(version["metrics"]))
    assert metrics["baseline_permille"] == 777
    assert metrics["labels"] == {"no_badge": 10, "normal": 80, "restock": 13}
    assert version["row_count"] == 103


def test_labels_without_a_pattern_are_called_so(
    make_farm: Callable[..., MadeFarm], tmp_path: Path
) -> None:
    farm = make_farm()
    farm.days(40)
    words = list(farm.verdicts.values())
    Random(5).shuffle(words)
    study = farm.study(tmp_path, verdicts=dict(zip(farm.verdicts, words, strict=True)))
    result = find_sessions(study)
    (finding,), (version,) = result.findings, result.versions
    assert finding.metric_permille is not None
    assert finding.baseline_permille is not None
    assert finding.metric_permille <= finding.baseline_permille
    assert "does not yet tell" in finding.text
    assert version["status"] == "challenger"
    assert finding.more["odd"] == []


def test_what_only_tells_days_apart_earns_no_score(
    make_farm: Callable[..., MadeFarm], tmp_path: Path
) -> None:
    farm = make_farm()
    farm.days(10)
    study = farm.study(tmp_path)
    draw = Random(2)
    looks = {o.day: [draw.gauss(0, 1) for _ in range(14)] for o in study.record.openings}
    kinds = {day: ("normal", "restock")[place % 2] for place, day in enumerate(looks)}
    openings = [
        replace(o, opening=f"{place}", numbers=tuple(looks[o.day]))
        for place, o in enumerate(study.record.openings * 2)
    ]
    study = replace(
        study,
        record=Record(openings=tuple(openings), uses=()),
        verdicts={o.opening: kinds[o.day] for o in openings},
    )
    (finding,) = find_sessions(study).findings
    # A random split of rows would score 1000: each day's look is learnt from its other rows.
    assert finding.metric_permille is not None
    assert finding.metric_permille <= 700


def test_an_opening_labelled_against_its_looks_is_named(
    make_farm: Callable[..., MadeFarm], tmp_path: Path
) -> None:
    farm = make_farm()
    farm.days(40)
    forced = [opening for opening, word in farm.verdicts.items() if word == "no_badge"][-1]
    farm.verdicts[forced] = "normal"
    (finding,) = find_sessions(farm.study(tmp_path)).findings
    assert finding.more["odd"] == [forced]


@pytest.mark.parametrize(
    ("days", "reason"),
    [(0, "0 of 30 openings"), (8, "of 30 openings"), (20, "kinds seen 8 times")],
)
def test_too_little_is_not_enough(
    make_farm: Callable[..., MadeFarm], tmp_path: Path, days: int, reason: str
) -> None:
    farm = make_farm()
    farm.days(days)
    verdicts = farm.verdicts if days != 20 else dict.fromkeys(farm.verdicts, "normal")
    result = find_sessions(farm.study(tmp_path, verdicts=verdicts))
    (finding,) = result.findings
    assert not finding.enough
    assert finding.metric_permille is None
    assert reason in finding.text
    assert result.versions == []
    assert not (tmp_path / "models").exists()


def test_rare_kinds_of_one_single_day_do_not_stop_the_training(
    make_farm: Callable[..., MadeFarm], tmp_path: Path
) -> None:
    farm = make_farm()
    farm.days(30)
    forced = [opening for opening, word in farm.verdicts.items() if word == "no_badge"]
    verdicts = farm.verdicts | {forced[0]: "unbalanced"}
    (finding,) = find_sessions(farm.study(tmp_path, verdicts=verdicts)).findings
    assert finding.enough


def test_openings_still_open_teach_nothing(
    make_farm: Callable[..., MadeFarm], tmp_path: Path
) -> None:
    farm = make_farm()
    farm.days(40)
    study = farm.study(tmp_path, verdicts=dict.fromkeys(farm.verdicts, "open"))
    (finding,) = find_sessions(study).findings
    assert finding.more["labelled"] == 0


def test_same_rows_give_the_same_model_and_are_not_trained_twice(
    make_farm: Callable[..., MadeFarm], tmp_path: Path
) -> None:
    farm = make_farm()
    farm.days(32)
    (version,) = find_sessions(farm.study(tmp_path)).versions
    (again,) = find_sessions(farm.study(tmp_path / "other", run="1790000000001")).versions
    for column in ("probe_hash", "rows_sha256", "metrics", "params"):
        assert version[column] == again[column]
    unchanged = find_sessions(
        farm.study(tmp_path, run="1790000000002", versions={"sessions": version})
    )
    assert (unchanged.findings, unchanged.versions) == ([], [])


def test_an_altered_model_is_told_and_trained_again(
    make_farm: Callable[..., MadeFarm], tmp_path: Path
) -> None:
    farm = make_farm()
    farm.days(32)
    (version,) = find_sessions(farm.study(tmp_path)).versions
    path = tmp_path / "models" / "sessions-1790000000000.skops"
    path.write_bytes(path.read_bytes() + b"x")
    result = find_sessions(
        farm.study(tmp_path, run="1790000000002", versions={"sessions": version})
    )
    assert "was altered or lost" in result.findings[0].text
    assert result.versions[0]["probe_hash"] == version["probe_hash"]

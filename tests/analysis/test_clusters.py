from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from fognode.analysis.clusters import find_clusters
from fognode.analysis.features import Record

if TYPE_CHECKING:
    from tests.analysis.conftest import MadeFarm


def shuffled(record: Record, seed: int) -> Record:
    """Return the openings with each column of numbers shuffled by itself."""
    draw = Random(seed)
    columns = [list(column) for column in zip(*(o.numbers for o in record.openings), strict=True)]
    for column in columns:
        draw.shuffle(column)
    rows = zip(*columns, strict=True)
    return Record(
        openings=tuple(
            replace(opening, numbers=numbers)
            for opening, numbers in zip(record.openings, rows, strict=True)
        ),
        uses=(),
    )


def test_planted_habits_are_found_and_named(
    make_farm: Callable[..., MadeFarm], tmp_path: Path
) -> None:
    """A48, A49."""
    farm = make_farm()
    farm.days(42)
    result = find_clusters(farm.study(tmp_path))
    (finding,), (version,) = result.findings, result.versions
    assert version["status"] == "champion"
    assert finding.metric_permille is not None
    assert finding.metric_permille >= 600
    # 84 takes, 14 deliveries and 10 forced doors in 6 weeks, as planted.
    assert finding.text == (
        "3 habits: tag, 06-07 h, 3 min, with badge, 14 a week; "
        "tag, 14-15 h, 16 min, with badge, 2 a week; "
        "distance, 01-03 h, 1 min, no badge, 2 a week."
    )


def test_shuffled_columns_hide_the_habits(
    make_farm: Callable[..., MadeFarm], tmp_path: Path
) -> None:
    """A48, A49."""
    farm = make_farm()
    farm.days(42)
    study = farm.study(tmp_path)
    for seed in range(3):
        result = find_clusters(
            replace(study, record=shuffled(study.record, seed), models=tmp_path / str(seed))
        )
        (finding,), (version,) = result.findings, result.versions
        assert finding.text == "No stable habits: openings do not fall into groups that come back."
        assert finding.more["habits"] == []
        assert version["status"] == "challenger"


def test_one_stable_split_that_is_linked_to_nothing_is_no_habit(
    make_farm: Callable[..., MadeFarm], tmp_path: Path
) -> None:
    farm = make_farm()
    farm.days(60)
    study = farm.study(tmp_path)
    draw = Random(4)
    openings = tuple(
        replace(
            opening,
            numbers=(draw.choice([0.0, 1.0]) + draw.gauss(0, 1e-3), *[0.0] * 13),
        )
        for opening in study.record.openings
    )
    result = find_clusters(replace(study, record=Record(openings=openings, uses=())))
    (finding,), (version,) = result.findings, result.versions
    assert finding.metric_permille is not None
    assert finding.metric_permille >= 600
    assert json.loads(str(version["metrics"]))["beats_shuffled"] == 0
    assert finding.more["habits"] == []


def test_a_link_without_groups_is_no_habit(
    make_farm: Callable[..., MadeFarm], tmp_path: Path
) -> None:
    farm = make_farm()
    farm.days(60)
    study = farm.study(tmp_path)
    draw = Random(4)
    openings = []
    for opening in study.record.openings:
        said = [draw.gauss(0, 1) for _ in range(7)]  # by degrees, each by two of 14 columns
        numbers = [draw.gauss(each, 0.3) for each in said + said]
        openings.append(replace(opening, numbers=tuple(numbers)))
    result = find_clusters(replace(study, record=Record(openings=tuple(openings), uses=())))
    (finding,), (version,) = result.findings, result.versions
    assert json.loads(str(version["metrics"]))["beats_shuffled"] == 1
    assert finding.more["habits"] == []


def test_few_openings_are_not_enough(make_farm: Callable[..., MadeFarm], tmp_path: Path) -> None:
    farm = make_farm()
    farm.days(10)
    result = find_clusters(farm.study(tmp_path))
    (finding,) = result.findings
    # 20 takes, 3 deliveries, 2 forced doors.
    assert finding.text == "Not enough data to find habits: 25 of 60 closed openings."
    assert (finding.enough, result.versions) == (False, [])
    assert finding.last_seq > finding.first_seq > 0


def test_same_rows_give_the_same_groups(make_farm: Callable[..., MadeFarm], tmp_path: Path) -> None:
    farm = make_farm()
    farm.days(30)
    (version,) = find_clusters(farm.study(tmp_path)).versions
    (again,) = find_clusters(farm.study(tmp_path / "other")).versions
    assert version["probe_hash"] == again["probe_hash"]
    assert json.loads(str(version["metrics"])) == json.loads(str(again["metrics"]))
    assert find_clusters(farm.study(tmp_path, versions={"clusters": version})).findings == []

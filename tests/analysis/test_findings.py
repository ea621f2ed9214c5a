import json
import subprocess
import sys
from typing import Any

import pytest

from fognode.analysis.findings import Finding, parse_findings, write_findings
from fognode.events import Row, RowValues
from fognode.hashing import canonical_bytes

RUN = "1790000000000"
VERSION: RowValues = {
    "id": f"sessions/{RUN}/champion",
    "task": "sessions",
    "algorithm": "a",
    "libraries": "l",
    "window_from_ms": 1,
    "window_to_ms": 2,
    "row_count": 3,
    "rows_sha256": "00",
    "params": "{}",
    "metrics": "{}",
    "probe_hash": "11",
    "file_sha256": "22",
    "status": "champion",
    "created_at_ms": 4,
}


def document(**changes: object) -> dict[str, Any]:
    finding = Finding(task="sessions", number=1, text="right in 9 of 10", enough=True)
    told: dict[str, Any] = json.loads(write_findings([finding], [VERSION], RUN, 77))
    return told | changes


def test_what_the_child_writes_becomes_events_and_rows() -> None:
    finding = Finding(
        task="demand",
        number=11,
        text="Karate: about 4.0 kg",
        enough=True,
        metric_permille=120,
        baseline_permille=300,
        first_seq=5,
        last_seq=9,
        more={"gtin": "7891234567895"},
    )
    outcome = parse_findings(write_findings([finding], [VERSION], RUN, 77), RUN)
    (event,) = outcome.events
    assert (event.kind, event.origin) == ("prediction", f"a/{RUN}/11")
    assert event.happened_at_ms == 1_790_000_000_000
    assert event.facts["metric_permille"] == 120
    assert event.facts["gtin"] == "7891234567895"
    assert event.facts["enough"] == 1
    version, found = outcome.rows
    assert version == Row(table="model_version", values=VERSION)
    # SHA-256 of "a/1790000000000/11", by sha256sum, first 32 digits.
    assert found.values["finding"] == "f5fce750cf1eb9a6505a558e4c878506"
    assert (found.values["text"], found.values["as_of_seq"]) == ("Karate: about 4.0 kg", 77)


def test_a_score_not_measured_is_absent() -> None:
    facts = Finding(task="sessions", number=1, text="not enough", enough=False).facts()
    assert facts.keys().isdisjoint({"metric_permille", "baseline_permille"})
    assert facts["enough"] == 0
    canonical_bytes(facts)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["events"], {}),
        (["rows"], None),
        (["events", 0, "kind"], "openBox"),
        (["events", 0, "origin"], "a/1790000000001/1"),
        (["events", 0, "origin"], f"a/{RUN}/0"),
        (["events", 0, "origin"], f"q/{RUN}/1"),
        (["events", 0, "facts"], []),
        (["events", 0, "facts", "text"], ""),
        (["events", 0, "facts", "text"], "x" * 601),
        (["events", 0, "facts", "share"], 0.5),
        (["events", 0, "facts", "share"], None),
        (["events", 0, "more"], 1),
        (["rows", 0, "table"], "event"),
        (["rows", 0, "table"], "points"),
        (["rows", 0, "values", "hash"], "00"),
        (["rows", 0, "values", "row_count"], "3"),
        (["rows", 0, "values", "row_count"], True),
        (["rows", 1, "values", "finding"], "0" * 32),
        (["rows", 1, "values", "task"], None),
    ],
)
def test_a_document_of_another_shape_is_refused(path: list[Any], value: object) -> None:
    told = document()
    spot = told
    for step in path[:-1]:
        spot = spot[step]
    spot[path[-1]] = value
    with pytest.raises(ValueError, match=r"."):
        parse_findings(json.dumps(told), RUN)


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '{"events": []}', " " * 1_000_001])
def test_text_that_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_findings(text, RUN)


def test_findings_of_another_run_are_refused() -> None:
    with pytest.raises(ValueError, match="no finding of run"):
        parse_findings(json.dumps(document()), "1790000000001")
    with pytest.raises(ValueError, match="13 digits"):
        parse_findings(json.dumps(document()), "7")


def test_one_number_told_twice_is_refused() -> None:
    told = document()
    told["events"].append(told["events"][0])
    with pytest.raises(ValueError, match="one number"):
        parse_findings(json.dumps(told), RUN)


def test_the_daemons_half_loads_no_numbers_library() -> None:
    code = (
        "import sys, fognode.analysis.findings;"
        "print([m for m in ('numpy', 'scipy', 'sklearn', 'skops') if m in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=60
    )
    assert told.stdout.strip() == "[]"

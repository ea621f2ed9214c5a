from fognode.events import Event, Kind, Outcome, Row, Stored, derived
from fognode.hashing import event_id


def stored(**changes: object) -> Stored:
    values: dict[str, object] = {
        "seq": 7,
        "event_id": event_id("b/cab01/17/42").hex(),
        "kind": "light_open",
        "origin": "b/cab01/17/42",
        "happened_at_ms": 5,
        "recorded_at_ms": 6,
        "facts": {"light_counts": 859, "sensor": "L1"},
        "body": b"{}",
    }
    return Stored(**(values | changes))  # type: ignore[arg-type]  # made of literals above


def test_the_papers_nine_functions_are_kinds_in_its_spelling() -> None:
    nine = [str(kind) for kind in Kind][:9]
    assert nine == [
        "newProductEntry",
        "openBox",
        "handleProduct",
        "sensorAlert",
        "emptyPackageExit",
        "sendToBlockchain",
        "prediction",
        "correlation",
        "patternDetection",
    ]


def test_derived_origin_names_rule_cause_and_number() -> None:
    assert derived("open_box", stored(), 2) == "r/open_box/13c61f0b4dbac55b1e26b7445599f1ed/2"


def test_an_absent_fact_is_empty_text_or_the_default_number() -> None:
    event = stored()
    assert (event.text("sensor"), event.text("person")) == ("L1", "")
    assert (event.number("light_counts"), event.number("weight_g", -1)) == (859, -1)
    assert event.text("light_counts") == "859"
    assert event.number("sensor", 3) == 3


def test_outcomes_are_joined_in_order() -> None:
    first = Outcome([Event(kind="a", origin="n/a/1", happened_at_ms=1)], [])
    first.add(
        Outcome([Event(kind="b", origin="n/b/1", happened_at_ms=1)], [Row(table="t", values={})])
    )
    assert [e.kind for e in first.events] == ["a", "b"]
    assert [r.table for r in first.rows] == ["t"]

from fognode.custody.draws import discrepancy, draw, name_of, refuse
from fognode.events import Kind, Stored

CAUSE = Stored(
    seq=7,
    event_id="ab" * 16,
    kind="rinse_declared",
    origin="q/1",
    happened_at_ms=1000,
    recorded_at_ms=1001,
    facts={},
    body=b"",
)


def test_drawn_event_hangs_on_its_cause_and_takes_its_time() -> None:
    event = draw(Kind.OPEN_BOX, CAUSE, {"cabinet": "cab-1"}, number=2)
    assert event.origin == f"r/openBox/{'ab' * 16}/2"
    assert (event.happened_at_ms, event.rule_v) == (1000, 3)
    assert draw(Kind.OPEN_BOX, CAUSE, {}, at_ms=5).happened_at_ms == 5


def test_name_is_the_event_id_the_store_will_give() -> None:
    # printf 'r/openBox/abababababababababababababababab/1' | sha256sum | cut -c1-32
    assert name_of(draw(Kind.OPEN_BOX, CAUSE, {})) == "daf6cbd02bd881f4181a286c75828cf7"


def test_refusal_says_what_why_and_which_value() -> None:
    [event] = refuse(CAUSE, "no such package", "X" * 500).events
    assert event.kind == "rejected"
    assert event.facts == {
        "what": "rinse_declared",
        "reason": "no such package",
        "value": "X" * 120,
    }


def test_discrepancy_row_stays_open() -> None:
    facts = {"opening": "0f", "rule": "left_open", "text": "cab-1 was left open"}
    event = draw(Kind.DISCREPANCY_FOUND, CAUSE, facts)
    row = discrepancy(event, 9)
    assert row.table == "discrepancy"
    assert row.values == {
        "discrepancy": name_of(event),
        "opening": "0f",
        "rule": "left_open",
        "text": "cab-1 was left open",
        "state": "open",
        "found_at_ms": 1000,
        "package": "",
        "person": "",
        "delta_g": 0,
        "u_g": 0,
        "closed_by": "",
        "reason": "",
        "explanation": "",
        "closed_at_ms": 0,
        "escalated_at_ms": 0,
        "as_of_seq": 9,
    }

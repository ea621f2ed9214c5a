from typing import TYPE_CHECKING

from fognode.custody.draws import RULE_V

if TYPE_CHECKING:
    from tests.custody.conftest import Shelf


def test_each_movement_is_an_event_and_a_row_of_the_same_id(shelf: "Shelf") -> None:
    shelf.receive()
    shelf.use(1, 5840, 4000)
    moved = [event for event in shelf.drawn if event.kind == "stock_moved"]
    rows = [row for (table, _), row in shelf.rows.items() if table == "movement"]
    assert [event.facts["movement"] for event in moved] == ["receive", "take", "use", "return"]
    assert [row["what"] for row in rows] == ["receive", "take", "use", "return"]
    assert rows[2] | {"movement": ""} == {
        "movement": "",
        "package": "GLY-0042",
        "gtin": shelf.GTIN,
        "what": "use",
        "delta_g": -1840,
        "net_g": 3690,
        "u_g": 28,
        "source": "measured",
        "place": "cab-1",
        "person": shelf.ANA,
        "reason": "",
        "cause": shelf.record[-1].event_id,
        "at_ms": shelf.record[-1].happened_at_ms,
        "as_of_seq": 4,
    }
    assert all(event.rule_v == RULE_V for event in moved)


def test_one_event_may_find_several_things_and_none_takes_anothers_number(shelf: "Shelf") -> None:
    shelf.receive("P1")
    shelf.receive("P2")
    shelf.tell("stocktake_opened", 1, stocktake="S", cabinet="cab-1", by=shelf.ANA)
    shelf.tell("stocktake_closed", 2, stocktake="S", by=shelf.ANA)
    closed = shelf.record[-1].event_id
    found = [event.origin for event in shelf.drawn if event.kind == "discrepancy_found"]
    assert found == [f"r/missing_in_count/{closed}/1", f"r/missing_in_count/{closed}/2"]


def test_a_package_without_a_label_expiry_opens_without_one(shelf: "Shelf") -> None:
    shelf.receive(expires_on="")
    shelf.use(1, 5840, 4000)
    assert "effective_expiry" not in shelf.facts("package_opened")[0]
    assert shelf.row()["effective_expiry"] == ""

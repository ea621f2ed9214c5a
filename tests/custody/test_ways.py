from fognode.custody.packages import Package
from fognode.custody.ways import State


def test_a_way_begins_once_and_its_row_has_no_ids_of_events() -> None:
    package = Package(
        package="P",
        gtin="7891234567895",
        serial="S",
        lot="L",
        expires_on="",
        invoice="",
        tag="",
        packaging="rigid",
        source="",
        site="cab-1",
        gross_g=0,
        tare_g=0,
        token_id="ab",
    )
    state = State()
    way = state.of(package)
    way.route, way.root = "rinsed", "00" * 16
    assert state.of(package) is way
    assert way.row(7).values == {
        "package": "P",
        "route": "rinsed",
        "shown": "",
        "photo": "",
        "prepared_at_ms": 0,
        "left_at_ms": 0,
        "batch": "",
        "as_of_seq": 7,
    }

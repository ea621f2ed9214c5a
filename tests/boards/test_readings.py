"""What S frames of an hour come to."""

from fognode.boards.readings import readings_text, sensors_told, sums_of
from fognode.events import Json

SENSORS = {"L1": ("light", "counts"), "D1": ("distance", "mm"), "W1": ("weight", "counts")}


def test_readings_are_written_as_on_the_wire() -> None:
    assert readings_text((("L1", 859), ("D1", -1), ("W1", 420013))) == "L1=859,D1=-1,W1=420013"


def test_sums_of_an_hour_worked_out_by_hand() -> None:
    texts = ["L1=10,W1=-5", "L1=13,W1=-8", "L1=11,W1=-6"]
    assert sums_of(texts, SENSORS) == [
        {
            "sensor": "L1",
            "type": "light",
            "unit": "counts",
            "count": 3,
            "min": 10,
            "max": 13,
            "mean": 11,  # 11.33
            "first": 10,
            "last": 11,
        },
        {
            "sensor": "W1",
            "type": "weight",
            "unit": "counts",
            "count": 3,
            "min": -8,
            "max": -5,
            "mean": -6,  # -6.33
            "first": -5,
            "last": -6,
        },
    ]


def mean(*values: int) -> Json:
    (told,) = sums_of([f"W1={value}" for value in values], SENSORS)
    assert isinstance(told, dict)
    return told["mean"]


def test_half_is_rounded_up_also_below_zero() -> None:
    assert (mean(1, 2), mean(-1, -2), mean(0, 0, 1), mean(-1, 0, 0)) == (2, -1, 0, 0)


def test_no_echo_is_no_distance() -> None:
    (told,) = sums_of(["D1=400", "D1=-1", "D1=-2", "D1=410"], SENSORS)
    assert isinstance(told, dict)
    assert (told["count"], told["codes"], told["min"], told["mean"]) == (2, 2, 400, 405)


def test_sensor_that_only_failed_has_no_measure() -> None:
    (told,) = sums_of(["D1=-1", "D1=-1"], SENSORS)
    assert told == {"sensor": "D1", "type": "distance", "unit": "mm", "count": 0, "codes": 2}


def test_sensor_of_unknown_type_is_summed_without_a_unit() -> None:
    (told,) = sums_of(["T9=-1"], {})
    assert isinstance(told, dict)
    assert (told["min"], told["count"]) == (-1, 1)
    assert told.keys().isdisjoint({"type", "unit", "codes"})


def test_nothing_read_is_nothing_summed() -> None:
    assert sums_of([], SENSORS) == []
    assert sums_of(["", "what is this"], SENSORS) == []


def test_types_and_units_come_from_the_hello() -> None:
    hello: dict[str, Json] = {
        "kind": "cabinet",
        "sensors": [{"sensor": "L1", "type": "light", "unit": "counts", "period_ms": 100}],
    }
    assert sensors_told(hello) == {"L1": ("light", "counts")}
    assert sensors_told({}) == {}

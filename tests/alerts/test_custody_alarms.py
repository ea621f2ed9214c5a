import pytest

from fognode.events import Json
from tests.alerts.watch import HOUR_MS, Watch, alert_of, rows_of


@pytest.mark.parametrize(
    ("rule", "severity"),
    [
        ("weight_without_badge", "critical"),
        ("opening_without_badge", "critical"),
        ("returned_heavier", "warning"),
        ("tag_without_weight", "warning"),
        ("tag_without_package", "critical"),
        ("tag_two_places", "critical"),
        ("badge_revoked_used", "critical"),
        ("outside_hours", "critical"),
        ("impossible_travel", "warning"),
        ("no_witness", "warning"),
        ("prescription_beyond", "warning"),
    ],
)
def test_every_discrepancy_alerts_in_each_opening_and_closing_does_not_mute_it(
    watch: Watch, rule: str, severity: str
) -> None:
    first = watch.tell("discrepancy_found", rule=rule, opening="a" * 32, place="cab-1", text="x")
    assert alert_of(first)[:2] == (rule, severity)
    assert watch.tell("box_closed", 1, cabinet="cab-1").rows == []
    second = watch.tell("discrepancy_found", rule=rule, opening="b" * 32, place="cab-1", text="x")
    assert len(second.events) == 1


@pytest.mark.parametrize(("delta_g", "severity"), [(-1500, "critical"), (1500, "warning")])
def test_weight_that_went_without_a_tag_is_critical(
    watch: Watch, delta_g: int, severity: str
) -> None:
    facts: dict[str, Json] = {"rule": "weight_without_tag", "place": "cab-1", "delta_g": delta_g}
    told = watch.tell("discrepancy_found", opening="a" * 32, text="x", **facts)
    assert alert_of(told)[:2] == ("weight_without_tag", severity)


def test_strangers_tag_is_one_cause_however_often_it_is_read(watch: Watch) -> None:
    facts: dict[str, Json] = {"rule": "unknown_tag", "tag": "04DEADBEEF0001", "place": "gate"}
    assert len(watch.tell("discrepancy_found", opening="", text="x", **facts).events) == 1
    assert watch.tell("discrepancy_found", 1, opening="", text="x", **facts).events == []


def test_package_where_it_must_not_be_alerts_until_it_is_back(watch: Watch) -> None:
    assert watch.tell("package_moved", package="GLY-1", to="gate", permitted=1).events == []
    moved = watch.tell("package_moved", package="GLY-1", to="road", permitted=0)
    assert alert_of(moved) == ("package_moved", "critical", "package_moved/road/GLY-1")
    [row] = watch.tell("package_moved", package="GLY-1", to="cab-1", permitted=1).rows
    assert row.values["state"] == "resolved"


def test_low_stock_alerts_with_its_lead_time_until_there_is_enough(watch: Watch) -> None:
    level: dict[str, Json] = {"gtin": "7891234567895", "warn_level_g": 5000}
    low = watch.tell("stock_low", **level, name="Gly", net_g=4990, lead_days=14)
    assert alert_of(low) == ("stock_low", "warning", "stock_low//7891234567895")
    text = low.events[0].facts["text"]
    assert text == "Gly: 4990 g left, less than 5000 g. A delivery takes 14 days."
    enough = watch.tell("stock_enough", HOUR_MS, **level, net_g=9000)
    assert [row.values["state"] for row in rows_of(enough, "alert")] == ["resolved"]


def test_each_batch_is_a_cause_of_its_own(watch: Watch) -> None:
    facts: dict[str, Json] = {"rule": "receipt_short", "text": "x", "opening": ""}
    assert alert_of(watch.tell("discrepancy_found", **facts, batch="B-1"))[1] == "warning"
    assert len(watch.tell("discrepancy_found", **facts, batch="B-2").events) == 1

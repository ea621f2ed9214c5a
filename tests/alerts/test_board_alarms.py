import pytest

from fognode.events import Json
from tests.alerts.watch import HOUR_MS, Watch, alert_of, rows_of


def test_sensor_fault_fires_until_the_board_says_it_works_again(watch: Watch) -> None:
    where: dict[str, Json] = {"board": "cab01", "place": "cab-1", "sensor": "D1"}
    fault = watch.tell("distance_fault", code=-2, **where)
    assert alert_of(fault) == ("sensor_fault", "warning", "sensor_fault/cab-1/cab01:D1")
    [row] = watch.tell("distance_fault", code=0, **where).rows
    assert row.values["state"] == "resolved"
    assert watch.state.firing == {}


def test_ten_refused_board_events_in_a_minute_warn_and_fewer_do_not(watch: Watch) -> None:
    facts: dict[str, Json] = {"board": "cab01", "place": "cab-1", "what": "board_event"}
    slow = [watch.tell("rejected", n * 7_000, reason="x", **facts).events for n in range(12)]
    assert slow == [[]] * 12
    fast = [watch.tell("rejected", HOUR_MS + n, reason="x", **facts).events for n in range(10)]
    assert [len(events) for events in fast] == [0] * 9 + [1]


def test_noise_counted_on_the_line_warns_at_once(watch: Watch) -> None:
    noise = watch.tell("rejected", what="bad_frames", board="", place="", value="ttyUSB0")
    assert alert_of(noise)[0] == "board_rejected"


def test_refused_request_of_a_person_is_noalert_of(watch: Watch) -> None:
    for _ in range(20):
        assert watch.tell("rejected", what="rinse_declared", reason="x", value="y").events == []


def test_camera_without_a_picture_is_told_until_it_keeps_one(watch: Watch) -> None:
    facts: dict[str, Json] = {"camera": "cam-1", "cabinet": "cab-1", "reason": "timed out"}
    outcome = watch.tell("photo_missed", **facts, place="cab-1")
    assert alert_of(outcome) == ("photo_missed", "warning", "photo_missed/cab-1/cam-1")
    assert watch.tell("photo_kept", 1, by="cam-2").rows == []
    [row] = watch.tell("photo_kept", 2, by="cam-1").rows
    assert row.values["state"] == "resolved"


@pytest.mark.parametrize("what", ["bad_mac", "replayed"])
def test_forged_line_of_a_board_is_critical_and_names_who_sent_it(watch: Watch, what: str) -> None:
    facts: dict[str, Json] = {"board": "cab01", "claimed": "cab01", "place": "cab-1", "count": 3}
    told = watch.tell("board_refused", what=what, peer="10.0.0.9", **facts)
    assert alert_of(told) == ("board_forged", "critical", "board_forged/cab-1/cab01")
    assert "10.0.0.9" in str(told.events[0].facts["text"])


def test_stranger_on_the_boards_network_warns(watch: Watch) -> None:
    facts: dict[str, Json] = {"board": "", "claimed": "spy", "place": "", "count": 1}
    told = watch.tell("board_refused", what="unknown_board", peer="10.0.0.9", **facts)
    assert alert_of(told) == ("board_refused", "warning", "board_refused//unknown_board")
    assert told.events[0].facts["text"] == (
        "Whoever connects from 10.0.0.9 calls itself spy, which may not speak by Ethernet:"
        " refused, 1 times."
    )


DRIFT: dict[str, Json] = {"board": "cab01", "place": "cab-1", "sensor": "W1", "what": "drift"}


def test_sensor_in_doubt_alerts_until_it_is_trusted(watch: Watch) -> None:
    """A34: dead, stuck, impossible and drifting sensors are alerts, each a cause of its own."""
    outcome = watch.tell("sensor_doubted", **DRIFT, value=393_000, reference=400_000)
    assert alert_of(outcome)[:2] == ("sensor_doubted", "warning")
    text = "Sensor W1 of board cab01 went from 400000 to 393000 counts without anything taken"
    assert str(outcome.events[0].facts["text"]).startswith(text)
    again = watch.tell("sensor_doubted", 1, **DRIFT, value=392_000, reference=400_000)
    assert again.events == []
    other = watch.tell("sensor_doubted", 2, **DRIFT | {"what": "dead"}, value=392_000)
    assert len(other.events) == 1
    [row] = rows_of(watch.tell("sensor_trusted", 3, **DRIFT), "alert")
    assert (row.values["state"], row.values["fingerprint"]) == (
        "resolved",
        "sensor_doubted/cab-1/cab01:W1:drift",
    )
    [row] = rows_of(watch.tell("node_started", 4), "alert")  # told again if it still is so
    assert row.values["fingerprint"] == "sensor_doubted/cab-1/cab01:W1:dead"

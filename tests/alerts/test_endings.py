import pytest

from fognode.events import Json, Outcome
from tests.alerts.watch import HOUR_MS, Watch, alert_of, rows_of


def test_board_heard_again_resolves_its_silence_and_the_next_one_alerts(watch: Watch) -> None:
    watch.tell("board_silent", board="cab01", place="cab-1")
    assert watch.tell("board_heard", 1, board="cab02", place="cab-2").rows == []
    [row] = watch.tell("board_heard", 2, board="cab01", place="cab-1").rows
    assert (row.values["state"], row.values["as_of_seq"]) == ("resolved", 3)
    assert len(watch.tell("board_silent", 3, board="cab01", place="cab-1").events) == 1


def test_closing_resolves_the_opening_out_of_hours_so_the_next_one_alerts(watch: Watch) -> None:
    night = 14 * HOUR_MS
    watch.tell("openBox", night, cabinet="cab-1")
    assert watch.tell("openBox", night + 1, cabinet="cab-1").events == []
    [row] = watch.tell("box_closed", night + 2, cabinet="cab-1").rows
    assert (row.values["state"], row.values["occurrences"]) == ("resolved", 2)
    assert len(watch.tell("openBox", night + 3, cabinet="cab-1").events) == 1


@pytest.mark.parametrize(
    ("held", "free"),
    [
        (("ledger_held", {"chain": "public"}), ("ledger_final", {"chain": "public"})),
        (("document_refused", {"peer": "m"}), ("document_accepted", {"peer": "m"})),
        (
            ("ledger_failed", {"chain": "public", "package": "GLY-1", "kind": 200}),
            ("ledger_resumed", {"chain": "public", "package": "GLY-1"}),
        ),
        (("ledger_failed", {"chain": "public"}), ("checkpoint_anchored", {"chain": "public"})),
    ],
)
def test_peer_that_takes_something_again_resolves(
    watch: Watch, held: tuple[str, dict[str, Json]], free: tuple[str, dict[str, Json]]
) -> None:
    watch.tell(held[0], **held[1])
    [row] = watch.tell(free[0], **free[1]).rows
    assert row.values["state"] == "resolved"


def test_a_disk_with_room_again_resolves(watch: Watch) -> None:
    assert alert_of(watch.tell("disk_low", free_mb=480))[2] == "disk_low//disk"
    [row] = watch.tell("disk_enough", 1, free_mb=600).rows
    assert row.values["state"] == "resolved"


def test_expiry_alerts_until_nothing_is_left_of_the_package(watch: Watch) -> None:
    about: dict[str, Json] = {
        "package": "GLY-0042",
        "name": "Gly",
        "place": "cab-1",
        "expires_on": "2026-04-30",
    }
    soon = watch.tell("stock_expiring", **about, days=7)
    assert soon.events[0].facts["text"] == "GLY-0042 (Gly) expires in 7 days, on 2026-04-30."
    unused = watch.tell("stock_expiring", **about, days=7, leftover_g=900, rate_g_per_day=100)
    assert alert_of(unused) == ("stock_leftover", "info", "stock_leftover/cab-1/GLY-0042")
    assert rows_of(unused, "mail_outbox") == []
    expired = watch.tell("stock_expired", 8 * 24 * HOUR_MS, **about)
    assert expired.events[0].facts["text"] == (
        "GLY-0042 (Gly) expired on 2026-04-30: only its return or disposal may follow."
    )
    # What has expired is about to expire no more, nor to be used in time.
    assert _over(expired) == ["stock_expiring", "stock_leftover"]
    still = watch.tell("stock_moved", package="GLY-0042", net_g=5)
    assert rows_of(still, "alert") == []
    gone = watch.tell("stock_moved", package="GLY-0042", net_g=0)
    assert _over(gone) == ["stock_expired"]


def test_warning_of_an_expiry_ends_with_the_content_and_with_another_label(watch: Watch) -> None:
    about: dict[str, Json] = {"package": "P", "name": "Gly", "expires_on": "2026-04-30"}
    watch.tell("stock_expiring", **about, days=7)
    watch.tell("stock_expiring", **about, days=7, leftover_g=900, rate_g_per_day=100)
    other = watch.tell("stock_moved", package="Q", movement="use", delta_g=-9, net_g=0)
    assert _over(other) == []
    gone = watch.tell("stock_moved", package="P", movement="use", delta_g=-9, net_g=0)
    assert _over(gone) == ["stock_expiring", "stock_leftover"]
    watch.tell("stock_expired", **about)
    assert _over(watch.tell("newProductEntry", package="P", corrects="0" * 32)) == ["stock_expired"]


def test_an_empty_that_is_due_warns_and_is_critical_once_overdue(watch: Watch) -> None:
    about: dict[str, Json] = {"package": "P", "due_on": "2027-03-02"}
    assert alert_of(watch.tell("return_due", **about, days=30)) == (
        "return_due",
        "warning",
        "return_due//P",
    )
    day_ms = 24 * HOUR_MS
    assert alert_of(watch.tell("return_due", 23 * day_ms, **about, days=7))[1] == "warning"
    late = watch.tell("return_overdue", 31 * day_ms, **about, days=-1)
    assert alert_of(late)[:2] == ("return_overdue", "critical")
    assert _over(late) == ["return_due"]
    left = watch.tell("emptyPackageExit", 32 * day_ms, package="P", destination="centre")
    assert _over(left) == ["return_overdue"]


@pytest.mark.parametrize("movement", ["dispose", "defective"])
def test_what_left_with_its_content_is_not_to_be_brought_back(watch: Watch, movement: str) -> None:
    facts: dict[str, Json] = {"package": "P", "movement": movement, "net_g": 0}
    watch.tell("return_due", package="P", due_on="2027-03-02", days=30)
    back = watch.tell("stock_moved", **facts | {"net_g": 900}, delta_g=900)  # a correction
    assert _over(back) == []
    assert _over(watch.tell("stock_moved", **facts, delta_g=-900)) == ["return_due"]


def _over(outcome: Outcome) -> list[str]:
    rows = [row.values for row in rows_of(outcome, "alert")]
    return sorted(str(row["rule"]) for row in rows if row["state"] == "resolved")

"""Medals, other scales, and the statement with its transactions (A92 to A96, A126, A127)."""

import csv
import io
import re
from dataclasses import replace
from html import unescape

import pytest

from fognode.page.lists import plain
from tests.page.conftest import HERON, NOW_MS, TX, Farm, package_row, points_row, row

DAY_MS = 86_400_000
PUBLIC = "0x" + "cd" * 32


def text_of(page: str) -> str:
    text = re.sub(r"<(style|script|title).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+([,.:;])", r"\1", " ".join(unescape(text).split()))


def seen(farm: Farm, path: str) -> str:
    page = farm.app().test_client().get(path)
    assert page.status_code == 200
    return text_of(page.text)


def earn(farm: Farm, count: int, source: str = "AgroSul") -> None:
    for number in range(count):
        name = f"{source}-{number}"
        steps = (("received", 1), ("prepared", 2), ("returned", 3))
        rows = [points_row(name, step, worth) for step, worth in steps]
        rows.append(package_row(name, 6, tag=f"{source}{number}", source=source))
        farm.tell("points_earned", 200 + number + 100 * len(source), {}, *rows)


def test_medals_are_counted_anew_from_the_entries(farm: Farm) -> None:
    earn(farm, 10)
    words = seen(farm, "/points")
    assert "60 points, each final on both chains" in words
    assert "10 of 10 units that were due are back" in words
    assert "First return ✓ reached" in words
    assert "Bronze ✓ reached" in words
    assert "Silver ○ not yet 50 units back, 90 % of those due, 270 points" in words


def test_medal_goes_when_a_correction_takes_the_return_back(farm: Farm) -> None:
    earn(farm, 10)
    back = points_row("AgroSul-1", "returned", -3)
    back.values["entry"] = "AgroSul-1/returned/reversed"
    farm.tell("points_reversed", 990, {}, back)
    words = seen(farm, "/points")
    assert "57 points" in words
    assert "Bronze ○ not yet" in words
    assert "AgroSul-1 returned, taken back -3" in words


def test_score_is_counted_again_when_a_row_changed_and_on_another_day(full: Farm) -> None:
    client = full.app().test_client()
    due = row("deadline", package="GLY-0042", due_on="2026-09-22", as_of_seq=70)
    full.tell("return_due", 70, {}, due)
    assert "1 of 1 units that were due are back" in text_of(client.get("/points").text)
    full.live = replace(full.live, now_ms=NOW_MS + DAY_MS)
    assert "1 of 2 units that were due are back" in text_of(client.get("/points").text)
    back = points_row("ATR-0008", "returned", -3, seq=71)
    back.values["entry"] = "ATR-0008/returned/reversed"
    full.tell("points_reversed", 71, {}, back)
    assert "0 of 1 units that were due are back" in text_of(client.get("/points").text)


def test_other_scales_stand_apart_and_are_never_added(full: Farm) -> None:
    scales = {"participation": 12, "data_sent": 31, "data_disclosed": 7}
    rows = [row("counter", scale=scale, count=count) for scale, count in scales.items()]
    full.tell("node_started", 60, {}, *rows)
    words = seen(full, "/points")
    assert "4 points, each final on both chains" in words
    assert "Participation 12" in words
    assert "Data sent 31" in words
    assert "Data disclosed 7" in words
    assert "never added to them" in words


def test_what_was_done_and_does_not_count_says_what_is_missing(full: Farm) -> None:
    way = row("way_back", package="GLY-0043", route="rinsed")
    full.tell("package_prepared", 61, {}, way)
    words = seen(full, "/points")
    assert "GLY-0043 prepared +2 missing: a photo or a witness of it" in words
    assert "GLY-0042 received" in words.partition("Earned")[2]  # that one counts


def test_packaging_that_no_centre_takes_is_offered_no_points(full: Farm) -> None:
    kept = "not_returnable"
    rows = [package_row(f"N-{n}", n, tag="", packaging=kept) for n in (3, 4)]
    full.tell("package_emptied", 62, {}, *rows)
    words = seen(full, "/points")
    assert "Prepare 1 empty package: +2" in words  # GLY-0043 alone
    assert "Return" not in words.partition("What earns next")[2].partition("Done, and")[0]


def test_statement_gives_each_line_with_both_transactions_and_its_own_sum(full: Farm) -> None:
    words = seen(full, "/statement")
    assert "GLY-0042 Glyphosate 480 SL received +1 2026-09-21" in words
    assert f"private {TX} public {PUBLIC}" in words
    assert "Sum of 2 lines 4 points" in words
    assert "Received 1 Prepared 0 Returned 3" in words


def test_statement_names_no_person_and_promises_nothing(full: Farm) -> None:
    page = full.app().test_client().get("/statement").text
    assert "Heron" not in page
    assert HERON not in page
    assert not re.search(r"compliant|legal|certified", page, re.IGNORECASE)


def test_supplier_is_shown_what_it_delivered_itself_and_nothing_else(full: Farm) -> None:
    earn(full, 2, "Ceres")
    page = full.app().test_client().get("/statement?supplier=Ceres").text
    table = text_of(page.partition("<table")[2].partition("</table>")[0])
    assert "Ceres-0" in table
    assert "GLY-0042" not in table
    assert "Sum of 6 lines 12 points" in text_of(page)
    assert "for Ceres: only what it delivered" in text_of(page)
    assert "noprint" in page.partition("</dl>")[2]  # the choice of others is not printed
    assert "No step is final on both chains for this choice." in seen(full, "/statement?supplier=X")


def test_statement_of_some_days_is_by_the_farms_clock(full: Farm) -> None:
    old = points_row("GLY-0043", "received", 1)
    old.values["earned_at_ms"] = NOW_MS - 30 * DAY_MS
    full.tell("points_earned", 62, {}, old)
    assert "Sum of 1 line 1 point" in seen(full, "/statement?until=2026-08-31")
    assert "Sum of 2 lines 4 points" in seen(full, "/statement?since=2026-08-23")
    assert "Sum of 3 lines 5 points" in seen(full, "/statement")


@pytest.mark.parametrize("asked", ["since=x", "until=2026-13-01", "since=<b>"])
def test_day_that_is_none_is_refused(full: Farm, asked: str) -> None:
    client = full.app().test_client()
    for path in ("/statement", "/api/v1/statement"):
        answer = client.get(f"{path}?{asked}")
        assert answer.status_code == 400
        assert "must be a day like 2026-03-02" in unescape(answer.text)


def test_reversed_entry_is_a_line_below_zero(full: Farm) -> None:
    back = points_row("ATR-0008", "returned", -3)
    back.values["entry"] = "ATR-0008/returned/reversed"
    full.tell("points_reversed", 63, {}, back)
    words = seen(full, "/statement")
    assert "returned, taken back -3" in words
    assert "Sum of 3 lines 1 point" in words


def test_statement_is_a_list_of_the_api_too(full: Farm) -> None:
    client = full.app().test_client()
    told = client.get("/api/v1/statement").json
    assert told is not None
    assert told["points"] == 4
    assert told["statement"][1] == plain(
        {
            "entry": "GLY-0042/received",
            "package": "GLY-0042",
            "gtin": "07891234567895",
            "step": "received",
            "points": 1,
            "private_tx": TX,
            "public_tx": PUBLIC,
            "earned_at_ms": NOW_MS - 100_000,
        }
    )
    answer = client.get("/api/v1/statement?format=csv&supplier=AgroSul")
    assert answer.headers["Fognode-Points"] == "4"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [line["package"] for line in rows] == ["ATR-0008", "GLY-0042"]
    for asked in ("after=1", "limit=5", "nope=1"):
        assert client.get(f"/api/v1/statement?{asked}").status_code == 400


def test_statement_is_not_reloaded_while_it_is_read(full: Farm) -> None:
    assert "page.js" not in full.app().test_client().get("/statement").text


def test_hostile_names_are_escaped_in_the_statement(full: Farm) -> None:
    hostile = "<script>alert(1)</script>"
    rows = [points_row(hostile, "received", 1), package_row(hostile, 1, source=hostile, tag="9")]
    full.tell("points_earned", 64, {}, *rows)
    client = full.app().test_client()
    for path in ("/points", "/statement"):
        page = client.get(path, query_string={"supplier": hostile}).text
        assert hostile not in page
        assert "&lt;script&gt;" in page

"""/points and /statement: what was earned, what is missing for more, and a sheet to show of it.

``statement_rows`` is also the list /api/v1/statement.  Points come from the rows each time, and
are added up again: nothing about them is stored (A93, A95).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from flask import abort, current_app, g, render_template, request

from fognode.custody.medals import MEDALS, Medal, Score, score
from fognode.custody.statements import Statement, statement
from fognode.events import RowValues
from fognode.page.live import Desk
from fognode.page.pending import Pending, pending_of
from fognode.page.queries import NOT_BACK, POINTS_SHOWN, products, query_gaming_points
from fognode.page.stock import farm_day
from fognode.store.reader import Reader

MOST = 100_000  # rows of a table that the score is counted from
PENDING_SHOWN = 30  # packages
STEPS = 50  # newest of a package on the chains
COUNTED = ("points", "package", "deadline", "way_back", "batch", "chain_outbox")
SCALES = {
    "participation": ("Participation", "steps of packages that people took part in"),
    "data_sent": ("Data sent", "records that partners, authority or private chain took"),
    "data_disclosed": ("Data disclosed", "records that everybody can read on the public chain"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What all rows together say."""

    score: Score
    waiting: tuple[Pending, ...]  # of the newest packages
    waiting_count: int  # packages, these and all others


@dataclass(frozen=True, slots=True, kw_only=True)
class Towards:
    """One medal, and whether it stands."""

    medal: Medal
    is_won: bool


def points(desk: Desk) -> str:
    """Show the score, its medals, what earns next, and what is missing for what was done."""
    reader, now = desk.reader, count_anew(desk)
    return render_template(
        "points.html",
        points=query_gaming_points(reader, POINTS_SHOWN),
        score=now.score,
        medals=[Towards(medal=medal, is_won=medal.name in now.score.medals) for medal in MEDALS],
        scales={SCALES[str(row["scale"])]: row["count"] for row in _scales(reader)},
        waiting=now.waiting,
        waiting_count=now.waiting_count,
        shown=PENDING_SHOWN,
        empty=reader.count("package", {"state": 3}) - _kept(reader, 3),
        prepared=reader.count("package", {"state": 4}) - _kept(reader, 4),
    )


def _kept(reader: Reader, state: int) -> int:
    return reader.count("package", {"state": state, "packaging": NOT_BACK})


def count_anew(desk: Desk) -> Counted:
    """Return the score, counted from all rows whenever one of them is another than before.

    Raises:
        StoreError: The database is away.
    """
    reader, today = desk.reader, farm_day(desk)
    newest = [reader.rows(table, None, "-as_of_seq", 1) for table in COUNTED]
    key = (today, *(int(rows[0]["as_of_seq"] or 0) if rows else 0 for rows in newest))
    kept: dict[object, Counted] = current_app.extensions.setdefault("fognode_score", {})
    if key not in kept:
        entries, packages = _all_entries(reader), _all_packages(reader)
        waiting, waiting_count = pending_now(reader, entries, packages)
        score = score_now(reader, entries, packages, today)
        made = Counted(score=score, waiting=tuple(waiting), waiting_count=waiting_count)
        kept.clear()
        kept[key] = made
        return made
    return kept[key]


def score_now(
    reader: Reader, entries: Sequence[RowValues], packages: Sequence[RowValues], today: date
) -> Score:
    """Return points and medals, counted anew from the rows.

    Raises:
        StoreError: The database is away.
    """
    due_on = {
        str(row["package"]): str(row["due_on"]) for row in reader.rows("deadline", limit=MOST)
    }
    return score(entries, packages, due_on, today.isoformat())


def pending_now(
    reader: Reader, entries: Sequence[RowValues], packages: Sequence[RowValues]
) -> tuple[list[Pending], int]:
    """Return steps that were made and do not count yet, and of how many packages in all.

    The steps are those of the newest packages.

    Raises:
        StoreError: The database is away.
    """
    earned: dict[tuple[str, str], int] = {}
    for row in entries:
        key = (str(row["package"]), str(row["step"]))
        earned[key] = earned.get(key, 0) + int(row["points"] or 0)
    ways = {str(row["package"]): row for row in reader.rows("way_back", limit=MOST)}
    open_ones = [row for row in packages if not _is_done(row, ways, earned)]
    open_ones.sort(key=lambda row: -int(row["as_of_seq"] or 0))
    some = open_ones[:PENDING_SHOWN]
    steps = [
        step
        for row in some
        for step in reversed(
            reader.rows("chain_outbox", {"package": row["package"]}, "-created_at_ms", STEPS)
        )
    ]
    loads = {str(row["batch"]): row for row in reader.rows("batch", limit=MOST)}
    return pending_of(some, ways, earned, steps, loads), len(open_ones)


def _is_done(
    row: RowValues, ways: Mapping[str, RowValues], earned: Mapping[tuple[str, str], int]
) -> bool:
    name = str(row["package"])
    way = ways.get(name, {})
    made = ["received"] + ["prepared"] * bool(way.get("route"))
    made += ["returned"] * bool(way.get("left_at_ms"))
    return all(earned.get((name, step), 0) > 0 for step in made)


def statement_page(desk: Desk) -> str:
    """Show the statement: each entry with its transaction on both chains, to be printed."""
    g.still = True  # it is read, or printed
    told = statement_now(desk)
    names = products(desk.reader)
    suppliers = sorted({str(row["source"]) for row in _all_packages(desk.reader)} - {""})
    return render_template(
        "statement.html",
        statement=told,
        products=names,
        suppliers=suppliers,
        since=_day("since"),
        until=_day("until"),
        head=desk.reader.head()[0],
        by_step={
            step: sum(line.points for line in told.lines if line.step == step)
            for step in ("received", "prepared", "returned")
        },
    )


def statement_now(desk: Desk) -> Statement:
    """Return the statement that the request asks for, its days on the farm's clock.

    Raises:
        StoreError: The database is away.
    """
    since, until = _day("since"), _day("until")
    entries = [
        row
        for row in _all_entries(desk.reader)
        if (since or "0") <= _on(desk, row["earned_at_ms"]) <= (until or "9")
    ]
    packages = {str(row["package"]): row for row in _all_packages(desk.reader)}
    return statement(entries, packages, _asked("supplier"))


def statement_rows(desk: Desk) -> list[RowValues]:
    """Return the lines of the statement as rows of a list."""
    return [asdict(line) for line in statement_now(desk).lines]


def _asked(name: str) -> str:
    asked: Mapping[str, str] = g.asked if "asked" in g else request.args
    return asked.get(name, "").strip()


def _day(name: str) -> str:
    text = _asked(name)
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        abort(400, f"{name} = {text[:20]!r} must be a day like 2026-03-02")


def _on(desk: Desk, at_ms: object) -> str:
    at = datetime.fromtimestamp(int(str(at_ms)) / 1000, UTC)
    return at.astimezone(desk.config.zone).date().isoformat()


def _all_entries(reader: Reader) -> list[RowValues]:
    return reader.rows("points", limit=MOST)


def _all_packages(reader: Reader) -> list[RowValues]:
    return reader.rows("package", limit=MOST)


def _scales(reader: Reader) -> list[RowValues]:
    return [row for row in reader.rows("counter") if row["scale"] in SCALES]

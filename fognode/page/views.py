"""The farmer's pages, one function each; rows come from the reader, nothing is written."""

from collections.abc import Callable, Mapping

from flask import abort, g, render_template

from fognode.config import CHAIN_NAMES
from fognode.events import Kind
from fognode.page.banner import DISK_LOW_MB, banner_now
from fognode.page.live import Desk, Live
from fognode.page.points import points, statement_page
from fognode.page.queries import (
    cabinets_now,
    chain_records,
    chains_of,
    contents,
    firing,
    first,
    last_told,
    package_counts,
    people,
    place_names,
    products,
    query_dapps,
    query_gaming_points,
    query_tier2_views,
)
from fognode.page.recorded import recorded
from fognode.page.stock import stock
from fognode.page.stories import is_told
from fognode.page.tokens import is_local
from fognode.page.wording import STATES

LIST_LIMIT = 200  # packages at once; the page says so when there are more
RECORD_SHOWN = 100  # events of the record at once
STORY_LIMIT, STEPS_LIMIT = 100, 50  # newest events and newest ledger steps of one package
PHOTO_PATH = "/photos/<photo>"

# What tells the story of a package, in the order of the record.
PACKAGE_KINDS = (
    Kind.NEW_PRODUCT_ENTRY,
    Kind.HANDLE_PRODUCT,
    Kind.PACKAGE_EMPTIED,
    Kind.PACKAGE_PREPARED,
    Kind.PACKAGE_MOVED,
    Kind.PACKAGE_RESTATED,
    Kind.STOCK_MOVED,
    Kind.DISCREPANCY_FOUND,
    Kind.DISCREPANCY_CLOSED,
    Kind.EMPTY_PACKAGE_EXIT,
    Kind.POINTS_EARNED,
    Kind.POINTS_REVERSED,
    Kind.LEDGER_SEEN,
    Kind.PHOTO_KEPT,
)


def home(desk: Desk) -> str:
    """Show in three seconds whether all is well; details stand below."""
    alerts = firing(desk.reader)
    openings = desk.reader.rows("opening", None, "-opened_at_ms", 6)
    tasks = ("sessions", "clusters", "demand")
    findings = [
        row
        for task in tasks
        for row in desk.reader.rows("finding", {"task": task}, "-found_at_ms", 1)
    ]
    return render_template(
        "home.html",
        banner=banner_now(_live(), alerts),
        cabinets=cabinets_now(desk, _live()),
        counts=package_counts(desk.reader),
        chains=chains_of(_live()),
        points=query_gaming_points(desk.reader, shown=0),
        openings=openings,
        alerts=alerts,
        findings=findings,
        people=people(desk.reader),
    )


def packages(desk: Desk) -> str:
    """Show every package: where it is, what is left in it, how far its return is."""
    state, states = g.asked.get("state", ""), desk.reader.tally("package", "state")
    if state and state not in map(str, STATES):
        abort(400, f"state = {state[:40]!r} must be a number from 1 to {len(STATES)}")
    if state:
        rows = desk.reader.rows("package", {"state": int(state)}, "out_since_at_ms", LIST_LIMIT)
    else:
        rows = desk.reader.rows("package", None, "state", LIST_LIMIT)
    return render_template(
        "packages.html",
        rows=rows,
        contents=contents(desk.reader, rows),
        state=state,
        states=dict(sorted(states.items())),
        counts=package_counts(desk.reader),
        products=products(desk.reader),
        names=place_names(desk),
        people=people(desk.reader),
    )


def package(desk: Desk, package_id: str) -> str:
    """Show one package: its timeline, and both chains side by side."""
    row = first(desk.reader.rows("package", {"package": package_id}, limit=1))
    if row is None:
        abort(404, f"no package {package_id!r} is known here")
    timeline = desk.reader.newest(STORY_LIMIT, PACKAGE_KINDS, about=package_id)
    owed = desk.reader.rows("chain_outbox", {"package": package_id}, "-created_at_ms", STEPS_LIMIT)
    owed.reverse()
    return render_template(
        "package.html",
        row=row,
        contents=contents(desk.reader, [row]),
        product=products(desk.reader).get(str(row["gtin"]), ""),
        timeline=[told for told in timeline if is_told(told)],
        corrected=desk.reader.corrected(one.event_id for one in timeline),
        shown=STORY_LIMIT,
        steps_shown=STEPS_LIMIT,
        records={name: chain_records(name, owed, timeline) for name in CHAIN_NAMES},
        points=desk.reader.rows("points", {"package": package_id}, "earned_at_ms"),
        names=place_names(desk),
        people=people(desk.reader),
    )


def alerts(desk: Desk) -> str:
    """Show what needs somebody now, what is unexplained, and what has ended."""
    ended = desk.reader.rows("alert", {"state": "resolved"}, "-last_at_ms", 50)
    found = desk.reader.rows("discrepancy", {"state": "open"}, "-found_at_ms", 100)
    owed = desk.reader.count("mail_outbox", {"state": "owed"})
    return render_template(
        "alerts.html",
        firing=firing(desk.reader),
        ended=ended,
        discrepancies=found,
        mails_owed=owed,
        mails_sent=desk.reader.count("mail_outbox", {"state": "sent"}),
    )


def sensors(desk: Desk) -> str:
    """Show each board and sensor with its last value and age, then the node itself."""
    names = place_names(desk)
    return render_template(
        "sensors.html",
        names=names,
        head=desk.reader.head()[0],
        counters=_counter_words(),
        told=last_told(desk.reader),
    )


def ledgers(desk: Desk) -> str:
    """Show both chains: guard, our steps with their transactions, and what is owed."""
    partners = desk.reader.rows("partner_outbox", None, "-as_of_seq", 20)
    authority = desk.reader.rows("gov_outbox", None, "-as_of_seq", 20)
    named = {str(row["event_id"]) for row in (*partners, *authority)}
    return render_template(
        "ledgers.html",
        chains=query_dapps(desk.reader, _live()),
        partners=partners,
        authority=authority,
        steps={event_id: desk.reader.event(event_id) for event_id in named},
    )


def record(desk: Desk) -> str:
    """Show the newest events as they were kept: all, or of a kind, or about a package."""
    kind, about = g.asked.get("kind", ""), g.asked.get("about", "")
    if kind and about:
        abort(400, "kind and about cannot be asked for together")
    before = g.asked.get("before", "0")
    if not (before.isascii() and before.isdigit() and len(before) <= 16):
        abort(400, f"before = {before[:40]!r} must be the number of an event")
    told = query_tier2_views(desk.reader, RECORD_SHOWN, kind, about, int(before))
    head = desk.reader.head()[0]
    return render_template(
        "record.html",
        events=told,
        kind=kind,
        about=about,
        is_newest=before == "0",
        is_cut=len(told) == RECORD_SHOWN,
        head=head,
        corrected=desk.reader.corrected(one.event_id for one, _ in told),
        evidence=_live().evidence,
        low_mb=DISK_LOW_MB,
    )


def photo(desk: Desk, photo: str) -> str:
    """Show what is known of a photo; its picture is a request of its own, which is recorded."""
    looked = desk.photos.look(photo)
    if looked is None:
        abort(404, "no such photo is known here")
    found, hold = looked
    return render_template(
        "photo.html",
        told=found.told,
        erased=found.erased,
        hold=hold,
        standing=desk.reader.corrected([found.told.event_id]).get(found.told.event_id),
        keep_days=desk.config.store.photo_days,
        local=is_local(),
        people=people(desk.reader),
    )


PAGES: dict[str, Callable[..., str]] = {
    "/": home,
    "/packages": packages,
    "/packages/<path:package_id>": package,
    "/alerts": alerts,
    "/sensors": sensors,
    "/ledgers": ledgers,
    "/stock": stock,
    "/points": points,
    "/statement": statement_page,
    "/recorded/<seq>": recorded,
    "/record": record,
    PHOTO_PATH: photo,
}


def _live() -> Live:
    live: Live = g.live  # one snapshot a request: create_app
    return live


def _counter_words() -> Mapping[str, str]:
    return {
        "frames": "frames heard",
        "bad_frames": "broken frames",
        "unknown": "of unknown boards",
        "rejected": "refused",
        "repeated": "sent again",
        "lost": "lost by the board",
        "pending": "waiting for the store",
    }

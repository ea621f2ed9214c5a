"""The farmer's pages, one function each; rows come from the reader, nothing is written.

``query_dapps``, ``query_tier2_views`` and ``query_gaming_points`` are the three queries of
the visualization tier.  Source: APTM paper, section 4.2 and figure 6.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from flask import abort, g, render_template, request

from fognode import hashing
from fognode.config import CHAIN_NAMES
from fognode.events import Kind, RowValues, Stored
from fognode.page.banner import DISK_LOW_MB, banner_now
from fognode.page.live import ChainNow, Desk, Line, Live, pending_steps
from fognode.page.wording import STATES
from fognode.store.reader import Reader

LIST_LIMIT = 200  # packages at once; the page says so when there are more
RECORD_SHOWN = 100  # events of the record at once
STORY_LIMIT, STEPS_LIMIT = 100, 50  # newest events and newest ledger steps of one package
PHOTO_PATH = "/photos/<photo>"
PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
POINTS_SHOWN = 50  # newest entries of the score

# What tells the story of a package, in the order of the record.
PACKAGE_KINDS = (
    Kind.NEW_PRODUCT_ENTRY,
    Kind.HANDLE_PRODUCT,
    Kind.PACKAGE_EMPTIED,
    Kind.PACKAGE_PREPARED,
    Kind.PACKAGE_MOVED,
    Kind.EMPTY_PACKAGE_EXIT,
    Kind.POINTS_EARNED,
    Kind.LEDGER_SEEN,
    Kind.PHOTO_KEPT,
)
FARM_STATES = (1, 2, 3, 4)  # sealed, in use, empty, prepared: still in the farm's hands


@dataclass(frozen=True, slots=True, kw_only=True)
class Cabinet:
    """One cabinet as it stands."""

    name: str
    opening: RowValues | None  # the newest one
    line: Line | None

    @property
    def is_open(self) -> bool:
        """Whether the newest opening has not ended."""
        return self.opening is not None and not self.opening["closed_at_ms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many packages are where."""

    inside: int
    out: int
    to_return: int  # empty or prepared, of those inside or out
    returned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainView:
    """One chain: what its thread says now, its guard, and the steps we owe or made."""

    now: ChainNow | None  # None = not set up
    guard: RowValues | None
    pending: int
    rows: list[RowValues]  # newest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """The score: entries exist only where both chains are final."""

    total: int
    steps: int  # how many entries there are
    entries: list[RowValues]  # newest first, not all
    by_step: dict[str, int]  # points of each step


def query_dapps(reader: Reader, live: Live, limit: int = 50) -> dict[str, ChainView]:
    """Return what both chains say, and what is still owed to each.

    Raises:
        StoreError: The database is away.
    """
    return {
        name: ChainView(
            now=now,
            guard=_first(reader.rows("chain_guard", {"chain": name}, limit=1)),
            pending=pending_steps(reader, name),
            rows=reader.rows("chain_outbox", {"chain": name}, "-created_at_ms", limit),
        )
        for name, now in _chains(live).items()
    }


def query_tier2_views(
    reader: Reader, limit: int = 100, kind: str = "", about: str = "", before: int = 0
) -> list[tuple[Stored, str]]:
    """Return the newest events of the record, each with the hash of its bytes, newest first.

    The hash is the leaf that inclusion proofs start from (hashing.leaf_hash).  With a kind,
    only those of this kind; ``about`` and ``before`` are those of ``Reader.newest``.

    Raises:
        StoreError: The database is away.
    """
    newest = reader.newest(limit, [kind] if kind else [], about, before)
    return [(told, hashing.leaf_hash(told.body).hex()) for told in newest]


def query_gaming_points(reader: Reader, shown: int = POINTS_SHOWN) -> Points:
    """Return the score and its newest entries.

    Raises:
        StoreError: The database is away.
    """
    earned = reader.tally("points", "step", "points")
    by_step = dict.fromkeys(("received", "prepared", "returned"), 0)
    by_step |= {str(step): points for step, points in earned.items()}
    return Points(
        total=sum(by_step.values()),
        steps=sum(reader.tally("points", "step").values()),
        entries=reader.rows("points", None, "-earned_at_ms", shown) if shown else [],
        by_step=by_step,
    )


def home(desk: Desk) -> str:
    """Show in three seconds whether all is well; details stand below."""
    alerts = _firing(desk.reader)
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
        chains=_chains(_live()),
        points=query_gaming_points(desk.reader, shown=0),
        openings=openings,
        alerts=alerts,
        findings=findings,
        people=_people(desk.reader),
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
        state=state,
        states=dict(sorted(states.items())),
        counts=package_counts(desk.reader),
        products=_products(desk.reader),
        names=place_names(desk),
        people=_people(desk.reader),
    )


def package(desk: Desk, package_id: str) -> str:
    """Show one package: its timeline, and both chains side by side."""
    row = _first(desk.reader.rows("package", {"package": package_id}, limit=1))
    if row is None:
        abort(404, f"no package {package_id!r} is known here")
    timeline = desk.reader.newest(STORY_LIMIT, PACKAGE_KINDS, about=package_id)
    owed = desk.reader.rows("chain_outbox", {"package": package_id}, "-created_at_ms", STEPS_LIMIT)
    owed.reverse()
    return render_template(
        "package.html",
        row=row,
        product=_products(desk.reader).get(str(row["gtin"]), ""),
        timeline=[told for told in timeline if told.kind != Kind.LEDGER_SEEN],
        corrected=desk.reader.corrected(one.event_id for one in timeline),
        shown=STORY_LIMIT,
        steps_shown=STEPS_LIMIT,
        records={name: chain_records(name, owed, timeline) for name in CHAIN_NAMES},
        points=desk.reader.rows("points", {"package": package_id}, "earned_at_ms"),
        names=place_names(desk),
        people=_people(desk.reader),
    )


def alerts(desk: Desk) -> str:
    """Show what needs somebody now, what is unexplained, and what has ended."""
    ended = desk.reader.rows("alert", {"state": "resolved"}, "-last_at_ms", 50)
    found = desk.reader.rows("discrepancy", {"state": "open"}, "-found_at_ms", 100)
    owed = desk.reader.count("mail_outbox", {"state": "owed"})
    return render_template(
        "alerts.html",
        firing=_firing(desk.reader),
        ended=ended,
        discrepancies=found,
        mails_owed=owed,
        mails_sent=desk.reader.count("mail_outbox", {"state": "sent"}),
    )


def sensors(desk: Desk) -> str:
    """Show each board and sensor with its last value and age, then the node itself."""
    names = place_names(desk)
    return render_template(
        "sensors.html", names=names, head=desk.reader.head()[0], counters=_counter_words()
    )


def ledgers(desk: Desk) -> str:
    """Show both chains: guard, our steps with their transactions, and what is owed."""
    return render_template(
        "ledgers.html",
        chains=query_dapps(desk.reader, _live()),
        partners=desk.reader.rows("partner_outbox", None, "-as_of_seq", 20),
        authority=desk.reader.rows("gov_outbox", None, "-as_of_seq", 20),
    )


def points(desk: Desk) -> str:
    """Show the score, each entry with its two transactions, and the next step that earns."""
    return render_template(
        "points.html",
        points=query_gaming_points(desk.reader, POINTS_SHOWN),
        empty=desk.reader.count("package", {"state": 3}),
        prepared=desk.reader.count("package", {"state": 4}),
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
        people=_people(desk.reader),
    )


def is_local() -> bool:
    """Tell whether the request comes from a browser on the node itself, through no proxy."""
    passed_on = any(name in request.headers for name in PROXY_HEADERS)
    try:
        return ip_address(request.remote_addr or "").is_loopback and not passed_on
    except ValueError:
        return False


PAGES: dict[str, Callable[..., str]] = {
    "/": home,
    "/packages": packages,
    "/packages/<path:package_id>": package,
    "/alerts": alerts,
    "/sensors": sensors,
    "/ledgers": ledgers,
    "/points": points,
    "/record": record,
    PHOTO_PATH: photo,
}


def cabinets_now(desk: Desk, live: Live) -> list[Cabinet]:
    """Return every cabinet of the configuration with its newest opening and its board."""
    lines = {line.board: line for line in live.lines}
    return [
        Cabinet(
            name=cabinet.name or cabinet.id,
            opening=_first(
                desk.reader.rows("opening", {"cabinet": cabinet.id}, "-opened_at_ms", 1)
            ),
            line=lines.get(cabinet.board),
        )
        for cabinet in desk.config.cabinets
    ]


def package_counts(reader: Reader) -> Counts:
    """Return how many packages are in their place, out, to be returned, and returned."""
    states = dict.fromkeys(range(1, 7), 0) | reader.tally("package", "state")
    inside = reader.count("package", {"state": FARM_STATES, "out_since_at_ms": 0})
    held = sum(states[state] for state in FARM_STATES)
    return Counts(
        inside=inside,
        out=held - inside,
        to_return=states[3] + states[4],
        returned=states[5] + states[6],
    )


def chain_records(
    chain: str, owed: Sequence[RowValues], timeline: Sequence[Stored]
) -> list[RowValues]:
    """Return what stands on one chain about a package: our steps, then others' records."""
    seen: list[RowValues] = [
        {
            "kind": told.number("kind"),
            "state": "SEEN",
            "tx_hash": told.text("tx_hash"),
            "block_number": told.number("block_number"),
            "seq": told.number("seq"),
            "error_text": "",
        }
        for told in timeline
        if told.kind == Kind.LEDGER_SEEN and told.text("chain") == chain
    ]
    return [row for row in owed if row["chain"] == chain] + seen


def place_names(desk: Desk) -> dict[str, str]:
    """Return the written name of each cabinet and place."""
    places = {place.id: place.name or place.id for place in desk.config.places}
    return places | {cabinet.id: cabinet.name or cabinet.id for cabinet in desk.config.cabinets}


def _chains(live: Live) -> dict[str, ChainNow | None]:
    states = {chain.name: chain for chain in live.chains}
    return {name: states.get(name) for name in CHAIN_NAMES}


def _live() -> Live:
    live: Live = g.live  # one snapshot a request: create_app
    return live


def _firing(reader: Reader) -> list[RowValues]:
    rows = reader.rows("alert", {"state": "firing"}, "-last_at_ms", 100)
    weights = {"critical": 0, "warning": 1}
    return sorted(rows, key=lambda row: weights.get(str(row["severity"]), 2))


def _people(reader: Reader) -> dict[str, str]:
    return {str(row["person"]): str(row["alias"]) for row in reader.rows("person")}


def _products(reader: Reader) -> dict[str, str]:
    return {str(row["gtin"]): str(row["name"]) for row in reader.rows("product")}


def _first(rows: Sequence[RowValues]) -> RowValues | None:
    return rows[0] if rows else None


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

"""What the pages ask the reader for; nothing is written.

``query_dapps``, ``query_tier2_views`` and ``query_gaming_points`` are the three queries of
the visualization tier.  Source: APTM paper, section 4.2 and figure 6.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fognode import hashing
from fognode.config import CHAIN_NAMES
from fognode.events import Kind, RowValues, Stored
from fognode.page.live import ChainNow, Desk, Line, Live, pending_steps
from fognode.page.wording import weight
from fognode.store.reader import Reader

# Types of sensor that give no readings between their events, and these events.
ONLY_EVENTS = {
    "vibration": ("vibration_shake",),
    "tag": ("tag_in", "tag_out"),
    "code": ("code_scan",),
}
TOLD_LOOKED_AT = 100
POINTS_SHOWN = 50  # newest entries of the score
EMPTY_STATES = (3, 4)  # empty, prepared
NOT_BACK = "not_returnable"  # packaging that no centre takes back: it is disposed of
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


def contents(reader: Reader, packages: Sequence[RowValues]) -> dict[str, str]:
    """Return in words what is in each of these packages, and whether anybody weighed that.

    Raises:
        StoreError: The database is away.
    """
    names = tuple(str(row["package"]) for row in packages)
    rows = reader.rows("stock", {"package": names}, limit=len(names)) if names else []
    known = {row["package"]: row for row in rows}
    return {str(row["package"]): _content(known.get(row["package"]), row) for row in packages}


def _content(stock: RowValues | None, package: RowValues) -> str:
    if stock is None:
        return weight(max(int(package["gross_g"] or 0) - int(package["tare_g"] or 0), 0))
    told = weight(max(int(stock["net_g"] or 0), 0))
    return told if stock["weighed"] else f"{told}, declared, never weighed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many packages are where."""

    inside: int
    out: int
    to_return: int  # empty or prepared, of those inside or out, but what no centre takes
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
            guard=first(reader.rows("chain_guard", {"chain": name}, limit=1)),
            pending=pending_steps(reader, name),
            rows=reader.rows("chain_outbox", {"chain": name}, "-created_at_ms", limit),
        )
        for name, now in chains_of(live).items()
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


def cabinets_now(desk: Desk, live: Live) -> list[Cabinet]:
    """Return every cabinet of the configuration with its newest opening and its board."""
    lines = {line.board: line for line in live.lines}
    return [
        Cabinet(
            name=cabinet.name or cabinet.id,
            opening=first(desk.reader.rows("opening", {"cabinet": cabinet.id}, "-opened_at_ms", 1)),
            line=lines.get(cabinet.board),
        )
        for cabinet in desk.config.cabinets
    ]


def package_counts(reader: Reader) -> Counts:
    """Return how many packages are in their place, out, to be returned, and returned."""
    states = dict.fromkeys(range(1, 7), 0) | reader.tally("package", "state")
    inside = reader.count("package", {"state": FARM_STATES, "out_since_at_ms": 0})
    held = sum(states[state] for state in FARM_STATES)
    kept = reader.count("package", {"state": EMPTY_STATES, "packaging": NOT_BACK})
    return Counts(
        inside=inside,
        out=held - inside,
        to_return=states[3] + states[4] - kept,
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


def last_told(reader: Reader) -> dict[tuple[str, str], Stored]:
    """Return the newest event of each sensor that has no reading, by board and sensor.

    Looked at are the newest 100 of their events.

    Raises:
        StoreError: The database is away.
    """
    told: dict[tuple[str, str], Stored] = {}
    kinds = tuple(kind for kinds in ONLY_EVENTS.values() for kind in kinds)
    for one in reader.newest(TOLD_LOOKED_AT, kinds):
        told.setdefault((one.text("board"), one.text("sensor")), one)
    return told


def place_names(desk: Desk) -> dict[str, str]:
    """Return the written name of each cabinet and place, of a part with what it is inside."""
    config = desk.config
    names = {place.id: place.name or place.id for place in config.places}
    names |= {cabinet.id: cabinet.name or cabinet.id for cabinet in config.cabinets}
    inside = {place.id: place.inside for place in config.places if place.inside}
    return names | {name: f"{names[name]} ({names[of]})" for name, of in inside.items()}


def chains_of(live: Live) -> dict[str, ChainNow | None]:
    """Return each chain as its thread sees it, None for one that is not set up."""
    states = {chain.name: chain for chain in live.chains}
    return {name: states.get(name) for name in CHAIN_NAMES}


def first(rows: Sequence[RowValues]) -> RowValues | None:
    """Return the first row, if there is one."""
    return rows[0] if rows else None


def firing(reader: Reader) -> list[RowValues]:
    """Return the alerts that fire, the worst first."""
    rows = reader.rows("alert", {"state": "firing"}, "-last_at_ms", 100)
    weights = {"critical": 0, "warning": 1}
    return sorted(rows, key=lambda row: weights.get(str(row["severity"]), 2))


def people(reader: Reader) -> dict[str, str]:
    """Return the pseudonym of each person."""
    return {str(row["person"]): str(row["alias"]) for row in reader.rows("person")}


def products(reader: Reader) -> dict[str, str]:
    """Return the name of each product by GTIN."""
    return {str(row["gtin"]): str(row["name"]) for row in reader.rows("product")}

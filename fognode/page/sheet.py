"""The safety sheet: what is in each cabinet, its hazards, first aid, whom to call.

One HTML file that needs nothing else: no database, no style sheet, no network.  Whoever
stands before a spill or a fire reads it, so it says in large type when it was written.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from html import escape

from fognode import hashing
from fognode.custody.amounts import millilitres
from fognode.events import RowValues
from fognode.page.wording import weight

FILE = "safety.html"  # in DIR
IN_HANDS = "In somebody's hands"
# 0 says none as well as nobody told: the label decides.
CLASSES = (
    "none told: read the label",
    "1 - fatal",
    "2 - fatal",
    "3 - toxic",
    "4 - harmful",
    "5 - may harm",
)
STYLE = (
    "body{font:18px/1.45 system-ui,sans-serif;margin:1rem auto;max-width:60rem;padding:0 1rem;"
    "color:#111;background:#fff}h1{margin:0}.date,.call{font-size:1.7rem;font-weight:700;margin:"
    ".4rem 0}.call{border:3px solid #b00020;padding:.5rem}.old{background:#b00020;color:#fff;"
    "font-size:1.5rem;padding:.5rem}.table{overflow-x:auto}table{border-collapse:collapse;width:"
    "100%}th,td{border:1px solid #777;padding:.4rem;text-align:left;vertical-align:top}"
    "th{background:#eee}@media(max-width:40rem){thead{display:none}tr,td{display:block}"
    "tr{border:2px solid #333;margin:.6rem 0}td{border:0}td::before{content:attr(data-of) ': ';"
    "font-weight:700}}"
)
SCRIPT = (
    "function look(){document.getElementById('old').hidden="
    "Date.now()-document.body.dataset.at<864e5}look();setInterval(look,60000)"
)


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashing.sha256(text.encode())).decode()}'"


# The only page with a style and a script inside: these two, and no other.
POLICY = (
    f"default-src 'none'; style-src {_source(STYLE)}; script-src {_source(SCRIPT)}; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What the sheet tells: rows of the derived tables, and the farm's own words."""

    farm: str
    poison_centre: str  # "" = nobody wrote it into fognode.toml
    cabinets: Mapping[str, str]  # id -> written name; each has a part of its own, empty too
    stock: Sequence[RowValues]
    products: Mapping[str, RowValues]  # by GTIN


def render_sheet(told: Contents, at_ms: int, zone: tzinfo) -> str:
    """Return the sheet as one HTML page; every name in it is escaped."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)
    centre = escape(told.poison_centre) or "________ (write the number here)"
    parts = "\n".join(_part(told, name, rows) for name, rows in _places(told).items())
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Safety sheet · {escape(told.farm)}</title>
<style>{STYLE}</style></head>
<body data-at="{at_ms}">
<h1>Safety sheet · {escape(told.farm)}</h1>
<p class="date">As of {at:%Y-%m-%d %H:%M}</p>
<p class="old" id="old" hidden>This sheet may be old: it is more than 24 hours of age.</p>
<p class="call">Poison centre: {centre}</p>
{parts}
<p>Written by the node when the stock changes and at least twice a day. A sheet of more than a
day may be old: look into the cabinet, with protection.</p>
<script>{SCRIPT}</script>
</body></html>
"""


def render_text(told: Contents, at_ms: int, zone: tzinfo) -> str:
    """Return the same as plain text, for a mail that is read on any telephone."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)
    lines = [
        f"SAFETY SHEET - {told.farm} - as of {at:%Y-%m-%d %H:%M}",
        f"Poison centre: {told.poison_centre or 'nobody wrote its number into fognode.toml'}",
    ]
    for place, rows in _places(told).items():
        lines += ["", told.cabinets.get(place, place).upper()]
        lines += [] if rows else ["Nothing that the record knows of."]
        for gtin, some in sorted(_by_product(rows).items()):
            name, *others = _cells(told, gtin, some)
            lines.append(f"- {name}")
            lines += [f"  {of}: {cell}" for of, cell in zip(COLUMNS[1:], others, strict=True)]
    lines += ["", "The page that goes with this mail says the same and can be printed.", ""]
    return "\n".join(lines)


def _by_product(rows: Sequence[RowValues]) -> dict[str, list[RowValues]]:
    found: dict[str, list[RowValues]] = {}
    for row in rows:
        found.setdefault(str(row["gtin"]), []).append(row)
    return found


def _places(told: Contents) -> dict[str, list[RowValues]]:
    """Return what is where: the cabinets first, then other places, then what is out."""
    found: dict[str, list[RowValues]] = {place: [] for place in told.cabinets}
    for row in sorted(told.stock, key=lambda row: (str(row["place"]) or "~", str(row["package"]))):
        place = str(row["place"]) or (IN_HANDS if row["state"] == "out" else "")
        if place:  # else it has left the farm
            found.setdefault(place, []).append(row)
    return found


def _part(told: Contents, place: str, rows: Sequence[RowValues]) -> str:
    named = told.cabinets.get(place, place)
    if not rows:
        return f"<h2>{escape(named)}</h2>\n<p>Nothing that the record knows of.</p>"
    head = "".join(f"<th>{word}</th>" for word in COLUMNS)
    body = "\n".join(_line(told, gtin, some) for gtin, some in sorted(_by_product(rows).items()))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"
    return f'<h2>{escape(named)}</h2>\n<div class="table">{table}</div>'


COLUMNS = ("Product", "How much", "Toxicity class", "Hazards", "First aid")


def _line(told: Contents, gtin: str, rows: Sequence[RowValues]) -> str:
    cells = zip(COLUMNS, _cells(told, gtin, rows), strict=True)
    return "".join(
        ["<tr>", *(f'<td data-of="{of}">{escape(cell)}</td>' for of, cell in cells), "</tr>"]
    )


def _cells(told: Contents, gtin: str, rows: Sequence[RowValues]) -> tuple[str, ...]:
    product = told.products.get(gtin, {})
    name = str(product.get("name") or f"unknown product {gtin}")
    active = str(product.get("active") or "")
    return (
        f"{name} ({active})" if active else name,
        _amount(rows, int(product.get("density_g_per_l") or 0)),
        _class_of(product),
        str(product.get("hazards") or "not told: read the label"),
        str(product.get("first_aid") or "not told: read the label"),
    )


def _class_of(product: RowValues) -> str:
    told = int(product.get("hazard_class") or 0)
    return CLASSES[told] if 0 <= told < len(CLASSES) else str(told)


def _amount(rows: Sequence[RowValues], density_g_per_l: int) -> str:
    counted = sum(1 for row in rows if row["counted_only"])
    content_g = sum(max(int(row["net_g"] or 0), 0) for row in rows if not row["counted_only"])
    many = f"{len(rows)} package{'s' * (len(rows) != 1)}"
    if counted == len(rows):
        return f"{many}, not weighed"
    content_ml = millilitres(content_g, density_g_per_l)
    litres = f" (about {content_ml // 1000}.{content_ml % 1000 // 100} l)" if content_ml else ""
    rest = f", {counted} of them not weighed" if counted else ""
    return f"{weight(content_g)}{litres} in {many}{rest}"

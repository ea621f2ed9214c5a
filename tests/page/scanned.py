"""A farm where codes are scanned, and what was scanned on it."""

from fognode.boards.codes import encode_scan, scan_facts
from fognode.events import Event, Json, Scalar
from tests.page.conftest import NOW_MS, Farm, known_people, row

GTIN = "7891234567895"
LABEL = b"]d201078912345678951728063010L2406B\x1d21SN0042"
LOT_ONLY = b"]d201078912345678951728063010L2406B"
EAN = b"]E07891234567895"


def label(serial: str, lot: str = "L2406B", day: str = "280630") -> bytes:
    return f"]d2010789123456789517{day}10{lot}\x1d21{serial}".encode()


def ready(farm: Farm, **product: Scalar) -> None:
    """Give the farm its people and a product with its content and tare."""
    known_people(farm)
    told: dict[str, Scalar] = {
        "gtin": GTIN,
        "name": "Glyphosate 480",
        "packaging": "rigid",
        "density_g_per_l": 1170,
        "content_ml": 5000,
        "tare_g": 310,
    }
    farm.tell("product_set", 60, {}, row("product", **{**told, **product}))


def scan(
    farm: Farm, code: bytes, ago_s: int = 20, place: str = "cab1", board: str = "scan1"
) -> str:
    """Keep a scan as a reader's board tells it; return its event_id."""
    facts = scan_facts(encode_scan(code), NOW_MS)
    return sense(farm, "code_scan", ago_s, facts, place, board)


def sense(
    farm: Farm,
    kind: str,
    ago_s: int,
    facts: dict[str, Json],
    place: str = "cab1",
    board: str = "cab01",
) -> str:
    """Keep what a board told so many seconds ago; return its event_id."""
    count = farm.reader.head()[0] + 1
    event = Event(
        kind=kind,
        origin=f"b/{board}/1/{count}",
        happened_at_ms=NOW_MS - ago_s * 1000,
        facts={"board": board, "place": place, "sensor": "B1", **facts},
    )
    farm.keep(event)
    return farm.reader.newest(1, [kind])[0].event_id


def expect(
    farm: Farm, invoice: str = "NF-9", lot: str = "L2406B", place: int = 1, **told: Scalar
) -> None:
    """Let an invoice that is open expect two packages."""
    line: dict[str, Scalar] = {
        "expected": f"{invoice}/{place}",
        "invoice": invoice,
        "gtin": GTIN,
        "name": "GLIFOSATO 480",
        "lot": lot,
        "expires_on": "2028-06-30",
        "quantity": "2",
        "unit": "UN",
        "wanted": 2,
        "confirmed": 0,
    }
    whole = row("expected", **{**line, **told})
    head = row("invoice", invoice=invoice, supplier="AgroSul Ltda", state="open")
    farm.tell("invoice_read", farm.reader.head()[0], {"invoice": invoice}, head, whole)


def deliver(farm: Farm, **told: Json) -> str:
    """Keep a delivery that was declared; return its event_id."""
    count = farm.reader.head()[0]
    facts: dict[str, Json] = {"package": "P-1", "gtin": GTIN, "serial": "SN0042", **told}
    farm.tell("delivery_declared", count, facts)
    return farm.reader.newest(1, ["delivery_declared"])[0].event_id

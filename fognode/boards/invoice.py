"""Invoice files to expected packages: NF-e XML, and CSV where no such file exists.

    read_invoices(bytes) -> [Invoice]      all of a file, or nothing of it
    to_events(invoices)  -> [Event]        invoice_read, then delivery_expected per line

Nothing enters stock by a file: a scan confirms each package (custody/receiving.py).  A file
is hostile until parsed: no DTD, no entities, no network, a size cap, and every fault of the
file is named with its line, all of them at once.

Source: NF-e 4.00, leiauteNFe_v4.00.xsd (PL_010); technical note 2024.003 for the group
``agropecuario``, whose prescriptions belong to the invoice and to none of its lines.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from lxml import etree

from fognode.boards.spreadsheet import FORMULA, Faults, check_size, read_table
from fognode.errors import CodeError, ImportRefusedError
from fognode.events import Event, Json, Kind
from fognode.gs1.keys import normal_gtin
from fognode.hashing import sha256

NFE = "{http://www.portalfiscal.inf.br/nfe}"
KEY = re.compile(r"[0-9]{6}[0-9A-Z]{12}[0-9]{26}")
CNPJ = re.compile(r"[0-9A-Z]{12}[0-9]{2}|[0-9]{11}")  # a farmer who sells may have a CPF
QUANTITY = re.compile(r"[0-9]{1,11}(?:\.[0-9]{1,10})?")
AUTHORISED = "100"  # cStat
COLUMNS = (
    "invoice", "issued_on", "supplier", "gtin", "name", "lot", "expires_on", "quantity", "unit",
)  # fmt: skip
MOST = {"invoice": 60, "supplier": 120, "name": 120, "lot": 40, "unit": 20}  # characters; columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of an invoice, or one lot of it."""

    number: int  # of the line in the file
    gtin: str  # "" = the line names none
    name: str
    lot: str
    made_on: str  # ISO day, "" unknown
    expires_on: str
    quantity: str  # as written, decimal point; of the lot when the line tells lots
    unit: str  # as written: litres, cartons, pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """What a file says of one invoice."""

    invoice: str  # its key of 44 characters, or its number
    sha256: str  # of the file
    issued_on: str  # ISO day
    supplier: str  # name
    supplier_id: str  # CNPJ, "" unknown
    authorised: bool  # the tax authority's protocol is in the file
    prescriptions: tuple[str, ...]
    lines: tuple[Line, ...]


def read_invoices(content: bytes) -> list[Invoice]:
    """Return every invoice of an NF-e file (one) or a CSV file (one or more).

    Raises:
        ImportRefusedError: The file is too large or not whole; every fault is named.
    """
    check_size(content)
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") or content[:2] in (
        b"\xff\xfe",
        b"\xfe\xff",
    ):
        return [_read_nfe(content)]
    return _read_csv(content)


def to_events(invoices: Sequence[Invoice], at_ms: int, by: str = "") -> list[Event]:
    """Return what is stored of the invoices of one file; the same file gives the same again.

    ``by`` is the person who hands it in, "" unknown.
    """
    events: list[Event] = []
    for invoice in invoices:
        for kind, facts in _told(invoice, by):
            kept = {name: value for name, value in facts.items() if value != ""}
            origin = f"i/{invoice.sha256}/{len(events)}"
            events.append(Event(kind=kind, origin=origin, happened_at_ms=at_ms, facts=kept))
    return events


def _told(invoice: Invoice, by: str) -> Iterator[tuple[Kind, dict[str, Json]]]:
    yield (
        Kind.INVOICE_READ,
        {
            "invoice": invoice.invoice,
            "sha256": invoice.sha256,
            "issued_on": invoice.issued_on,
            "supplier": invoice.supplier,
            "supplier_id": invoice.supplier_id,
            "authorised": int(invoice.authorised),
            "prescriptions": [*invoice.prescriptions],
            "lines": len(invoice.lines),
            "by": by,
        },
    )
    for place, line in enumerate(invoice.lines, start=1):
        yield (
            Kind.DELIVERY_EXPECTED,
            {
                "invoice": invoice.invoice,
                "place": place,
                "line": line.number,
                "gtin": line.gtin,
                "name": line.name,
                "lot": line.lot,
                "made_on": line.made_on,
                "expires_on": line.expires_on,
                "quantity": line.quantity,
                "unit": line.unit,
            },
        )


# --- NF-e -----------------------------------------------------------------------------------


def _read_nfe(content: bytes) -> Invoice:
    root = _parsed(content)
    info = root.find(f"{NFE}NFe/{NFE}infNFe") if root.tag == f"{NFE}nfeProc" else None
    if root.tag == f"{NFE}NFe":
        info = root.find(f"{NFE}infNFe")
    if info is None:
        raise ImportRefusedError("nothing was imported; the file is XML, but no NF-e (nfeProc)")
    faults = Faults()
    key = str(info.get("Id", "")).removeprefix("NFe")
    if not KEY.fullmatch(key) or not _key_holds(key):
        faults.add(_row(info), f"infNFe Id {key[:60]!r} is no access key of 44 characters")
    status = _text(root, "protNFe/infProt/cStat")
    if status not in ("", AUTHORISED):
        faults.add("protNFe", f"cStat {status[:9]}: the authority did not authorise this invoice")
    supplier_id = _text(info, "emit/CNPJ") or _text(info, "emit/CPF")
    if supplier_id and not CNPJ.fullmatch(supplier_id):
        faults.add("emit", f"CNPJ {supplier_id[:30]!r} has not the form of one")
    issued_on = _day(faults, "ide/dhEmi", _text(info, "ide/dhEmi")[:10])
    lines = [line for item in info.iterfind(f"{NFE}det") for line in _lines(faults, item)]
    if not lines:
        faults.add("det", "the invoice has no line")
    recipes = info.iterfind(f"{NFE}agropecuario/{NFE}defensivo")
    prescriptions = tuple(_plain(_text(recipe, "nReceituario"))[:30] for recipe in recipes)
    faults.refuse()
    return Invoice(
        invoice=key,
        sha256=sha256(content).hex(),
        issued_on=issued_on,
        supplier=_plain(_text(info, "emit/xNome"))[: MOST["supplier"]],
        supplier_id=supplier_id,
        authorised=status == AUTHORISED,
        prescriptions=tuple(number for number in prescriptions if number),
        lines=tuple(lines),
    )


def _parsed(content: bytes) -> Any:
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise ImportRefusedError(f"nothing was imported; the XML is broken: {error}") from error
    tree = root.getroottree()
    if b"<!DOCTYPE" in content or tree.docinfo.internalDTD is not None:
        raise ImportRefusedError("nothing was imported; a DTD or entities have no place here")
    return root


def _lines(faults: Faults, item: Any) -> Iterator[Line]:
    product = item.find(f"{NFE}prod")
    number = item.get("nItem", "")
    where = f"line {number or '?'} ({_row(item)})"
    if product is None or not number.isdigit():
        faults.add(where, "det has no prod or no number")
        return
    code = _text(product, "cEAN") or _text(product, "cEANTrib")
    gtin = "" if code.upper() in {"", "SEM GTIN"} else _gtin(faults, where, code)
    name = _plain(_text(product, "xProd"))[: MOST["name"]]
    quantity = _quantity(faults, where, _text(product, "qCom"))
    unit = _plain(_text(product, "uCom"))[: MOST["unit"]]
    lots = product.findall(f"{NFE}rastro") or [None]
    for lot in lots:
        told = _text(lot, "qLote") if lot is not None else ""
        yield Line(
            number=int(number),
            gtin=gtin,
            name=name,
            lot=_plain(_text(lot, "nLote"))[: MOST["lot"]],
            made_on=_day(faults, where, _text(lot, "dFab"), needed=False),
            expires_on=_day(faults, where, _text(lot, "dVal"), needed=False),
            quantity=_quantity(faults, where, told) if told else quantity,
            unit=unit,
        )


def _text(node: Any, path: str) -> str:
    if node is None:
        return ""
    found = node.find("/".join(f"{NFE}{step}" for step in path.split("/")))
    return (found.text or "").strip() if found is not None else ""


def _row(node: Any) -> str:
    return f"row {node.sourceline}"


def _key_holds(key: str) -> bool:
    """Check the last digit of an access key; letters count as their code minus 48.

    Source: NF-e manual (MOC 7.0), 2.2.6.2; technical note of the alphanumeric CNPJ.
    """
    total = sum((ord(c) - 48) * (2 + n % 8) for n, c in enumerate(reversed(key[:-1])))
    rest = total % 11
    return int(key[-1]) == (0 if rest < 2 else 11 - rest)


# --- CSV ------------------------------------------------------------------------------------


def _read_csv(content: bytes) -> list[Invoice]:
    table = read_table(content, _lacking)
    faults = Faults()
    checked = [_csv_line(faults, number, row) for number, row in table.rows]
    found: dict[tuple[str, str], list[tuple[dict[str, str], Line]]] = {}
    for cells, line in checked:
        told = found.setdefault((cells["invoice"], cells["supplier"].casefold()), [])
        told.append((cells, line))
        if (day := told[0][0]["issued_on"]) != cells["issued_on"]:
            faults.add(f"line {line.number}", f"issued_on is another day than {day} before")
    faults.refuse()
    return [_csv_invoice(told, sha256(content).hex()) for told in found.values()]


def _lacking(columns: Sequence[str]) -> str:
    missing = [name for name in COLUMNS if name not in columns]
    return f"lacks the columns {', '.join(missing)}" if missing else ""


def _csv_line(faults: Faults, number: int, row: Mapping[str, str]) -> tuple[dict[str, str], Line]:
    where = f"line {number}"
    cells = {name: row[name] for name in COLUMNS}
    for name, value in cells.items():
        if value.startswith(FORMULA):
            faults.add(where, f"{name} = {value[:30]!r} begins like a formula of a spreadsheet")
        if len(value) > MOST.get(name, len(value)):
            faults.add(where, f"{name} has {len(value)} characters; write at most {MOST[name]}")
    for name in ("invoice", "supplier"):
        if not cells[name]:
            faults.add(where, f"{name} is empty")
    cells["issued_on"] = _day(faults, where, cells["issued_on"])
    line = Line(
        number=number,
        gtin=_gtin(faults, where, cells["gtin"]) if cells["gtin"] else "",
        name=cells["name"],
        lot=cells["lot"],
        made_on="",
        expires_on=_day(faults, where, cells["expires_on"], needed=False),
        quantity=_quantity(faults, where, cells["quantity"]),
        unit=cells["unit"],
    )
    return cells, line


def _csv_invoice(rows: Sequence[tuple[dict[str, str], Line]], digest: str) -> Invoice:
    head = rows[0][0]
    return Invoice(
        invoice=head["invoice"],
        sha256=digest,
        issued_on=head["issued_on"],
        supplier=head["supplier"],
        supplier_id="",
        authorised=False,
        prescriptions=(),
        lines=tuple(line for _, line in rows),
    )


# --- single values --------------------------------------------------------------------------


def _gtin(faults: Faults, where: str, code: str) -> str:
    try:
        return normal_gtin(code)
    except CodeError as error:
        return faults.add(where, str(error)[:120])


def _day(faults: Faults, where: str, text: str, needed: bool = True) -> str:
    if not text and not needed:
        return ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return faults.add(where, f"{text[:20]!r} is no day like 2026-03-31")


def _quantity(faults: Faults, where: str, text: str) -> str:
    if QUANTITY.fullmatch(text) and text.strip("0."):
        whole, _, rest = text.partition(".")
        rest = rest.rstrip("0")
        return (whole.lstrip("0") or "0") + (f".{rest}" if rest else "")
    return faults.add(where, f"quantity {text[:20]!r} is no number above 0, like 10.5")


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())

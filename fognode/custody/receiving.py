"""What an invoice promised against what was scanned: short, over, another lot, expired.

A file only tells what to expect; a delivery that a person declares by scan confirms a line.
An invoice is its supplier's and its number's: two suppliers may use one number, and what stands
of it is what the first file said.
A quantity may be litres or cartons, so packages are counted, never divided out of it: only
where the unit means pieces does the number say how many packages must come.

Source: requirements A72, A82, A83; facts of the field nfe/det/prod (leiauteNFe_v4.00.xsd).
"""

from collections.abc import Callable, Container
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo

from fognode.custody.draws import discrepancy, draw, refuse
from fognode.events import Json, Kind, Outcome, Row, RowValues, Stored

# Units that mean a package.  Source: what dealers write in uCom; others are not counted.
PIECES = frozenset({"UN", "UNID", "UND", "PC", "PCT", "FR", "GL", "BD", "BB", "TB", "SC"})


@dataclass(slots=True, kw_only=True)
class Expected:
    """One line of an invoice, or one lot of it."""

    invoice: str
    place: int  # in the invoice, from 1
    gtin: str  # "" = the line names none
    name: str
    lot: str
    expires_on: str
    quantity: str
    unit: str
    packages: list[str] = field(default_factory=list)  # that confirmed it

    @property
    def wanted(self) -> int:
        """How many packages must come; 0 = nobody can tell from the invoice."""
        whole = self.quantity.isdigit() and self.unit.upper() in PIECES
        return int(self.quantity) if whole else 0

    def row(self, as_of_seq: int) -> Row:
        """Return the row of table ``expected``."""
        values: RowValues = {
            "expected": f"{self.invoice}/{self.place}",
            "invoice": self.invoice,
            "gtin": self.gtin,
            "name": self.name,
            "lot": self.lot,
            "expires_on": self.expires_on,
            "quantity": self.quantity,
            "unit": self.unit,
            "wanted": self.wanted,
            "confirmed": len(self.packages),
            "as_of_seq": as_of_seq,
        }
        return Row(table="expected", values=values)


NAME_MOST = 60  # characters; table invoice


def name_beside(number: str, supplier: str) -> str:
    """Return what the invoice of another supplier is called whose number is on file already."""
    return f"{number} ({supplier})"[:NAME_MOST]


@dataclass(slots=True, kw_only=True)
class Invoice:
    """One invoice that was read from a file."""

    invoice: str  # its number; where another supplier's has the same: ``name_beside``
    sha256: str
    supplier: str
    issued_on: str
    prescriptions: list[str]
    told_lines: int  # how many its file has
    closed: bool = False
    lines: list[Expected] = field(default_factory=list)

    def row(self, as_of_seq: int) -> Row:
        """Return the row of table ``invoice``."""
        values: RowValues = {
            "invoice": self.invoice,
            "sha256": self.sha256,
            "supplier": self.supplier,
            "issued_on": self.issued_on,
            "prescriptions": ", ".join(self.prescriptions)[:300],
            "state": "closed" if self.closed else "open",
            "as_of_seq": as_of_seq,
        }
        return Row(table="invoice", values=values)


@dataclass(slots=True)
class State:
    """All invoices that were read."""

    zone: tzinfo = UTC  # of the day on which something arrives
    invoices: dict[str, Invoice] = field(default_factory=dict)
    numbered: dict[str, list[str]] = field(default_factory=dict)  # number -> invoices that bear it
    reading: dict[str, Invoice] = field(default_factory=dict)  # file -> whose lines come next

    def find(self, invoice: str, source: str) -> Invoice | None:
        """Return the invoice a delivery names; of several with its number that of its source."""
        names = self.numbered.get(invoice, [invoice])
        known = [self.invoices[name] for name in names if name in self.invoices]
        if len(known) > 1:
            known = [one for one in known if same_party(one.supplier, source)]
        return known[0] if known else None

    def issued_on(self, invoice: str, source: str) -> str:
        """Return the ISO day of an invoice, "" when no file told it."""
        known = self.find(invoice, source)
        return known.issued_on if known else ""


def same_party(one: str, other: str) -> bool:
    """Tell whether two names are of one supplier, however they are spelt."""
    return one.strip().casefold() == other.strip().casefold()


def step(state: State, told: Stored, names: Container[str] | None = None) -> Outcome:
    """Take in a file's invoice or line, a package that came, or the end of a delivery.

    ``names`` are the known persons; None lets anybody close a delivery.
    """
    rule = _RULES.get(told.kind)
    if told.kind == Kind.DELIVERY_CLOSED and names is not None and told.text("by") not in names:
        return refuse(told, "by names no known person", told.text("by"))
    return rule(state, told) if rule else Outcome()


def _read(state: State, told: Stored) -> Outcome:
    number, supplier = told.text("invoice"), told.text("supplier")
    file, bearers = told.text("sha256"), state.numbered.setdefault(number, [])
    state.reading.pop(file, None)
    for known in (state.invoices[name] for name in bearers):
        if same_party(known.supplier, supplier):
            state.reading[file] = known
            alike = (known.issued_on, known.told_lines)
            is_same = alike == (told.text("issued_on"), told.number("lines"))
            return Outcome() if is_same else _differs(state, told, known)
    name = name_beside(number, supplier) if bearers else number
    if name in state.invoices:
        return refuse(told, "another invoice is called so: shorten its number", name)
    prescriptions = told.facts.get("prescriptions")
    invoice = Invoice(
        invoice=name,
        sha256=file,
        supplier=supplier,
        issued_on=told.text("issued_on"),
        prescriptions=[str(p) for p in prescriptions] if isinstance(prescriptions, list) else [],
        told_lines=told.number("lines"),
    )
    state.invoices[name] = state.reading[file] = invoice
    bearers.append(name)
    return Outcome(rows=[invoice.row(told.seq)])


def _differs(state: State, told: Stored, known: Invoice) -> Outcome:
    """Refuse a file that words an invoice anew, once; the rest of it there is not looked at."""
    state.reading.pop(_file_of(told), None)
    return refuse(told, DIFFERS, f"{known.invoice} of {known.supplier}")


DIFFERS = "the invoice is on file with other content: what was read first stands"


def _file_of(told: Stored) -> str:
    """Return the SHA-256 of the file that an event was read from; boards/invoice.py."""
    return told.origin.split("/")[1]


def _expect(state: State, told: Stored) -> Outcome:
    invoice = state.reading.get(_file_of(told))
    if invoice is None:
        return Outcome()
    line = _line(invoice, told)
    known = next((one for one in invoice.lines if one.place == line.place), None)
    if invoice.sha256 != _file_of(told):
        same = known is not None and _says(known) == _says(line)
        return Outcome() if same else _differs(state, told, invoice)
    if known is not None:
        return Outcome()
    invoice.lines.append(line)
    return Outcome(rows=[line.row(told.seq)])


def _says(line: Expected) -> tuple[str, ...]:
    return line.gtin, line.lot, line.expires_on, line.quantity, line.unit


def _line(invoice: Invoice, told: Stored) -> Expected:
    return Expected(
        invoice=invoice.invoice,
        place=told.number("place"),
        gtin=told.text("gtin"),
        name=told.text("name"),
        lot=told.text("lot"),
        expires_on=told.text("expires_on"),
        quantity=told.text("quantity"),
        unit=told.text("unit"),
    )


def _confirm(state: State, told: Stored) -> Outcome:
    """Compare a package that entered stock with the line it should be of."""
    outcome = Outcome()
    package = told.text("package")
    if told.text("corrects"):
        outcome.rows += _take_off(state, package, told.seq)
    today = datetime.fromtimestamp(told.happened_at_ms // 1000, UTC).astimezone(state.zone).date()
    expires_on = told.text("expires_on")
    if expires_on and date.fromisoformat(expires_on) < today:
        text = f"{package} expired on {expires_on}, before it arrived"
        _find(outcome, told, "expired_on_arrival", text)
    named, source = told.text("invoice"), told.text("source")
    invoice = state.find(named, source)
    if invoice is None:
        if len(state.numbered.get(named, ())) > 1:
            text = f"{package}: more than one supplier has an invoice {named}, and none is {source}"
            _find(outcome, told, "not_on_invoice", text)
        return outcome  # no file told of this invoice: nothing to compare
    lines = [line for line in invoice.lines if line.gtin == told.text("gtin")]
    if not lines:
        text = f"{package}: {told.text('gtin')} is not on invoice {invoice.invoice}"
        _find(outcome, told, "not_on_invoice", text)
        return outcome
    line = _line_for(lines, told.text("lot"))
    if line.lot and line.lot != told.text("lot"):
        lots = ", ".join(sorted({other.lot for other in lines}))
        text = f"{package} is of lot {told.text('lot')}, the invoice says {lots}"
        _find(outcome, told, "other_lot", text)
    line.packages.append(package)
    outcome.rows.append(line.row(told.seq))
    if 0 < line.wanted < len(line.packages):
        text = f"{package} is number {len(line.packages)} of {line.wanted} of {line.name}"
        _find(outcome, told, "delivery_over", f"{text} on invoice {invoice.invoice}")
    return outcome


def _take_off(state: State, package: str, as_of_seq: int) -> list[Row]:
    """Let a package confirm nothing any more: it is of another invoice, or never came."""
    lines = [line for invoice in state.invoices.values() for line in invoice.lines]
    found = [line for line in lines if package in line.packages]
    for line in found:
        line.packages.remove(package)
    return [line.row(as_of_seq) for line in found]


def _restate(state: State, told: Stored) -> Outcome:
    gone = not told.number("state", 1)
    return Outcome(rows=_take_off(state, told.text("package"), told.seq)) if gone else Outcome()


def _line_for(lines: list[Expected], lot: str) -> Expected:
    """Return the line of the lot that still waits, else any of the lot, else the first open."""
    of_lot = [line for line in lines if line.lot in ("", lot)] or lines
    waiting = [line for line in of_lot if not line.wanted or len(line.packages) < line.wanted]
    return (waiting or of_lot)[0]


def _close(state: State, told: Stored) -> Outcome:
    """End a delivery: whatever was promised and did not come is named."""
    invoice = state.invoices.get(told.text("invoice"))
    if invoice is None:
        return refuse(told, "no file told of this invoice", told.text("invoice"))
    if invoice.closed:
        return refuse(told, "this delivery is closed already", invoice.invoice)
    invoice.closed = True
    outcome = Outcome(rows=[invoice.row(told.seq)])
    for line in invoice.lines:
        came = len(line.packages)
        if came < max(line.wanted, 1):
            wanted = str(line.wanted) if line.wanted else f"{line.quantity} {line.unit}"
            text = f"invoice {invoice.invoice}: {came} packages of {line.name or line.gtin} came"
            _find(outcome, told, "delivery_short", f"{text}, {wanted} were invoiced")
    return outcome


def _find(outcome: Outcome, told: Stored, rule: str, text: str) -> None:
    facts: dict[str, Json] = {"opening": "", "rule": rule, "text": text[:300]}
    for name in ("package", "invoice"):
        if told.text(name):
            facts[name] = told.text(name)
    event = draw(Kind.DISCREPANCY_FOUND, told, facts, number=101 + len(outcome.events))
    outcome.events.append(event)
    outcome.rows.append(discrepancy(event, told.seq))


_RULES: dict[str, Callable[[State, Stored], Outcome]] = {
    Kind.INVOICE_READ: _read,
    Kind.DELIVERY_EXPECTED: _expect,
    Kind.NEW_PRODUCT_ENTRY: _confirm,
    Kind.PACKAGE_RESTATED: _restate,
    Kind.DELIVERY_CLOSED: _close,
}
KINDS = frozenset(_RULES)

"""What an invoice promised against what was scanned: short, over, another lot, expired.

A file only tells what to expect; a delivery that a person declares by scan confirms a line.
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


@dataclass(slots=True, kw_only=True)
class Invoice:
    """One invoice that was read from a file."""

    invoice: str
    sha256: str
    supplier: str
    issued_on: str
    prescriptions: list[str]
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

    def issued_on(self, invoice: str) -> str:
        """Return the ISO day of an invoice, "" when no file told it."""
        known = self.invoices.get(invoice)
        return known.issued_on if known else ""


def step(state: State, told: Stored, names: Container[str] | None = None) -> Outcome:
    """Take in a file's invoice or line, a package that came, or the end of a delivery.

    ``names`` are the known persons; None lets anybody close a delivery.
    """
    rule = _RULES.get(told.kind)
    if told.kind == Kind.DELIVERY_CLOSED and names is not None and told.text("by") not in names:
        return refuse(told, "by names no known person", told.text("by"))
    return rule(state, told) if rule else Outcome()


def _read(state: State, told: Stored) -> Outcome:
    name = told.text("invoice")
    if name in state.invoices:
        return Outcome()  # the same invoice in another file changes nothing
    prescriptions = told.facts.get("prescriptions")
    invoice = Invoice(
        invoice=name,
        sha256=told.text("sha256"),
        supplier=told.text("supplier"),
        issued_on=told.text("issued_on"),
        prescriptions=[str(p) for p in prescriptions] if isinstance(prescriptions, list) else [],
    )
    state.invoices[name] = invoice
    return Outcome(rows=[invoice.row(told.seq)])


def _expect(state: State, told: Stored) -> Outcome:
    invoice = state.invoices.get(told.text("invoice"))
    place = told.number("place")
    if invoice is None or any(line.place == place for line in invoice.lines):
        return Outcome()
    line = Expected(
        invoice=invoice.invoice,
        place=place,
        gtin=told.text("gtin"),
        name=told.text("name"),
        lot=told.text("lot"),
        expires_on=told.text("expires_on"),
        quantity=told.text("quantity"),
        unit=told.text("unit"),
    )
    invoice.lines.append(line)
    return Outcome(rows=[line.row(told.seq)])


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
    invoice = state.invoices.get(told.text("invoice"))
    if invoice is None:
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

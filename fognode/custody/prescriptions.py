"""What a professional prescribed against what was bought and what was used.

Uses are the movements of the stock, so what was weighed counts as weighed; what a use was for
(prescription, crop, area) says the use_declared that goes with it, before or after.  Verdicts:
custody/prescribed.py, and none_on_file.  fognode warns, it never locks.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from fognode.custody import amounts, applications, contents, products
from fognode.custody.booking import Known
from fognode.custody.draws import refuse
from fognode.custody.prescribed import (
    HECTARE_M2,
    PARTS,
    Bought,
    Prescription,
    Sheet,
    State,
    add,
    asks,
    judge,
    tell_none,
)
from fognode.errors import CodeError
from fognode.events import Kind, Outcome, Stored
from fognode.gs1.keys import normal_gtin


def step(state: State, told: Stored, known: Known) -> Outcome:
    """Take in a prescription, a delivery, a use, or what an invoice names; see ``KINDS``."""
    act = ACTS.get(told.kind)
    if act is None:
        return Outcome()
    sheet = Sheet(told=told, known=known)
    return act(state, sheet) or sheet.outcome


# --- prescriptions ------------------------------------------------------------------------


def _set(state: State, sheet: Sheet) -> Outcome | None:
    told = sheet.told
    state.asked[told.event_id] = told.text("prescription")
    try:
        gtin = normal_gtin(told.text("gtin"))
    except CodeError as error:
        return refuse(told, str(error), told.text("gtin"))
    made = _made(told, gtin)
    before = state.prescriptions.get(made.prescription)
    if wrong := _wrong(sheet, made, before):
        return refuse(told, *wrong)
    if before is None:
        state.of_gtin.setdefault(gtin, []).append(made.prescription)
    else:
        made.amounts, made.variances = before.amounts, before.variances
        made.verdicts, made.blind = before.verdicts, before.blind
    state.prescriptions[made.prescription] = made
    for name in list(state.unmatched):
        _match(state, sheet, state.packages[name])
    for part in PARTS:
        judge(sheet, made, part)
    return None


def _wrong(sheet: Sheet, made: Prescription, before: Prescription | None) -> tuple[str, str] | None:
    """Return why a prescription is refused, and the value it is refused for."""
    told = sheet.told
    for fact, wrong in CHECKS:
        if wrong(told):
            return f"{fact} is missing or not as it must be", told.text(fact)
    if "total_ml" in told.facts and "total_g" in told.facts:
        return "say total_ml or total_g, not both", told.text("total_g")
    if products.find(sheet.known.packages.products, made.gtin) is None:
        return "no product with this GTIN; declare it first", made.gtin
    if told.text("by") not in sheet.known.people.aliases:
        return "by names no known person", told.text("by")
    if before is not None and (before.gtin, before.unit) != (made.gtin, made.unit):
        return "it is on file for another product or unit: take another number", made.prescription
    return None


def _made(told: Stored, gtin: str) -> Prescription:
    area_m2, dose = told.number("area_m2"), told.number("dose_ml_per_ha")
    limit = told.number("total_ml") or told.number("total_g")
    return Prescription(
        prescription=told.text("prescription"),
        professional=told.text("professional"),
        gtin=gtin,
        crop=told.text("crop").strip(),
        area_m2=area_m2,
        dose_ml_per_ha=dose,
        phi_days=told.number("phi_days", -1),
        valid_until=told.text("valid_until"),
        invoice=told.text("invoice"),
        unit="g" if "total_g" in told.facts else "ml",
        limit=limit or dose * area_m2 // HECTARE_M2,
    )


def _longer(fact: str, most: int, least: int = 1) -> Callable[[Stored], bool]:
    return lambda told: not least <= len(told.text(fact)) <= most


def _no_day(told: Stored) -> bool:
    text = told.text("valid_until")
    try:
        return text != "" and date.fromisoformat(text).isoformat() != text
    except ValueError:
        return True


# Lengths are those of the columns; 30: NF-e, group agropecuario, nReceituario.
CHECKS: tuple[tuple[str, Callable[[Stored], bool]], ...] = (
    ("prescription", _longer("prescription", 30)),
    ("professional", _longer("professional", 60)),
    ("crop", _longer("crop", 60)),
    ("invoice", _longer("invoice", 60, 0)),
    ("valid_until", _no_day),
    ("area_m2", lambda told: told.number("area_m2") < 0),
    ("dose_ml_per_ha", lambda told: told.number("dose_ml_per_ha") < 0),
    ("total_ml", lambda told: told.number("total_ml", 1) <= 0),
    ("total_g", lambda told: told.number("total_g", 1) <= 0),
)


# --- purchase -----------------------------------------------------------------------------


def _read(state: State, sheet: Sheet) -> None:
    numbers = sheet.told.facts.get("prescriptions")
    if isinstance(numbers, list):
        state.invoices[sheet.told.text("invoice")] = [str(number) for number in numbers]


def _buy(state: State, sheet: Sheet) -> None:
    told = sheet.told
    product = products.find(sheet.known.packages.products, told.text("gtin"))
    content_g, u_g = told.number("content_g"), 0
    if not content_g:  # what the label says is sure
        content_g = contents.label_g(product)
    if not content_g:
        u_g = amounts.uncertainty(amounts.WEIGHT_U_G, amounts.WEIGHT_U_G)
        content_g = max(told.number("gross_g") - told.number("tare_g"), 0)
    bought = Bought(
        package=told.text("package"),
        gtin=told.text("gtin"),
        invoice=told.text("invoice"),
        named=told.text("prescription"),
        content_g=content_g,
        u_g=u_g,
    )
    was = state.packages.get(bought.package)
    before = _give_back(state, sheet, was) if was else None
    if was is not None:  # told anew by a correction
        bought.plan, bought.use, bought.missed = was.plan, was.use, was.missed
    state.packages[bought.package] = bought
    state.unmatched[bought.package] = None
    made = _match(state, sheet, bought)
    if made is not None:
        judge(sheet, made, "bought", bought.package)
    elif asks(product) and (was is None or before is not None):
        tell_none(sheet, bought, "bought")
    if before is not None and before is not made:
        judge(sheet, before, "bought", bought.package)


def _give_back(state: State, sheet: Sheet, bought: Bought) -> Prescription | None:
    """Let a package count as bought no more; return the prescription it counted for."""
    state.unmatched.pop(bought.package, None)
    made = state.prescriptions.get(bought.prescription)
    if made is not None:
        add(sheet, made, "bought", (-bought.content_g, bought.u_g))
    return made


def _restate(state: State, sheet: Sheet) -> None:
    """Take off what never came: its delivery was withdrawn."""
    package = sheet.told.text("package")
    if package not in state.packages or sheet.told.number("state", 1):
        return
    made = _give_back(state, sheet, state.packages.pop(package))
    if made is not None:
        judge(sheet, made, "bought", package)


def _match(state: State, sheet: Sheet, bought: Bought) -> Prescription | None:
    """Count a package for the prescription its delivery or its invoice names, if on file."""
    named = [bought.named] if bought.named else state.invoices.get(bought.invoice, [])
    invoice = "" if bought.named else bought.invoice
    for name in state.of_gtin.get(bought.gtin, ()):
        made = state.prescriptions[name]
        if name in named or (invoice and made.invoice == invoice):
            bought.prescription = name
            state.unmatched.pop(bought.package, None)
            add(sheet, made, "bought", (bought.content_g, bought.u_g))
            return made
    return None


def _correct(state: State, sheet: Sheet) -> Outcome | None:
    """Put on file what a correction says; the verdicts follow, as when it is told again."""
    told = sheet.told
    number = state.asked.get(told.text("corrects"))
    if number is None or told.text("by") not in sheet.known.people.aliases:
        return None  # no prescription's; who may correct is told elsewhere
    facts = told.facts.get("facts")
    if not isinstance(facts, dict):
        return refuse(told, "a prescription stays on file: correct what it says", number)
    if facts.get("prescription") != number:
        reason = "a prescription keeps its number: put the other one on file as well"
        return refuse(told, reason, str(facts.get("prescription")))
    sheet.told = replace(told, kind=str(Kind.PRESCRIPTION_SET), facts=facts)
    return _set(state, sheet)


ACTS: dict[str, Callable[[State, Sheet], Outcome | None]] = {
    Kind.CORRECTION_DECLARED: _correct,
    Kind.INVOICE_READ: _read,
    Kind.NEW_PRODUCT_ENTRY: _buy,
    Kind.PACKAGE_RESTATED: _restate,
    Kind.PRESCRIPTION_SET: _set,
    Kind.STOCK_MOVED: applications.move,
    Kind.USE_DECLARED: applications.plan_use,
}
KINDS = frozenset(ACTS)

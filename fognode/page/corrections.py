"""A correction that somebody declares has to agree with the record."""

from fognode.events import Kind, Stored
from fognode.page.declared import Declaration, check_corrected
from fognode.store.reader import Reader


def corrected_by(reader: Reader, event_id: str) -> tuple[Stored, Stored] | None:
    """Return the event a correction names, and what it corrects in the end; None for neither.

    Raises:
        StoreError: The database is away.
    """
    corrected = told = reader.event(event_id)
    while told is not None and told.kind == Kind.CORRECTION_DECLARED:
        before = reader.event(told.text("corrects"))
        told = before if before is not None and before.seq < told.seq else None
    return None if corrected is None or told is None else (corrected, told)


def check_correction(reader: Reader, asked: Declaration) -> Declaration:
    """Return a correction that agrees with the record.

    Raises:
        ValueError: What it corrects is not there, cannot be corrected, or already is.
        StoreError: The database is away.
    """
    named = str(asked.facts["corrects"])
    found = corrected_by(reader, named)
    if found is None:
        raise ValueError(f"corrects = {named}: the record has no such event")
    corrected, told = found
    known = reader.by_origin(f"q/{asked.request_id}")
    standing = reader.corrected([named]).get(named)
    if standing is not None and known is None:
        by = f"event {standing.by.seq}: correct {standing.by.event_id} instead"
        raise ValueError(f"event {corrected.seq} is already corrected by {by}")
    return check_corrected(asked, corrected, told)

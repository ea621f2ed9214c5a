"""A declaration has to agree with what is set up and kept: places, dealers, what it corrects.

Whether its author is known and whether it fits the packages is custody's question: what custody
refuses is kept and told as refused, what is refused here is not kept at all.
"""

from collections.abc import Mapping

from fognode.config import Config
from fognode.custody.receiving import same_party
from fognode.events import Kind
from fognode.page.corrections import check_correction
from fognode.page.declared import Declaration
from fognode.store.reader import Reader

MOST = 500  # suppliers, and invoices, that are looked through


def check_agreed(config: Config, reader: Reader, asked: Declaration) -> Declaration:
    """Return a declaration that agrees; a correction with its facts checked.

    Raises:
        ValueError: It does not; the message names the value and what is known.
        StoreError: The database is away.
    """
    if asked.kind == Kind.CORRECTION_DECLARED:
        # A package stays where its delivery said, also when that place is gone by now.
        return check_correction(reader, asked)
    wrong = wrong_place(config, asked.facts)
    if asked.kind == Kind.DELIVERY_DECLARED and not wrong:
        wrong = _wrong_source(config, reader, str(asked.facts["source"]))
    if wrong:
        raise ValueError(wrong)
    return asked


def _wrong_source(config: Config, reader: Reader, source: str) -> str:
    """Return why a delivery cannot be from there; as long as no dealer is known it may be any."""
    suppliers = reader.rows("supplier", limit=MOST)
    names = [str(row["name"]) for row in suppliers]
    names += [str(row["supplier"]) for row in reader.rows("invoice", limit=MOST)]
    places = [*(one.id for one in config.cabinets), *(one.id for one in config.places)]
    known = [*names, *(str(row["supplier"]) for row in suppliers), *places]
    if not names or any(same_party(source, one) for one in known):
        return ""
    told = ", ".join(sorted(set(names)))
    return f"source = {source[:40]!r} is no known dealer or place; known are {told}"[:400]


def wrong_place(config: Config, facts: Mapping[str, object]) -> str:
    """Return why a site or cabinet that is named cannot be, "" when it can."""
    cabinets = [cabinet.id for cabinet in config.cabinets]
    places = [*cabinets, *(place.id for place in config.places)]
    for name, known in (("cabinet", cabinets), ("site", places)):
        value = facts.get(name)
        if known and value is not None and value not in known:
            told = ", ".join(dict.fromkeys(known))
            return f"{name} = {str(value)[:40]!r} is not configured; known are {told}"[:400]
    return ""

"""A tag that was read before its package was declared: what the declaration makes of that.

People hold a package to the reader, or store it, and then fill in the form.  Within ``KEPT_MS``
the tag is unknown no more: what was found of it is withdrawn.  Where it was then and still is,
the package stands: that reading becomes the package's, and its opening is judged again.  Earlier
ones do not: the tag may have been held to the reader alone.  What is told late gives the same.
"""

from collections.abc import Mapping

from fognode.custody import draws, packages, sessions
from fognode.custody.openings import KEPT_MS, Cabinet, Heard
from fognode.custody.packages import Package
from fognode.custody.whose import TAGS
from fognode.events import Kind, Outcome, RowValues, Stored

DECLARATIONS = frozenset({Kind.CORRECTION_DECLARED, Kind.DELIVERY_DECLARED, Kind.TAG_BOUND})
KINDS = DECLARATIONS | TAGS


def step(
    state: sessions.State,
    told: Stored,
    known: packages.State,
    found: Mapping[str, RowValues],
) -> Outcome:
    """Take in a declaration that may say whose a tag is, or a tag read before its own.

    ``found`` are the discrepancies by id: one that a person has explained stays so.
    """
    if told.kind in TAGS:
        package = known.tagged(told.text("tag"))
        if package is not None and told.happened_at_ms < package.received_at_ms:
            _claim(state, package, told)
        return Outcome()
    outcome = _withdraw(state, told, known, found)
    package = known.packages.get(told.text("package") or _corrected(told))
    if package is not None and package.received_at_ms == told.happened_at_ms:
        outcome.add(_stand(state, told, known, package))
    return outcome


def _corrected(told: Stored) -> str:
    facts = told.facts.get("facts")
    return str(facts.get("package", "")) if isinstance(facts, dict) else ""


def _withdraw(
    state: sessions.State, told: Stored, known: packages.State, found: Mapping[str, RowValues]
) -> Outcome:
    """Withdraw what was found of tags that belong to a package now; forget what is long ago."""
    outcome, since_ms = Outcome(), told.happened_at_ms - KEPT_MS
    for tag, strange in list(state.strangers.items()):
        lately = [event for event in strange if event.happened_at_ms >= since_ms]
        package = known.tagged(tag)
        if package is None and lately:
            state.strangers[tag] = lately
            continue
        del state.strangers[tag]
        text = f"it is the tag of {package.package}, as was declared since" if package else ""
        for event in lately:
            row = found.get(draws.name_of(event))
            if row is None or row["state"] == "open":
                number = len(outcome.events) + 1
                outcome.events.append(draws.withdraw(told, event, text, number=number))
    return outcome


def _stand(state: sessions.State, told: Stored, known: packages.State, package: Package) -> Outcome:
    """Let a package that was just declared stand where its tag is."""
    heard = _claim(state, package, told)
    if heard is None:
        return Outcome()
    known.seen_at_ms[package.package] = heard.at_ms
    return packages.move(known, package, told, (heard.told.text("place"), heard.at_ms))


def _claim(state: sessions.State, package: Package, told: Stored) -> Heard | None:
    """Give a package the newest reading of its tag before it was declared, if it came then.

    Returns:
        That reading, or None.
    """
    read = [
        heard
        for cabinet in state.cabinets.values()
        if cabinet.proper
        for heard in _heard_of(cabinet, package)
    ]
    before = [heard for heard in read if heard.at_ms < package.received_at_ms]
    newest = max(before, default=None)
    for heard in read:
        is_mine = heard.at_ms >= package.received_at_ms  # by a clock that was ahead
        is_mine = is_mine or (heard is newest and heard.told.kind == "tag_in")
        name = package.package if is_mine else ""
        if heard.package != name:
            heard.package = name
            state.be_late(heard.at_ms, told.recorded_at_ms)
    return newest if newest and newest.package else None


def _heard_of(cabinet: Cabinet, package: Package) -> list[Heard]:
    """Return the readings of a package's tag that were not another package's, nor a badge's."""
    since_ms = max(package.received_at_ms - KEPT_MS, cabinet.forgotten_until_ms)
    return [
        heard
        for heard in cabinet.heard
        if heard.at_ms >= since_ms
        and not heard.person
        and heard.package in {"", package.package}
        and heard.told.kind in TAGS
        and heard.told.text("tag") == package.tag
    ]

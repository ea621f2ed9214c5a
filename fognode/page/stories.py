"""What an event means for the package it names, as one sentence; pure."""

from collections.abc import Mapping

from fognode.events import Kind, Stored
from fognode.page.wording import STATES, details, person_words, rule_words, weight

# Movements that no handleProduct, newProductEntry or emptyPackageExit tells already.
MOVEMENTS = {
    "use": "used, as declared",
    "spill": "spilt",
    "dispose": "disposed of",
    "defective": "defective, back to its supplier",
    "adjust": "by a count",
    "correction": "by the scale",
}


def is_told(told: Stored) -> bool:
    """Tell whether an event has its own place in a package's story."""
    if told.kind != Kind.STOCK_MOVED:
        return told.kind != Kind.LEDGER_SEEN
    is_weighed_use = told.text("movement") == "use" and told.text("source") == "measured"
    return told.text("movement") in MOVEMENTS and not is_weighed_use


def story(told: Stored, people: Mapping[str, str]) -> str:
    """Return what an event means for the package it names, as one sentence."""
    teller = STORIES.get(told.kind)
    return teller(told, people) if teller else details(told)


def _handled(told: Stored, people: Mapping[str, str]) -> str:
    who = person_words(told.text("person"), people)
    if told.text("action") == "withdrawn":
        return "It did not happen: the event told before does not count."
    verb = {"out": "took it out", "back": "put it back", "stored": "stored it", "used": "used it"}
    words = f"{who} {verb.get(told.text('action'), told.text('action'))}"
    if weighed := told.number("weight_g"):
        words += f" at {weight(weighed)}"
    if used := told.number("used_g"):
        words += f", {weight(used)} used"
    return words + "."


def _entered(told: Stored, _people: Mapping[str, str]) -> str:
    source, gross = told.text("source"), weight(told.number("gross_g"))
    if "gross_g" not in told.facts:
        gross = f"{weight(told.number('content_g'))} inside by its label"
    return f"From {source}, {gross}, lot {told.text('lot')}, invoice {told.text('invoice')}."


def _emptied(told: Stored, people: Mapping[str, str]) -> str:
    if told.text("source") == "declared":
        who = person_words(told.text("person"), people)
        return f"{who} declared that nothing is left inside; no scale saw it."
    return f"It weighs {weight(told.number('gross_g'))}: nothing is left inside."


def _prepared(told: Stored, people: Mapping[str, str]) -> str:
    who, rinses = person_words(told.text("by"), people), told.number("rinses")
    rinsed = f"rinsed it {rinses} times" if rinses else "prepared it without rinsing"
    return f"{who} {rinsed}; {'punctured' if told.number('punctured') else 'not punctured'}."


def _left(told: Stored, people: Mapping[str, str]) -> str:
    return f"{person_words(told.text('by'), people)} sent it to {told.text('destination')}."


def _moved(told: Stored, _people: Mapping[str, str]) -> str:
    allowed = "" if told.number("permitted", 1) else " That place is not permitted."
    return f"Seen at {told.text('to')}, before at {told.text('from')}.{allowed}"


def _earned(told: Stored, _people: Mapping[str, str]) -> str:
    return f"{told.number('points'):+d} for the step {told.text('step')}, seen on both chains."


def _reversed(told: Stored, _people: Mapping[str, str]) -> str:
    return f"{told.number('points'):+d} for the step {told.text('step')}: its evidence fell."


def _stock(told: Stored, people: Mapping[str, str]) -> str:
    movement, by = told.text("movement"), told.text("by")
    how = MOVEMENTS.get(movement, movement)
    sign = "+" if told.number("delta_g") > 0 else ""
    words = f"{sign}{weight(told.number('delta_g'))} {how}, {weight(told.number('net_g'))} left"
    words += f", told by {person_words(by, people)}" if by else ""
    return words + (f": {told.text('reason')}." if told.text("reason") else ".")


def _restated(told: Stored, people: Mapping[str, str]) -> str:
    states = {0: "never received", **STATES}
    was, now = states.get(told.number("was"), ""), states.get(told.number("state"), "")
    change = f"It was {was} and is {now}" if was != now else f"It is {now} as before"
    reason = f": {told.text('reason')}" if told.text("reason") else ""
    return f"{change}, corrected by {person_words(told.text('by'), people)}{reason}."


def _found(told: Stored, _people: Mapping[str, str]) -> str:
    return f"{rule_words(told.text('rule'))}. {told.text('text')}"


def _pictured(told: Stored, people: Mapping[str, str]) -> str:
    return f"{person_words(told.text('by'), people)} took a picture ({told.text('purpose')})."


STORIES = {
    str(Kind.PHOTO_KEPT): _pictured,
    str(Kind.HANDLE_PRODUCT): _handled,
    str(Kind.NEW_PRODUCT_ENTRY): _entered,
    str(Kind.PACKAGE_EMPTIED): _emptied,
    str(Kind.PACKAGE_PREPARED): _prepared,
    str(Kind.EMPTY_PACKAGE_EXIT): _left,
    str(Kind.PACKAGE_MOVED): _moved,
    str(Kind.POINTS_EARNED): _earned,
    str(Kind.POINTS_REVERSED): _reversed,
    str(Kind.STOCK_MOVED): _stock,
    str(Kind.PACKAGE_RESTATED): _restated,
    str(Kind.DISCREPANCY_FOUND): _found,
}

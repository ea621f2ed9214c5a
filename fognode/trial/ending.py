"""Was the story's end reached? Looked up where it must stand: page, store, both chains."""

from fognode.errors import FognodeError
from fognode.trial.farm import Farm
from fognode.trial.story import PACKAGE

POINTS = 6  # 1 received, 2 prepared, 3 returned: Table 3
RECEIVED = 6  # token state after the centre accepted


def missing_at_the_end(farm: Farm) -> list[str]:
    """Return, in words, what is not as it must be after the last chapter."""
    return _missing_on_page(farm) + _missing_in_store(farm) + _missing_on_chains(farm)


def points_counted(farm: Farm) -> int:
    """Return the points in the store; an entry is written once both ledgers hold its step."""
    entries = farm.events("points_earned", "points_reversed")
    return sum(entry["facts"]["points"] for entry in entries)


def _missing_on_page(farm: Farm) -> list[str]:
    status, text = farm.get("points")
    told = status == 200 and PACKAGE in text and f"{POINTS} points" in text
    return [] if told else [f"page /points does not show {PACKAGE} with {POINTS} points"]


def _missing_in_store(farm: Farm) -> list[str]:
    earned = [e["facts"]["points"] for e in farm.events("points_earned")]
    missing = [] if sorted(earned) == [1, 2, 3] else [f"store: points_earned are {earned}"]
    try:
        farm.command("verify")
    except FognodeError as error:
        missing.append(f"store: {error}")
    return missing


def _missing_on_chains(farm: Farm) -> list[str]:
    entered = farm.events("newProductEntry")
    if not entered:
        return ["chains: no package entered"]
    token_id = int(entered[0]["facts"]["token_id"], 16)
    states = {}
    for chain in (farm.chains.private, farm.chains.public):
        with chain.token() as (_, token):
            states[chain.name] = token.functions.packageOf(token_id).call()[2]
    return [f"{name} chain: token is in state {s}" for name, s in states.items() if s != RECEIVED]

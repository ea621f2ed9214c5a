"""The folds of this farm, with empty state: what the custody thread and a rebuild both run."""

import secrets
from collections.abc import Callable, Sequence
from functools import partial

from fognode.alerts import policy
from fognode.boards import progress
from fognode.config import Config, seconds_of
from fognode.custody import fold, packages, sessions, traces
from fognode.daemon.followers import Due, Step
from fognode.events import Outcome
from fognode.ledgers import anchor, journey

# Tables of which every row comes from these folds and from nothing else.
FOLDED = frozenset(
    {
        "product",
        "crop_rule",
        "supplier",
        "person",
        "badge",
        "work_order",
        "tag_binding",
        "prescription",
        "package",
        "opening",
        "custody",
        "discrepancy",
        "stock",
        "stock_total",
        "movement",
        "stocktake",
        "invoice",
        "expected",
        "batch",
        "counter",
        "deadline",
        "way_back",
        "review",
        "points",
        "alert",
    }
)


def fresh_folds(
    config: Config, reached: Callable[[progress.Progress], None]
) -> tuple[Sequence[Step], Due]:
    """Return the steps in their order, and their answer to the passing of time.

    ``reached`` is told how far each board came, once all that is stored was told.
    """
    custody = fresh_custody(config)
    alerts, rules = policy.State(), rules_of(config)
    tokens, plan = journey.State(), journey.plan_of(config)
    anchors = anchor.State()
    reach = progress.Progress(knows=lambda person: person in custody.people.names)

    def due(at_ms: int) -> Outcome:
        reached(reach)  # asked only when all is told, so it is complete
        return fold.due(custody, at_ms)

    steps: list[Step] = [
        partial(progress.step, reach),
        partial(fold.step, custody),
        lambda told: policy.step(alerts, told, rules),
        lambda told: journey.step(tokens, told, plan, secrets.token_bytes(16)),
        lambda told: anchor.step(anchors, told, plan),
    ]
    return steps, due


def fresh_custody(config: Config) -> fold.Custody:
    """Return custody as it is before the first event."""
    barred = frozenset(place.id for place in config.places if not place.permitted)
    named = frozenset(cabinet.id for cabinet in config.cabinets)
    return fold.Custody(
        zone=config.zone,
        packages=packages.State(barred=barred),
        sessions=sessions.State(named=named),
        traces=traces.State(travel_ms={p.id: p.travel_s * 1000 for p in config.places}),
    )


def rules_of(config: Config) -> policy.Rules:
    """Return what the configuration says about alerts."""
    return policy.Rules(
        farm=config.farm.id,
        zone=config.zone,
        hours={c.id: tuple(seconds_of(span) for span in c.hours) for c in config.cabinets},
        managers=tuple(str(number) for number in range(len(config.managers))),
        sheet=tuple(str(number) for number, one in enumerate(config.managers) if one.sheet),
    )

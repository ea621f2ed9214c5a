"""A calibration that cannot be true, or of nobody, is refused; the lanes do not use it either."""

from collections.abc import Container

from fognode.boards.calibration import KINDS as CALIBRATIONS
from fognode.boards.calibration import fault_of
from fognode.custody.draws import refuse
from fognode.events import Outcome, Stored

KINDS = CALIBRATIONS


def step(told: Stored, people: Container[str]) -> Outcome:
    """Take in a calibration or a tare; ``people`` are the ids that are known."""
    if (by := told.text("by")) not in people:
        return refuse(told, "by names no known person", by)
    fault = fault_of(told.kind, told.facts)
    return refuse(told, fault, told.text("counts_per_kg")) if fault else Outcome()

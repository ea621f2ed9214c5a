"""A calibration that cannot be true is refused: what the lanes do not use, the record says so."""

from fognode.boards.calibration import KINDS as CALIBRATIONS
from fognode.boards.calibration import fault_of
from fognode.custody.draws import refuse
from fognode.events import Outcome, Stored

KINDS = CALIBRATIONS


def step(told: Stored) -> Outcome:
    """Take in a calibration or a tare."""
    fault = fault_of(told.kind, told.facts)
    return refuse(told, fault, told.text("counts_per_kg")) if fault else Outcome()

"""A reason to alert: what it is called, how bad it is, and what makes it one cause; pure."""

from dataclasses import dataclass

from fognode.events import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A reason to alert, not yet compared with what fires already."""

    rule: str
    severity: str  # critical, warning; info is shown and kept, and mailed to nobody
    place: str
    subject: str  # package, board, opening, peer: what makes it this cause and no other
    text: str

    @property
    def fingerprint(self) -> str:
        """The cause, in at most the 120 characters of its column."""
        return f"{self.rule}/{self.place}/{self.subject}"[:120]


def warn(rule: str, told: Stored, subject: str, text: str) -> Alarm:
    """Return a warning at the place of the event."""
    return Alarm(
        rule=rule, severity="warning", place=told.text("place"), subject=subject, text=text[:300]
    )

"""What is kept how long: one line a class; the reasons stand in docs/retention.md.

Nothing else is ever let go.  Who lets go of it: daemon/chores.py and, of a person, only a
person.
"""

from dataclasses import dataclass

from fognode.config import Config

BACKUPS = 14  # one a night


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One class of what the node keeps."""

    what: str
    how_long: str


def classes(config: Config) -> tuple[Kept, ...]:
    """Return every class with what the configuration says of it."""
    photos, samples = config.store.photo_days, config.store.sample_days
    return (
        Kept(what="events", how_long="for ever"),
        Kept(what="signed checkpoints and segments", how_long="for ever"),
        Kept(what="attempts and receipts of mail, chains, authority", how_long="for ever"),
        Kept(what="names, CPF, phones", how_long="until the person is erased"),
        Kept(what="photos", how_long=f"{photos} days, longer under a hold"),
        Kept(what="raw samples", how_long=f"{samples} days"),
        Kept(what="spool", how_long="until in the database and signed"),
        Kept(what="backups", how_long=f"the newest {BACKUPS}"),
    )

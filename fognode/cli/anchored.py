"""What the chains hold of a farm's logs, for verify and for a loss.

A log that had to end is compared as far as the record still is what it was; what was anchored
beyond that is lost, and who accepted it stands in the record.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from fognode.config import Chain, Config
from fognode.errors import FognodeError
from fognode.events import Kind, Stored
from fognode.ledgers.calls import Anchored
from fognode.store.checkpoint import Checkpoint, log_name
from fognode.store.reader import Reader
from fognode.store.verify import Finding
from fognode.store.walk import Mark

NO_CHAIN = "anchors not checked: no chain is configured"
Logs = dict[str, Stored | None]  # log -> the event record_restored that ended it


@dataclass(slots=True)
class Asked:
    """What the chains hold of our logs."""

    marks: list[Mark] = field(default_factory=list)
    wrong: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what could not be asked or compared


def logs_of(reader: Reader, farm: str) -> Logs:
    """Return every log of a record, oldest first, with the event that ended it.

    Raises:
        StoreError: The database is away.
    """
    logs: Logs = {log_name(farm): None}
    after = 0
    while page := reader.events(after, kinds=[Kind.RECORD_RESTORED]):
        for told in page:
            logs[told.text("old_log")] = told
            logs[told.text("log")] = None
        after = page[-1].seq
    return logs


def losses_told(logs: Logs) -> Iterator[str]:
    """Say of each log that ended what was lost of it, and who accepted that."""
    for log, told in logs.items():
        if told is not None:
            kept, size = told.number("kept_size"), told.number("old_size")
            lost = f"events {kept + 1} to {size} were lost" if size > kept else "nothing was lost"
            by = f"; accepted by {told.text('by')}: {told.text('reason')}"
            yield f"log {log} ended with event {told.seq}: {lost}{by}"


def ask_chains(config: Config, logs: Logs) -> Asked:
    """Ask each chain for each log."""
    asked = Asked(notes=[] if config.chains else [NO_CHAIN])
    for chain in config.chains:
        for log, ended in logs.items():
            try:
                _ask(asked, chain, log, ended)
            except FognodeError as error:
                asked.notes.append(f"anchors not checked: {chain.name} chain: {error}")
                break
    return asked


def _ask(asked: Asked, chain: Chain, log: str, ended: Stored | None) -> None:
    from fognode.ledgers import anchor, reading  # noqa: PLC0415 - web3 takes a second

    found, last = reading.anchors_on_chain(chain, log)
    roots = {one.size: bytes.fromhex(one.root) for one in found}
    asked.wrong += [  # of the list itself; its roots are compared with the record
        Finding(seq=None, table=f"{chain.name} chain", reason=reason)
        for reason in anchor.objections(found, last, roots.get)
    ]
    kept = ended.number("kept_size") if ended else None
    fits = [one for one in found if kept is None or one.size <= kept]
    asked.marks += [_mark(chain, one) for one in fits]
    if len(fits) < len(found):
        asked.notes.append(
            f"{chain.name} chain: {len(found) - len(fits)} anchors of log {log} hold more than"
            f" the {kept} events that are left of it: see event {ended.seq if ended else 0}"
        )


def _mark(chain: Chain, one: Anchored) -> Mark:
    return Mark(one.size, f"{chain.name} chain block {one.block_number}", bytes.fromhex(one.root))


def checkpoints_anchored(config: Config, log: str) -> tuple[list[Checkpoint], list[str]]:
    """Return the checkpoints of a log that the chains hold, and what could not be asked."""
    asked = ask_chains(config, {log: None})
    found = [Checkpoint(log=log, size=mark.size, root=mark.root) for mark in asked.marks]
    return found, asked.notes

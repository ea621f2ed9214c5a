"""What of a person is stored sealed, opened from the record, and forgotten again."""

from collections.abc import Iterable, Mapping

from fognode.events import Json, Kind, Stored
from fognode.store.reader import Reader
from fognode.store.vault import Vault

PERSONAL = ("name", "cpf", "phone", "licence")  # facts of person_set that are stored sealed
SEALED = "sealed"  # the fact that stands for them
PAGE = 500  # events read at once


def seal_facts(vault: Vault, kind: str, facts: Mapping[str, Json]) -> dict[str, Json]:
    """Return a declaration's facts as they may be stored; call it before the event is kept.

    Name, CPF and phone of a person_set become the one fact ``sealed``.  For a person_erased
    the key is destroyed before this returns: an event that tells of it is never early.

    Raises:
        RefusedError: The person was erased.
        ConfigError: There is something to seal and no master key.
        StoreError: The vault cannot be written.
    """
    kept = dict(facts)
    person = str(facts.get("person", ""))
    if kind == Kind.PERSON_SET:
        fields = {name: str(kept.pop(name)) for name in PERSONAL if name in kept}
        if fields:
            kept[SEALED] = vault.seal(person, fields)
    elif kind == Kind.PERSON_ERASED:
        vault.erase(person)
    return kept


def personal_fields(vault: Vault, told: Iterable[Stored]) -> dict[str, dict[str, str]]:
    """Return what can still be opened, by person: name, CPF, phone as last declared.

    Args:
        vault: With its master key.
        told: The person_set events, oldest first.

    Raises:
        TamperError: A sealed fact is not what the vault made.
        ConfigError: There is no master key.
        StoreError: The vault cannot be read.
    """
    found: dict[str, dict[str, str]] = {}
    for event in told:
        if event.kind == Kind.PERSON_SET and SEALED in event.facts:
            person = event.text("person")
            found[person] = vault.open(person, event.text(SEALED)) or {}
    return found


def erase_again(vault: Vault, reader: Reader) -> int:
    """Destroy every key whose erasure the record tells of; return how many were there.

    Called at each start: a vault that came back from a backup holds destroyed keys.

    Raises:
        StoreError: The vault cannot be written, or the database is away.
    """
    found, after = 0, 0
    while told := reader.events(after, PAGE, [Kind.PERSON_ERASED]):
        found += sum(vault.erase(event.text("person")) for event in told)
        after = told[-1].seq
    return found

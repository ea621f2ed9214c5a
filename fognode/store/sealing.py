"""What happens to a declaration before it is kept: names are sealed, what is to go is destroyed.

So no name is ever kept in the clear, and no event tells of an erasure before it is done.
"""

from collections.abc import Mapping

from fognode.errors import RefusedError
from fognode.events import Json, Kind
from fognode.store.personal import seal_facts
from fognode.store.photos import Photos, erasure


def seal_request(photos: Photos, kind: str, facts: Mapping[str, Json]) -> dict[str, Json]:
    """Return the facts of any declaration as they may be stored.

    The vault is opened for persons and photos only: a broken one must not hinder the others.

    Raises:
        RefusedError: The person was erased, a hold forbids it, or what is named is not known.
        ConfigError: There is something to seal and no master key, or not the right one.
        StoreError: The vault cannot be written, or the database is away.
    """
    if kind == Kind.PERSON_ERASED:
        photos.refuse_held(str(facts["person"]))
    if kind in {Kind.PERSON_SET, Kind.PERSON_ERASED}:
        return seal_facts(photos.open_vault(), kind, facts)
    if kind == Kind.PHOTO_ERASED:
        return {**facts, **erasure(photos.erase(str(facts["photo"]))), "reason": "asked"}
    if kind in {Kind.HOLD_SET, Kind.HOLD_LIFTED}:
        _refuse_unknown(photos, str(facts["about"]))
    return dict(facts)


def _refuse_unknown(photos: Photos, about: str) -> None:
    """Do nothing, unless nothing is called so: a slip of the pen would protect nothing.

    Raises:
        RefusedError: No person, package, photo or event has this id.
    """
    known = (
        photos.reader.count("person", {"person": about})
        or photos.reader.count("package", {"package": about})
        or photos.reader.event(about)
        or photos.look(about)
    )
    if not known:
        raise RefusedError(f"about = {about!r} is no person, package, photo or event here")

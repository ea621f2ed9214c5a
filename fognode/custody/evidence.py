"""What shows that an empty was prepared: a photo that was kept of it, or a second person.

A picture counts for one step only, whatever it is kept as: the same bytes bear the same mark.
"""

from collections.abc import Set
from dataclasses import dataclass, field

from fognode.events import Kind, Stored

PURPOSES = {  # of a photo, by what it is to show
    Kind.RINSE_DECLARED: frozenset({"rinse", "puncture"}),
    Kind.SEAL_DECLARED: frozenset({"seal"}),
}
Wrong = tuple[str, str]  # reason, value


@dataclass(slots=True, kw_only=True)
class Photo:
    """One photo, as its photo_kept or a correction of it says."""

    about: str
    purpose: str
    mark: str  # of the picture


@dataclass(slots=True)
class State:
    """All photos by id, and the steps that pictures have shown."""

    photos: dict[str, Photo] = field(default_factory=dict)
    spent: dict[str, str] = field(default_factory=dict)  # mark -> the declaration it shows


def keep(state: State, told: Stored) -> None:
    """Learn of a photo; that it is erased after its days takes nothing from what it showed."""
    photo = told.text("photo")
    state.photos[photo] = Photo(
        about=told.text("about"), purpose=told.text("purpose"), mark=told.text("mark") or photo
    )


def wrong(state: State, told: Stored, root: str, names: Set[str]) -> Wrong | None:
    """Return why a declared photo or witness does not hold; None when it does or none is named.

    Args:
        state: The photos kept before.
        told: A rinse_declared or seal_declared.
        root: The event_id of the declaration, before it was corrected.
        names: All known persons, without those who were erased.
    """
    witness, photo = told.text("witness"), told.text("photo")
    if witness and witness not in names:
        return "witness names no known person", witness
    if witness and witness == told.text("by"):
        return "the witness must be another person than by", witness
    return _wrong_photo(state, told, root) if photo else None


def _wrong_photo(state: State, told: Stored, root: str) -> Wrong | None:
    photo, purposes = told.text("photo"), PURPOSES[Kind(told.kind)]
    kept = state.photos.get(photo)
    if kept is None:
        return "no such photo was kept before; keep it first (fognode photo add)", photo
    if kept.about != told.text("package"):
        return "the photo is about something else than this package", kept.about
    if kept.purpose not in purposes:
        return f"a photo for this has the purpose {' or '.join(sorted(purposes))}", kept.purpose
    if state.spent.get(kept.mark, root) != root:
        return "this picture has shown another step already", photo
    return None


def spend(state: State, told: Stored, root: str) -> str:
    """Let a declaration use up its picture; return what shows the step, "" for nothing."""
    photo = state.photos.get(told.text("photo"))
    if photo is not None:
        state.spent[photo.mark] = root
    shown = ("photo" if photo else "", "witness" if told.text("witness") else "")
    return " and ".join(filter(None, shown))


def release(state: State, root: str) -> None:
    """Give back the picture of a declaration that does not count any more."""
    for mark in [mark for mark, used in state.spent.items() if used == root]:
        del state.spent[mark]

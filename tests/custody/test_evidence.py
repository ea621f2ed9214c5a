"""Photos and witnesses; what they do to a package: test_returns.py."""

from fognode import hashing
from fognode.custody import evidence
from fognode.events import Json, Stored

NAMES = frozenset({"ana", "bob"})


def told(kind: str, **facts: Json) -> Stored:
    return Stored(
        seq=1,
        event_id=hashing.event_id(str(sorted(facts.items()))).hex(),
        kind=kind,
        origin="q/1",
        happened_at_ms=1,
        recorded_at_ms=1,
        facts=facts,
        body=b"",
    )


def test_a_picture_is_given_back_when_its_step_does_not_count_any_more() -> None:
    state = evidence.State()
    evidence.keep(state, told("photo_kept", photo="p", mark="m", about="P", purpose="rinse"))
    first = told("rinse_declared", package="P", photo="p", by="ana")
    assert evidence.wrong(state, first, "1", NAMES) is None
    assert evidence.spend(state, first, "1") == "photo"
    assert evidence.wrong(state, first, "1", NAMES) is None  # its own correction may name it
    assert evidence.wrong(state, first, "2", NAMES) is not None
    evidence.release(state, "1")
    assert evidence.wrong(state, first, "2", NAMES) is None


def test_a_rinse_photo_does_not_show_a_sealed_bag() -> None:
    state = evidence.State()
    evidence.keep(state, told("photo_kept", photo="p", about="P", purpose="rinse"))
    sealed = told("seal_declared", package="P", photo="p", by="ana")
    assert evidence.wrong(state, sealed, "1", NAMES) == (
        "a photo for this has the purpose seal",
        "rinse",
    )


def test_nothing_named_is_not_wrong_and_shows_nothing() -> None:
    state = evidence.State()
    bare = told("rinse_declared", package="P", by="ana")
    assert evidence.wrong(state, bare, "1", NAMES) is None
    assert evidence.spend(state, bare, "1") == ""

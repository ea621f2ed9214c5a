"""Which key signs which size, as the record tells it; who can follow from one key to the next."""

from collections.abc import Iterator
from itertools import count

import pytest

from fognode.errors import TamperError
from fognode.events import Event, Json, Kind, Stored
from fognode.hashing import Stamp, event_id, freeze
from fognode.store.bodies import stored_event
from fognode.store.checkpoint import Checkpoint, Signer, log_name
from fognode.store.keyring import (
    Era,
    Keyring,
    keyring_of,
    log_in_force,
    read_keyring,
    short,
    told_eras,
)
from tests.store.conftest import House, body

LOG = "fognode.farm-7"
A, B, C = (Signer(LOG, f"{n}{n}" * 32) for n in (1, 2, 3))
BOTH = Signer(LOG, "22" * 32, retiring="11" * 32)
NEW_LOG = Signer("fognode.farm-7/20261120T184000Z-abcdef", "22" * 32)
STAMP = Stamp(farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=9, clock_ok=True)
ROOT = bytes(range(32))


def event(kind: Kind, facts: dict[str, Json], origin: str) -> Event:
    return Event(kind=kind, origin=origin, happened_at_ms=1, facts=facts)


def rotated(old: Signer, new: Signer, endorsed: int = 1) -> Event:
    facts: dict[str, Json] = {
        "old_key": old.verifier_key,
        "new_key": new.verifier_key,
        "endorsed": endorsed,
    }
    return event(Kind.KEY_ROTATED, facts, f"n/key_rotated/{short(new.verifier_key)}")


def restored(new: Signer, *eras: Era) -> Event:
    facts: dict[str, Json] = {
        "old_log": LOG,
        "log": new.log,
        "new_key": new.verifier_key,
        "old_keys": told_eras(eras),
    }
    return event(Kind.RECORD_RESTORED, facts, "n/record_restored/1")


def stored(*told: tuple[int, Event]) -> Iterator[Stored]:
    for seq, one in told:
        yield stored_event(seq, event_id(one.origin), freeze(one, STAMP))


def note(signer: Signer, size: int) -> bytes:
    return signer.sign(Checkpoint(log=signer.log, size=size, root=ROOT))


def test_record_that_tells_of_no_key_is_signed_by_the_given_one() -> None:
    keys = keyring_of([], A.verifier_key)
    assert keys.open(note(A, 7)).size == 7
    with pytest.raises(TamperError, match="not signed by key"):
        keys.open(note(B, 7))
    assert keys.doubt(A.verifier_key) == ""
    assert "is signed by key" in keys.doubt(B.verifier_key)


def test_each_size_is_signed_by_the_key_of_its_era_alone() -> None:
    keys = keyring_of(stored((100, rotated(A, B))), B.verifier_key)
    assert keys.open(note(A, 99)).size == 99
    assert keys.open(note(BOTH, 100)).size == 100
    assert keys.open(note(B, 101)).size == 101
    with pytest.raises(TamperError, match="not signed by key"):
        keys.open(note(B, 99))  # it was not in force yet
    retired = f"101 is signed by key {short(A.verifier_key)}, retired by event 100"
    with pytest.raises(TamperError, match=retired):
        keys.open(note(A, 101))
    with pytest.raises(TamperError, match="retired by event 100"):
        keys.open(note(A, 100))


def test_step_to_a_new_key_needs_both_signatures_unless_the_old_key_was_lost() -> None:
    keys = keyring_of(stored((100, rotated(A, B))), B.verifier_key)
    with pytest.raises(TamperError, match=f"100 is not signed by key {short(A.verifier_key)}"):
        keys.open(note(B, 100))
    lost = keyring_of(stored((100, rotated(A, B, endorsed=0))), B.verifier_key)
    assert lost.open(note(B, 100)).size == 100


def test_older_key_is_followed_as_far_as_it_signed_the_steps() -> None:
    steps = stored((10, rotated(A, B)), (20, rotated(B, C)))
    keys = keyring_of(steps, C.verifier_key)
    for signer in (A, B, C):
        assert keys.doubt(signer.verifier_key) == ""
    broken = keyring_of(
        stored((10, rotated(A, B)), (20, rotated(B, C, endorsed=0))), C.verifier_key
    )
    assert broken.doubt(C.verifier_key) == ""
    said = f"key {short(C.verifier_key)} took over at event 20, not signed by the old"
    assert broken.doubt(A.verifier_key) == broken.doubt(B.verifier_key) == said
    stranger = Signer(LOG, "44" * 32).verifier_key
    assert "is signed by key" in keys.doubt(stranger)


def test_new_log_begins_where_the_old_one_ended_whatever_its_key() -> None:
    told = restored(NEW_LOG, Era(key=A.verifier_key), Era(key=B.verifier_key, first=10))
    keys = keyring_of(stored((60, told)), NEW_LOG.verifier_key)
    assert [era.first for era in keys.eras] == [0, 10, 60]
    assert keys.open(note(A, 9)).log == LOG
    assert keys.open(note(B, 59)).log == LOG
    assert keys.open(note(NEW_LOG, 60)).log == NEW_LOG.log
    with pytest.raises(TamperError, match=f"60 is of log {LOG}, ended by event 60"):
        keys.open(note(B, 60))
    # The same key under another name: nothing has to be signed by both.
    assert keys.doubt(B.verifier_key) == keys.doubt(NEW_LOG.verifier_key) == ""
    assert "took over at event 10" in keys.doubt(A.verifier_key)


@pytest.mark.parametrize("text", ["", "x", A.verifier_key[:-1]])
def test_event_that_names_no_key_is_refused(text: str) -> None:
    facts: dict[str, Json] = {"old_key": A.verifier_key, "new_key": text, "endorsed": 1}
    bent = event(Kind.KEY_ROTATED, facts, "n/key_rotated/1")
    with pytest.raises(TamperError, match="a key that is none"):
        keyring_of(stored((100, bent)), B.verifier_key)


def test_keyring_is_read_from_the_record(house: House) -> None:
    writer = house.writer()
    numbers = count(1)
    assert log_in_force(house.reader, "farm-7") == log_name("farm-7") == LOG
    assert read_keyring(house.reader, A.verifier_key).newest.key == A.verifier_key
    writer.keep([body(next(numbers)), freeze(rotated(A, B), STAMP), body(next(numbers))])
    assert [era.first for era in read_keyring(house.reader, B.verifier_key).eras] == [0, 2]
    told = restored(NEW_LOG, Era(key=A.verifier_key), Era(key=B.verifier_key, first=2))
    writer.keep([freeze(told, STAMP)])
    keys = read_keyring(house.reader, NEW_LOG.verifier_key)
    assert [(era.first, era.log) for era in keys.eras] == [(0, LOG), (2, LOG), (4, NEW_LOG.log)]
    assert log_in_force(house.reader, "farm-7") == NEW_LOG.log
    assert Keyring(keys.eras[:2]).era(7).first == 2

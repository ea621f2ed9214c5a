"""A notary that never signs what does not extend its last."""

import pytest

from fognode.errors import TamperError
from fognode.hashing import leaf_hash
from fognode.store.checkpoint import Signer
from fognode.store.merkle import CompactRange, root_of, verify_consistency
from fognode.store.notary import Notary, range_hashes, range_text
from tests.store.conftest import B1, B2, body
from tests.store.test_checkpoint import LOG, NOTE, ROOT, SIGNER


def test_the_notary_signs_the_worked_example() -> None:
    notary = Notary(SIGNER)
    notary.take(0, [B1, B2])
    signed = notary.sign(0)
    assert signed.note == NOTE
    assert signed.hashes == (ROOT,)
    assert signed.proof == ()


def test_each_checkpoint_proves_that_it_extends_the_one_before() -> None:
    bodies = [body(count) for count in range(1, 71)]
    leaves = [leaf_hash(one) for one in bodies]
    notary, size = Notary(SIGNER), 0
    for step in (1, 1, 2, 3, 5, 9, 16, 1, 32):
        notary.take(size, bodies[size : size + step])
        signed, before, size = notary.sign(0), size, size + step
        assert signed.checkpoint.root == root_of(leaves[:size])
        if before:
            old = root_of(leaves[:before])
            new = signed.checkpoint.root
            assert verify_consistency(before, old, size, new, signed.proof)
        notary = Notary(SIGNER, signed.note, signed.hashes)  # a restart in between
        assert (notary.size, notary.signed_size) == (size, size)


def test_it_is_due_after_256_events_or_a_minute() -> None:
    notary = Notary(SIGNER)
    assert not notary.due(10**9)
    notary.take(0, [body(1)])
    assert notary.due(1000)  # the first after a start at once: nothing says how old the last is
    notary.sign(1000)
    assert not notary.due(10**9)  # nothing changed
    notary.take(1, [body(2)])
    assert not notary.due(60_999)
    assert notary.due(61_000)
    notary.take(2, [body(count) for count in range(3, 258)])
    assert (notary.size, notary.signed_size) == (257, 1)
    assert notary.due(1001)


def test_events_out_of_place_are_not_taken() -> None:
    notary = Notary(SIGNER)
    notary.take(0, [B1])
    for after in (0, 2):
        with pytest.raises(TamperError, match="do not follow"):
            notary.take(after, [B2])
    assert notary.size == 1


def test_a_start_from_another_note_or_range_is_refused() -> None:
    leaves = [leaf_hash(B1), leaf_hash(B2)]
    with pytest.raises(TamperError, match="not that of checkpoint 2"):
        Notary(SIGNER, NOTE, [leaves[0]])
    with pytest.raises(TamperError, match="no compact range"):
        Notary(SIGNER, NOTE, leaves)
    with pytest.raises(TamperError, match="wrong"):
        Notary(SIGNER, NOTE.replace(b"\n2\n", b"\n3\n"), [ROOT, leaves[0]])
    with pytest.raises(TamperError, match="no compact range"):
        Notary(SIGNER, None, [ROOT])


def test_an_empty_record_is_not_signed() -> None:
    with pytest.raises(TamperError, match="empty"):
        Notary(SIGNER).sign(0)


def test_what_does_not_extend_the_last_checkpoint_is_never_signed() -> None:
    notary = Notary(SIGNER)
    notary.take(0, [B1, B2])
    notary.sign(0)
    forged = CompactRange()  # another history of the same length, slipped into memory
    for one in (B2, B1, B1):
        forged.append(leaf_hash(one))
    notary._range = forged
    notary._leaves = [leaf_hash(B1)]
    with pytest.raises(TamperError, match="does not extend checkpoint 2"):
        notary.sign(0)
    assert notary.signed_size == 2


def test_notary_goes_on_from_a_note_of_the_key_before() -> None:
    first = Notary(Signer(LOG, "11" * 32))
    first.take(0, [B1])
    signed = first.sign(0)
    old = Signer(LOG, "11" * 32).verifier_key
    following = Notary(Signer(LOG, "22" * 32), signed.note, signed.hashes, old)
    following.take(1, [B2])
    assert following.sign(0).checkpoint.root == ROOT
    with pytest.raises(TamperError, match="not signed by key"):
        Notary(Signer(LOG, "22" * 32), signed.note, signed.hashes)


def test_range_of_a_row_is_read_as_it_was_written() -> None:
    assert range_text([ROOT]) == f'["{ROOT.hex()}"]'
    assert range_hashes(range_text([ROOT, bytes(32)])) == [ROOT, bytes(32)]
    for odd in ("", "no json", "[1]", '["xy"]', "1"):
        assert range_hashes(odd) == []

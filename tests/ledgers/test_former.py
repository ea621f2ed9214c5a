from typing import Any

import pytest

from fognode.events import Kind, Stored
from fognode.ledgers.calls import Record
from fognode.ledgers.former import former_record, is_told_anew

NOW_MS = 1_795_241_520_000
OURS = "0x" + "1" * 40


def told(kind: str, seq: int, at_ms: int, **facts: Any) -> Stored:
    return Stored(
        seq=seq,
        event_id=f"{seq:032x}",
        kind=kind,
        origin=f"q/{seq}",
        happened_at_ms=at_ms,
        recorded_at_ms=at_ms,
        facts=facts,
        body=b"{}",
    )


def record(seq: int, kind: int, data_hash: str, actor: str = OURS) -> Record:
    return Record(
        token_id="1" * 64,
        seq=seq,
        kind=kind,
        state=1,
        actor=actor,
        data_hash=data_hash,
        head="",
        tx_hash=f"0x{seq:064x}",
        block_number=seq,
        block_hash="",
    )


LOSS = told(Kind.RECORD_RESTORED, 12, NOW_MS, new_size=10)


@pytest.mark.parametrize(
    ("seq", "at_ms", "is_anew"),
    [
        (13, NOW_MS - 1, True),
        (11, NOW_MS, True),  # kept again with the loss, before its event
        (10, NOW_MS - 1, False),  # was never lost
        (13, NOW_MS + 1, False),  # happened since
    ],
)
def test_told_anew_is_what_happened_before_a_loss_and_was_kept_after_it(
    seq: int, at_ms: int, is_anew: bool
) -> None:
    step = told(Kind.SEND_TO_BLOCKCHAIN, seq, at_ms)
    assert is_told_anew(step, [LOSS]) is is_anew
    assert not is_told_anew(step, [])


def test_former_record_is_our_first_of_that_kind_that_no_step_is_known_to_have() -> None:
    written = [
        record(1, 1, "a"),
        record(2, 1001, "b"),
        record(3, 1001, "c", actor="0x" + "9" * 40),
        record(4, 1001, "d"),
    ]
    assert former_record(1001, written, {"b"}, {OURS}) == written[3]
    assert former_record(1001, written, set(), {OURS}) == written[1]
    assert former_record(1001, written, {"b", "d"}, {OURS}) is None
    assert former_record(102, written, set(), {OURS}) is None

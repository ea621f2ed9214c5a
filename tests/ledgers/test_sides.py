from dataclasses import replace
from typing import Any

import pytest

from fognode.events import Kind, Stored
from fognode.hashing import keccak
from fognode.ledgers.calls import Package, Record
from fognode.ledgers.rows import Due
from fognode.ledgers.sides import Known, Look, gaps, others_of, sides_of

NOW_MS = 1_795_241_520_000
TOKEN, OURS, THEIRS = "1" * 64, "0x" + "1" * 40, "0x" + "9" * 40
HASHES = ["a1" * 32, "b2" * 32, "c3" * 32]


def step(number: int, kind: int, data_hash: str) -> Stored:
    facts: dict[str, Any] = {
        "package": "pkg-1",
        "token_id": TOKEN,
        "kind": kind,
        "data_hash": data_hash,
        "chains": ["private", "public"],
    }
    return Stored(
        seq=number,
        event_id=f"{number:032x}",
        kind=Kind.SEND_TO_BLOCKCHAIN,
        origin=f"r/journey/{number}",
        happened_at_ms=NOW_MS,
        recorded_at_ms=NOW_MS,
        facts=facts,
        body=b"{}",
    )


def row(told: Stored, chain: str = "private", **changes: Any) -> Due:
    number = told.seq
    return replace(
        Due(
            id=f"{chain}/{told.event_id}",
            chain=chain,
            event_id=told.event_id,
            package="pkg-1",
            token_id=TOKEN,
            seq=number,
            method="record",
            kind=told.number("kind"),
            args_json="{}",
            data_hash=told.text("data_hash"),
            sender=OURS,
            depends_on="",
            state="FINAL",
            nonce=number,
            gas_limit=65_000,
            tries=1,
            next_try_at_ms=0,
            block_number=number,
            block_hash="",
            tx_hash=f"0x{number:064x}",
            last_push_at_ms=0,
            error_code="",
            error_text="",
            created_at_ms=NOW_MS,
            updated_at_ms=NOW_MS,
            as_of_seq=number,
        ),
        **changes,
    )


def chain_of(*written: tuple[int, str, str]) -> list[Record]:
    """Return records of (kind, data hash, actor) as the contract would have logged them."""
    head, records = bytes(32), list[Record]()
    for seq, (kind, data_hash, actor) in enumerate(written, start=1):
        words = [int(TOKEN, 16), seq, kind]
        told = b"".join(word.to_bytes(32) for word in words)
        head = keccak(head + told + bytes.fromhex(data_hash))
        records.append(
            Record(
                token_id=TOKEN,
                seq=seq,
                kind=kind,
                state=1,
                actor=actor,
                data_hash=data_hash,
                head=head.hex(),
                tx_hash=f"0x{seq:064x}",
                block_number=seq,
                block_hash="",
            )
        )
    return records


def look(*written: tuple[int, str, str]) -> Look:
    records = chain_of(*written)
    package = Package(gtin=1, seq=len(records), state=1, hold=False, head=records[-1].head)
    return Look(records=records, package=package, head_number=10)


STEP = step(1, 1, HASHES[0])
THERE = look((1, HASHES[0], OURS))
ELSE = look((1, HASHES[1], THEIRS))


def known(**changes: Any) -> Known:
    facts = {"chain": "private", "steps": [STEP], "rows": [row(STEP)], "seen": (), "ours": {OURS}}
    return Known(**{**facts, **changes})


@pytest.mark.parametrize(
    ("changes", "seen", "verdict"),
    [
        ({}, THERE, "equal"),
        ({}, ELSE, "lost"),
        ({}, None, "not asked"),
        ({"block_number": 11}, ELSE, "not asked"),  # mined after the look
        ({"state": "QUEUED", "block_number": 0}, ELSE, "owed"),
        ({"state": "SENT"}, THERE, "equal"),
        ({"state": "FAILED", "block_number": 0}, ELSE, "failed"),
        ({"tx_hash": "0x" + "7" * 64}, THERE, "elsewhere"),
        ({"data_hash": HASHES[1]}, look((1, HASHES[1], OURS)), "differs"),
        (
            {"data_hash": HASHES[1], "error_code": "AfterLoss"},
            look((1, HASHES[1], OURS)),
            "after a loss",
        ),
        ({}, look((1001, HASHES[0], OURS)), "differs"),
    ],
)
def test_verdict_of_a_step(changes: dict[str, Any], seen: Look | None, verdict: str) -> None:
    [side] = sides_of(known(rows=[row(STEP, **changes)]), seen).values()
    assert side.verdict == verdict


def test_step_without_a_row_is_held_back_until_a_later_one_took_it_along() -> None:
    use, prepared = step(2, 102, HASHES[1]), step(3, 104, HASHES[2])
    steps, rows = [STEP, use], [row(STEP, "public")]
    told = known(chain="public", steps=steps, rows=rows)
    assert sides_of(told, THERE)[use.event_id].verdict == "held back"
    rows = [*rows, row(prepared, "public")]
    told = known(chain="public", steps=[*steps, prepared], rows=rows)
    assert sides_of(told, THERE)[use.event_id].verdict == "unowed"
    told = known(steps=steps)
    assert sides_of(told, THERE)[use.event_id].verdict == "unowed"


def test_step_that_is_none_of_a_chain_has_no_side_there() -> None:
    private = replace(STEP, facts={**STEP.facts, "chains": ["private"]})
    assert sides_of(known(chain="public", steps=[private], rows=[]), THERE) == {}


def test_what_others_wrote_is_told_apart_from_what_nobody_knows() -> None:
    seen = look(
        (1, HASHES[0], OURS),
        (300, HASHES[1], THEIRS),
        (301, HASHES[2], THEIRS),
        (1001, "d4" * 32, OURS),
        (1002, "e5" * 32, OURS),
    )
    told = others_of(known(seen={HASHES[1]}, lost_blocks=4), seen)
    assert [(one.seq, one.verdict) for one in told] == [
        (2, "theirs"),
        (3, "untold"),
        (4, "lost step"),
        (5, "unknown"),
    ]


def test_records_are_whole_when_their_replay_ends_in_the_head() -> None:
    whole = look((1, HASHES[0], OURS), (102, HASHES[1], OURS))
    assert gaps(whole) == ""
    short = replace(whole, records=whole.records[:1])
    assert gaps(short) == "the node tells of 1 records, the contract of 2"
    holed = replace(whole, records=whole.records[1:])
    assert gaps(holed) == "record 2 does not follow on record 0"
    bent = [replace(whole.records[0], kind=102), whole.records[1]]
    assert gaps(replace(whole, records=bent)) == "record 1 does not follow on record 0"
    # What was written after the contract was asked is no gap.
    assert whole.package is not None
    older = replace(whole.package, seq=1, head=whole.records[0].head)
    assert gaps(replace(whole, package=older)) == ""

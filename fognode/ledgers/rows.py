"""The rows of a chain's tables as typed values: what is owed, and which chain it is owed to."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from fognode.events import Event, Json, Kind, Row, RowValues
from fognode.ledgers.calls import Call
from fognode.store.reader import Reader

Commit = Callable[[Sequence[Event], Sequence[Row]], list[int]]

MOST_ROWS = 5000  # of one state, looked at in one pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One row of chain_outbox."""

    id: str
    chain: str
    event_id: str
    package: str
    token_id: str
    seq: int
    method: str
    kind: int
    args_json: str
    data_hash: str
    sender: str
    depends_on: str
    state: str
    nonce: int
    gas_limit: int
    tries: int
    next_try_at_ms: int
    block_number: int
    block_hash: str
    tx_hash: str
    last_push_at_ms: int
    error_code: str
    error_text: str
    created_at_ms: int
    updated_at_ms: int
    as_of_seq: int

    def call(self) -> Call:
        """Return the write this row owes."""
        return Call(
            method=self.method,
            token_id=self.token_id,
            seq=self.seq,
            kind=self.kind,
            data_hash=self.data_hash,
            args=json.loads(self.args_json),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """One row of chain_guard: which chain this is, and up to where it was read."""

    chain: str
    chain_id: int
    genesis_hash: str
    contract: str
    code_hash: str
    last_final_number: int
    last_final_hash: str
    state: str
    reason: str
    head_number: int
    updated_at_ms: int
    as_of_seq: int = 0  # it follows the chain, not the record


def ledger_event(kind: Kind, named: str, facts: dict[str, Json], now_ms: int) -> Event:
    """Return the event of a ledger step; ``facts`` hold the chain, ``named`` is ID/STATE."""
    origin = f"c/{facts['chain']}/{named}"
    return Event(kind=kind, origin=origin, happened_at_ms=now_ms, facts=facts)


def read_due(reader: Reader, chain: str, *states: str) -> list[Due]:
    """Return a chain's rows in these states, in the order in which they were asked for."""
    found: list[Due] = []
    for state in states:
        where: RowValues = {"chain": chain, "state": state}
        rows = reader.rows("chain_outbox", where, order="as_of_seq", limit=MOST_ROWS)
        found += [_typed(Due, row) for row in rows]
    return found


def read_rows(reader: Reader, chain: str, package: str = "") -> Iterator[Due]:
    """Yield a chain's rows, of one package or of all, in the order of their asking.

    Raises:
        StoreError: The database is away.
    """
    if package:
        where: RowValues = {"chain": chain, "package": package}
        for row in reader.rows("chain_outbox", where, order="as_of_seq", limit=MOST_ROWS):
            yield _typed(Due, row)
        return
    after = -1
    while page := reader.changed("chain_outbox", after, MOST_ROWS):
        yield from (_typed(Due, row) for row in page if row["chain"] == chain)
        after = int(str(page[-1]["as_of_seq"]))


def read_guard(reader: Reader, chain: str) -> Guard | None:
    """Return what is pinned of a chain; None before the first look at it."""
    rows = reader.rows("chain_guard", {"chain": chain})
    return _typed(Guard, rows[0]) if rows else None


def _typed(cls: type[Any], row: RowValues) -> Any:
    return cls(**{part.name: row[part.name] for part in fields(cls)})

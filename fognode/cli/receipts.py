"""Before an evidence pack: have the record signed and anchored now, and wait for the receipts.

The running appliance does it (event ``anchor_asked``); this only asks, waits for what both
chains answer, and says in words what did not come.  A pack is made all the same.
"""

import time
from collections.abc import Iterator

from fognode.config import Config
from fognode.daemon.control import send_request
from fognode.errors import AwayError, RefusedError
from fognode.events import Kind, RowValues, Stored
from fognode.store.reader import Reader

LOOK_S = 0.25
NEWEST = 50  # anchors looked through for one of each chain


def ask_receipts(config: Config, reader: Reader, wait_s: float) -> list[str]:
    """Ask for a checkpoint and an anchor on each chain; return what did not come, and why.

    Returns as soon as every chain has answered, or after ``wait_s`` seconds.

    Raises:
        StoreError: The database is away.
    """
    try:
        asked = send_request(config.folder, Kind.ANCHOR_ASKED, {})
    except (AwayError, RefusedError) as error:
        return [f"neither a checkpoint nor an anchor was made for this pack: {error}"]
    return list(_lacks(config, reader, asked, wait_s))


def _lacks(config: Config, reader: Reader, asked: int, wait_s: float) -> Iterator[str]:
    rows = reader.rows("checkpoint", order="-size", limit=1)
    signed = int(rows[0]["size"] or 0) if rows else 0
    if signed < asked:
        yield f"the appliance signed no checkpoint for this pack; the last one has {signed} events"
    if not config.chains:
        yield "no anchor for this pack: no chain is configured"
        return
    verdicts = reader.newest(1, [Kind.VERIFY_PASSED, Kind.VERIFY_FAILED])
    if verdicts and verdicts[0].kind == Kind.VERIFY_FAILED:
        yield (
            "no anchor for this pack: nothing is anchored while the record does not verify"
            f" (event {verdicts[0].seq})"
        )
    if owed := reader.newest(1, [Kind.ANCHOR_OWED]):
        chains = [chain.name for chain in config.chains]
        for chain in _waited_for(reader, owed[0], chains, wait_s):
            why = _state(reader, owed[0], chain)
            yield (
                f"no anchor of {owed[0].number('size')} events on chain {chain}"
                f" within {wait_s:g} s: {why}"
            )


def _waited_for(reader: Reader, owed: Stored, chains: list[str], wait_s: float) -> list[str]:
    """Wait; return the chains that do not hold the checkpoint for good."""
    until_s = time.monotonic() + wait_s
    while True:
        done = {
            told.text("chain")
            for told in reader.newest(NEWEST, [Kind.CHECKPOINT_ANCHORED])
            if told.number("size") >= owed.number("size")
        }
        bare = [chain for chain in chains if chain not in done]
        is_over = all(_row(reader, owed, chain).get("state") == "FAILED" for chain in bare)
        if is_over or time.monotonic() >= until_s:
            return bare
        time.sleep(LOOK_S)


def _row(reader: Reader, owed: Stored, chain: str) -> RowValues:
    rows = reader.rows("chain_outbox", {"id": f"{chain}/{owed.event_id}"}, limit=1)
    return rows[0] if rows else {}


def _state(reader: Reader, owed: Stored, chain: str) -> str:
    """Say how far the anchor is, and how the chain is."""
    row = _row(reader, owed, chain)
    state, sent, error = (str(row.get(name, "")) for name in ("state", "tx_hash", "error_text"))
    guards = reader.rows("chain_guard", {"chain": chain}, limit=1)
    now, reason = (str(guards[0][name]) if guards else "" for name in ("state", "reason"))
    words = [f"the step is {state}" if state else "the step is not taken up"]
    words += [f"transaction {sent} is not final"] if sent else []
    words += [error] if error else []
    words += [f"the chain is {now or 'not reached yet'} {reason}".strip()]
    return ", ".join(words)

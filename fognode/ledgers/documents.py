"""What is owed to partners (JSON) and authorities (signed XML), until they answered.

Both outboxes are worked through in order; a peer that is away is left alone until its next
try, and the others go on.  An authority's document is COMMITTED before it is sent: owed,
SIGNED, then SENT and ACCEPTED or REJECTED, or UNKNOWN after silence, when the same bytes go
out again and the authority answers "duplicate" with the protocol it gave.
"""

import logging
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from fognode.config import Config, Partner, Regulator
from fognode.errors import AwayError, ConfigError, PeerError, RefusedError, UnclearError
from fognode.events import Event, Json, Kind, Row, RowValues
from fognode.hashing import sha256
from fognode.ledgers import consortium, regulators
from fognode.store.reader import Reader

log = logging.getLogger(__name__)

Commit = Callable[[Sequence[Event], Sequence[Row]], list[int]]

FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 5_000, 900_000
AT_ONCE = 20  # documents per peer in one pass
MOST_RECEIPT = 30_000  # bytes that are kept in the event; base64 makes 40 kB of them, of 60
OPEN_STATES = ("SIGNED", "UNKNOWN", "owed")  # of an authority's document, the oldest work first
SEEN = (regulators.AUTHORISED, regulators.DUPLICATE)


class Documents:
    """The one sender of documents; used on its own thread alone."""

    def __init__(self, config: Config, reader: Reader, commit: Commit) -> None:
        """Read the credentials that the configured authorities call for.

        Raises:
            ConfigError: ``regulator-key``, ``regulator-cert`` or a ``receipt_cert`` is missing.
        """
        self._partners, self._regulators = config.partners, config.regulators
        self._zone = config.zone
        self._reader, self._commit = reader, commit
        self._seal = regulators.Seal(key="", cert="")
        if self._regulators:
            key, cert = config.secret("regulator-key"), config.secret("regulator-cert")
            self._seal = regulators.Seal(key=key, cert=cert)
        self._receipt_certs = {one.id: _read_cert(one) for one in self._regulators}
        self._now_ms = 0
        self._quiet_until_ms: dict[str, int] = {}  # peer -> no earlier try

    def pass_once(self, now_ms: int) -> None:
        """Try what is due with every peer; safe to be killed anywhere.

        Raises:
            StoreError: The database is away; nothing is lost, call again.
        """
        self._now_ms = now_ms
        for partner in self._partners:
            wheres: list[RowValues] = [{"partner": partner.id, "state": "owed"}]
            for row in self._due("partner_outbox", wheres):
                if not self._tell_partner(partner, row):
                    self._quiet_until_ms[f"partner_outbox/{partner.id}"] = self._next_ms(row)
                    break
        for regulator in self._regulators:
            wheres = [{"regulator": regulator.id, "state": state} for state in OPEN_STATES]
            for row in self._due("gov_outbox", wheres):
                if not self._tell_regulator(regulator, row):
                    self._quiet_until_ms[f"gov_outbox/{regulator.id}"] = self._next_ms(row)
                    break

    def _due(self, table: str, wheres: list[RowValues]) -> list[RowValues]:
        peer = str(next(iter(wheres[0].values())))
        if self._quiet_until_ms.get(f"{table}/{peer}", 0) > self._now_ms:
            return []
        found = [
            row
            for where in wheres
            for row in self._reader.rows(table, where, order="as_of_seq", limit=AT_ONCE)
        ]
        return [row for row in found if _number(row, "next_try_at_ms") <= self._now_ms]

    # --- partners -------------------------------------------------------------------------

    def _tell_partner(self, partner: Partner, row: RowValues) -> bool:
        """Post one step; return whether the partner can be asked for the next one now."""
        event_id, events = str(row["event_id"]), list[Event]()
        row = {**row, "tries": _number(row, "tries") + 1}
        try:
            consortium.post_step(partner, event_id, str(row["document"]))
        except PeerError as error:
            outcome, row = _outcome(error), self._put_off(row, error)
            if isinstance(error, RefusedError):
                row["state"] = "refused"
                events = [self._event(f"partner.{partner.id}", event_id, reason=str(error))]
        else:
            outcome, row["state"], row["last_error"] = "sent", "accepted", ""
            events = [self._event(f"partner.{partner.id}", event_id)]
        attempt = self._tried(row, {"outbox_id": row["id"], "outcome": outcome})
        self._commit(events, [Row(table="partner_attempt", values=attempt), _row(row, "partner")])
        return row["state"] != "owed"

    # --- authorities ----------------------------------------------------------------------

    def _tell_regulator(self, regulator: Regulator, row: RowValues) -> bool:
        """Sign if need be, then send; return whether to go on with this authority now."""
        try:
            if row["state"] == "owed":
                row = self._signed(regulator, row)
        except RefusedError as error:  # our own check: nobody was sent an invalid document
            self._settle_refusal(regulator, row, error)
            return True
        except ConfigError as error:
            # The operator's matter, but no reason to stop watching the farm.
            log.warning("event=document_unsigned row=%s reason=%s", row["id"], error)
            row = {**row, "tries": _number(row, "tries") + 1}
            self._commit([], [_row(self._put_off(row, error), "gov")])
            return False
        return self._send(regulator, row)

    def _signed(self, regulator: Regulator, row: RowValues) -> RowValues:
        told = self._reader.event(str(row["event_id"]))
        if told is None:
            raise RefusedError(f"event {row['event_id']!s} is not in the record")
        plain = regulators.build_document(regulator, told, self._zone)
        exact = regulators.sign_document(plain, self._seal)
        regulators.check_document(exact)
        mov_id = regulators.movement_id(regulator, told, self._zone)
        document: RowValues = {"mov_id": mov_id, "exact_bytes": exact, "sha256": sha256(exact)}
        row = {**row, "state": "SIGNED", "mov_id": mov_id}
        self._commit([], [Row(table="gov_document", values=document), _row(row, "gov")])
        return row

    def _send(self, regulator: Regulator, row: RowValues) -> bool:
        mov_id, event_id = str(row["mov_id"]), str(row["event_id"])
        stored = self._reader.rows("gov_document", {"mov_id": mov_id})[0]["exact_bytes"]
        row = {**row, "tries": _number(row, "tries") + 1}
        peer = f"regulator.{regulator.id}"
        try:
            cert = self._receipt_certs[regulator.id]
            receipt = regulators.post_document(regulator, mov_id, _bytes(stored), cert)
        except RefusedError as error:
            self._settle_refusal(regulator, row, error)
            return True
        except (AwayError, UnclearError) as error:
            row = self._put_off(row, error)
            # Not sent stays SIGNED; after silence the authority may have it.
            row["state"] = "UNKNOWN" if isinstance(error, UnclearError) else row["state"]
            self._commit([], [self._gov_attempt(row, _outcome(error)), _row(row, "gov")])
            return False
        is_taken = receipt.status in SEEN
        row |= {"protocol": receipt.protocol, "last_error": ""}
        row["state"] = "ACCEPTED" if is_taken else "REJECTED"
        if not is_taken:
            row["last_error"] = f"{receipt.status} {receipt.reason}"[:300]
        reason = str(row["last_error"])
        event = self._event(peer, event_id, protocol=receipt.protocol, reason=reason)
        if 0 < len(receipt.exact) <= MOST_RECEIPT:
            kept = {"receipt": b64encode(receipt.exact).decode()}
            event = replace(event, facts={**event.facts, **kept})
        attempt = self._gov_attempt(row, receipt.status)
        self._commit([event], [attempt, _row(row, "gov")])
        return True

    def _settle_refusal(self, regulator: Regulator, row: RowValues, error: RefusedError) -> None:
        row = {**row, "state": "REJECTED", "last_error": str(error)[:300]}
        log.warning("event=document_refused row=%s reason=%s", row["id"], error)
        event = self._event(f"regulator.{regulator.id}", str(row["event_id"]), reason=str(error))
        rows = [_row(row, "gov")]
        if row["mov_id"]:
            rows.append(self._gov_attempt(row, "refused"))
        self._commit([event], rows)

    def _gov_attempt(self, row: RowValues, outcome: str) -> Row:
        values = {"mov_id": row["mov_id"], "outcome": outcome, "protocol": row["protocol"]}
        return Row(table="gov_attempt", values=self._tried(row, values))

    # --- both -----------------------------------------------------------------------------

    def _tried(self, row: RowValues, values: RowValues) -> RowValues:
        return {
            **values,
            "attempt": row["tries"],
            "detail": row["last_error"],
            "at_ms": self._now_ms,
        }

    def _put_off(self, row: RowValues, error: Exception) -> RowValues:
        return {**row, "next_try_at_ms": self._next_ms(row), "last_error": str(error)[:300]}

    def _next_ms(self, row: RowValues) -> int:
        tries = min(max(_number(row, "tries") - 1, 0), 10)
        pause_ms = min(FIRST_PAUSE_MS << tries, LONGEST_PAUSE_MS)
        # Differs from row to row: a peer that comes back is not rushed by all farms at once.
        jitter_ms = int.from_bytes(sha256(str(row["id"]).encode())[:2]) % 1000
        return self._now_ms + pause_ms + jitter_ms

    def _event(self, peer: str, event_id: str, protocol: str = "", reason: str = "") -> Event:
        facts: dict[str, Json] = {"peer": peer.partition(".")[2], "cause": event_id}
        facts |= {"protocol": protocol} if protocol else {}
        facts |= {"reason": reason[:300]} if reason else {}
        kind = Kind.DOCUMENT_REFUSED if reason else Kind.DOCUMENT_ACCEPTED
        origin = f"c/{peer}/{event_id}/{'refused' if reason else 'accepted'}"
        return Event(kind=kind, origin=origin, happened_at_ms=self._now_ms, facts=facts)


def _read_cert(regulator: Regulator) -> str:
    if not regulator.receipt_cert:
        return ""
    try:
        return Path(regulator.receipt_cert).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"[[regulator]] {regulator.id} key receipt_cert: cannot read"
            f" {regulator.receipt_cert}: {error}"
        ) from error


def _row(row: RowValues, table: str) -> Row:
    values = {name: value for name, value in row.items() if name != "hash"}
    return Row(table=f"{table}_outbox", values=values)


def _outcome(error: Exception) -> str:
    words: dict[type[Exception], str] = {AwayError: "later", RefusedError: "refused"}
    return words.get(type(error), "unclear")


def _number(row: RowValues, name: str) -> int:
    value = row[name]
    return value if isinstance(value, int) else 0


def _bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | bytearray) else b""

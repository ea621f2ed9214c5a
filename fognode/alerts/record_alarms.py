"""What the record, the node and the ledgers tell that is worth an alert; pure."""

from collections.abc import Callable

from fognode.alerts.alarms import Alarm, warn
from fognode.events import Kind, Stored


def _verify(told: Stored) -> Alarm:
    text = f"The record is damaged: {told.number('findings_count')} findings. {told.text('first')}"
    return Alarm(
        rule="verify_failed", severity="critical", place="", subject="record", text=text[:300]
    )


def _unreadable(told: Stored) -> Alarm:
    text = f"Event {told.seq} of the record cannot be read any more: run fognode verify."
    return Alarm(
        rule="verify_failed", severity="critical", place="", subject=str(told.seq), text=text
    )


def _part_off(told: Stored) -> Alarm:
    part = told.text("part")
    text = f"The part {part} is switched off for ten minutes: {told.text('reason')}"
    return warn(told.kind, told, part, text)


def _store_was_away(told: Stored) -> Alarm:
    minutes = max(told.number("away_s") // 60, 1)
    text = f"The database was away for {minutes} min; {told.number('spooled')} events waited."
    return warn(told.kind, told, "store", text)


def _disk_low(told: Stored) -> Alarm:
    text = f"The disk is nearly full: {told.number('free_mb')} MB are free."
    return warn(told.kind, told, "disk", text)


def _tail_cut(told: Stored) -> Alarm:
    file, whole = told.text("file"), told.number("records_after")
    where = f"{told.number('bytes')} bytes after {told.number('records_before')} whole records"
    if not whole:
        text = f"A write that was broken off, as by a power cut, was taken back: {where} of {file}."
        return Alarm(rule=told.kind, severity="info", place="", subject="spool", text=text)
    text = (
        f"The spool was damaged: {where} of {file} were set aside, {whole} whole ones among them"
        f" ({told.text('kept_in')}). What neither the database nor a board has is missing in the"
        " record."
    )
    return Alarm(rule="spool_damaged", severity="critical", place="", subject=file, text=text[:300])


def _evidence_late(told: Stored) -> Alarm:
    what, chain = told.text("what"), told.text("chain")
    begun = {
        "anchor": f"Events have been waiting for an anchor on the {chain} chain for",
        "backup": "The newest backup is older than",
        "verify": "The last verification is older than",
        "spool": "Events have been waiting in the spool for",
    }.get(what, f"{what} is late by")
    text = f"{begun} {_span(told.number('age_s'))}: {told.text('reason')}"
    return warn(f"{what}_late", told, chain or what, text)


def _span(seconds: int) -> str:
    return f"{seconds // 3600} h" if seconds >= 7200 else f"{seconds // 60} min"


def _restored(told: Stored) -> Alarm:
    kept, size = told.number("kept_size"), told.number("old_size")
    lost = f"events {kept + 1} to {size} are lost" if size > kept else "nothing signed is lost"
    text = f"The record was restored, {lost}; {told.text('by')} accepted it: {told.text('reason')}"
    return Alarm(
        rule=told.kind, severity="critical", place="", subject=told.text("log"), text=text[:300]
    )


def _rotated(told: Stored) -> Alarm:
    new, by = told.text("new_key_id"), told.text("by") or "somebody with the box's secrets"
    text = f"Key {new} signs the record from event {told.seq} on: {by} changed it."
    return warn(told.kind, told, new, f"{text} {told.text('reason')}".strip())


def _ledger_failed(told: Stored) -> Alarm:
    chain, package = told.text("chain"), told.text("package")
    what = f"Step {told.number('kind')} of {package}" if package else "An anchor of the record"
    text = f"{what} failed on the {chain} ledger: "
    return warn(told.kind, told, f"{chain}:{package}", text + told.text("error"))


def _ledger_held(told: Stored) -> Alarm:
    chain = told.text("chain")
    text = f"Nothing is sent to the {chain} ledger: {told.text('reason')}"
    return warn(told.kind, told, chain, text)


def _refused(told: Stored) -> Alarm:
    peer = told.text("peer")
    return warn(told.kind, told, peer, f"{peer} refused a document: {told.text('reason')}")


RULES: dict[str, Callable[[Stored], Alarm | None]] = {
    Kind.VERIFY_FAILED: _verify,
    Kind.UNREADABLE: _unreadable,
    Kind.PART_OFF: _part_off,
    Kind.STORE_WAS_AWAY: _store_was_away,
    Kind.DISK_LOW: _disk_low,
    Kind.SPOOL_TAIL_CUT: _tail_cut,
    Kind.EVIDENCE_LATE: _evidence_late,
    Kind.RECORD_RESTORED: _restored,
    Kind.KEY_ROTATED: _rotated,
    Kind.LEDGER_FAILED: _ledger_failed,
    Kind.LEDGER_HELD: _ledger_held,
    Kind.DOCUMENT_REFUSED: _refused,
}

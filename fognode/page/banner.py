"""The one line at the top of the page: is all well, and if not, what needs the farmer; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fognode.events import RowValues
from fognode.page.live import Live


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing that needs the farmer, and the page that shows it."""

    words: str
    path: str
    critical: bool = False


DISK_LOW_MB = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """The state of the farm in one look."""

    state: Literal["well", "waiting", "warning", "critical"]
    headline: str
    heard_s: int | None  # since the board that was heard longest ago spoke
    needs: tuple[Need, ...] = ()


def banner_now(live: Live, alerts: Sequence[RowValues]) -> Banner:
    """Return what the top of the page says.

    ``alerts`` are the firing rows of table alert.  "All is well" is only said when every
    board was heard and none is silent: an appliance that hears nothing knows nothing.
    """
    needs = [*_alert_needs(alerts), *_node_needs(live, alerts)]
    needs.sort(key=lambda need: not need.critical)
    ages = [line.heard_s for line in live.lines if line.board]
    heard = [age for age in ages if age is not None]
    heard_s = max(heard) if heard else None
    if needs:
        words = "1 thing needs you" if len(needs) == 1 else f"{len(needs)} things need you"
        state: Literal["warning", "critical"] = "critical" if needs[0].critical else "warning"
        return Banner(state=state, headline=words, heard_s=heard_s, needs=tuple(needs))
    if not heard or len(heard) < len(ages):
        missing = len(ages) - len(heard)
        words = f"Waiting for {missing} of {len(ages)} boards" if ages else "No board has spoken"
        return Banner(state="waiting", headline=words, heard_s=heard_s)
    return Banner(state="well", headline="All is well", heard_s=heard_s)


def _alert_needs(alerts: Sequence[RowValues]) -> list[Need]:
    return [
        Need(
            words=str(alert["text"]) or str(alert["rule"]),
            path="/alerts",
            critical=alert["severity"] == "critical",
        )
        for alert in alerts
        if alert["severity"] != "info"
    ]


def _node_needs(live: Live, alerts: Sequence[RowValues]) -> list[Need]:
    # The alert policy tells of most of these too, once its event is through; until then, and
    # in safe mode, the page must not say that all is well.  One thing is counted once.
    rules = {alert["rule"] for alert in alerts}
    told = [f"{alert['fingerprint']!s} {alert['place']!s}" for alert in alerts]
    needs = [
        Need(words=f"Board {line.board} is silent", path="/sensors")
        for line in live.lines
        if line.board
        and line.silent
        and not any(_names(text, line.board, line.place) for text in told)
    ]
    needs += [
        Need(words=f"The {chain.name} chain is held: {chain.reason}", path="/ledgers")
        for chain in live.chains
        if chain.state == "HELD" and "ledger_held" not in rules
    ]
    if not live.store_ok:
        words = f"The database is away; {live.evidence.spooled} events wait for it in the spool"
        why = f": {live.store_reason[:400]}" if live.store_reason else ""
        needs.append(Need(words=words + why, path="/record", critical=True))
    if live.evidence.fault:
        words = f"Nothing can be kept: {live.evidence.fault}; the boards keep their events"
        needs.append(Need(words=words, path="/record", critical=True))
    if 0 < live.evidence.disk_free_mb < DISK_LOW_MB:
        words = f"The disk is nearly full: {live.evidence.disk_free_mb} MB are free"
        needs.append(Need(words=words, path="/record"))
    if live.mail_broken:
        needs.append(Need(words=f"Mail is broken: {live.mail}", path="/sensors"))
    if live.safe_mode:
        words = "Safe mode: only boards, store and mail run"
        needs.append(Need(words=words, path="/sensors", critical=True))
    return needs


def _names(text: str, board: str, place: str) -> bool:
    return "board_silent" in text and (board in text or bool(place and place in text))

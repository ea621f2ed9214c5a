"""The one mail that goes past the database: when the database or the disk is what is wrong.

Everything else is owed by a row of the outbox, which needs the database.  One mail a trouble
and manager, tried again every ten minutes until the server takes it, and one when it is over.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from fognode.alerts.letters import Office
from fognode.alerts.mail import Letter
from fognode.alerts.outbox import Carrier
from fognode.errors import PeerError

log = logging.getLogger(__name__)

RETRY_MS = 600_000


class Emergency:
    """Remembers what was told; used on one thread."""

    def __init__(
        self, connect: Callable[[], AbstractContextManager[Carrier]], office: Office, farm: str
    ) -> None:
        self._connect, self._office, self._farm = connect, office, farm
        self._told = ""  # the trouble that managers know of
        self._next_try_at_ms = 0

    def pass_once(self, now_ms: int, trouble: str) -> bool:
        """Tell the managers of a trouble, or that it is over; return whether a mail went out.

        Args:
            now_ms: UTC.
            trouble: What is wrong in one sentence that stays the same while it lasts; "" =
                nothing.
        """
        if trouble == self._told or now_ms < self._next_try_at_ms:
            return False
        self._next_try_at_ms = now_ms + RETRY_MS
        try:
            with self._connect() as carrier:
                for person in self._office.addresses:
                    carrier.send(self._letter(person, now_ms, trouble))
        except PeerError as error:
            log.warning("event=emergency_mail_failed reason=%s", error)
            return False
        self._told, self._next_try_at_ms = trouble, 0
        return True

    def _letter(self, person: str, now_ms: int, trouble: str) -> Letter:
        when = datetime.fromtimestamp(now_ms // 1000, self._office.zone)
        told = trouble or f"It is over: {self._told}"
        mark = "critical" if trouble else "info"
        return Letter(
            message_id=f"<emergency.{now_ms}.{person}@{self._farm}.fognode>",
            recipient=self._office.addresses[person],
            subject=f"[{self._office.farm}] {mark}: {told}",
            text=f"{told}\n\nWhen:   {when.isoformat(sep=' ')}\nPage:   {self._office.page_url}\n",
            written_at_ms=now_ms,
        )

"""Writes the safety sheet when the stock changed, and twice a day; its copy goes by mail."""

import logging
from collections.abc import Mapping

from fognode.config import Config
from fognode.errors import StoreError
from fognode.events import RowValues
from fognode.page.sheet import FILE, Contents, render_sheet, render_text
from fognode.store.durable import write_whole
from fognode.store.reader import Reader

log = logging.getLogger(__name__)

PAUSE_MS = 60_000  # between two looks
# It calls itself old after 24 h, so half of that keeps it young while the node lives.
RENEW_MS = 12 * 3_600_000
MOST = 20_000  # packages


class SafetySheet:
    """Asked every few seconds, on one thread; between two looks a pass costs a comparison."""

    def __init__(self, config: Config, reader: Reader) -> None:
        self._config, self._reader = config, reader
        self._looked_ms, self._written_ms = 0, 0
        self._written: tuple[int, ...] = ()  # of which rows; () = none in this life

    def pass_once(self, now_ms: int) -> None:
        """Write the sheet if it is time; the old one stays while that cannot be done."""
        if 0 <= now_ms - self._looked_ms < PAUSE_MS:
            return
        self._looked_ms = now_ms
        try:
            newest = self._newest()
            if newest == self._written and 0 <= now_ms - self._written_ms < RENEW_MS:
                return
            told = self._contents()
        except StoreError:
            return  # said once by the store thread
        sheet = render_sheet(told, now_ms, self._config.zone)
        try:
            write_whole(self._config.folder / FILE, sheet.encode())
        except OSError as error:  # a full disk is told by the thread that asks us
            log.warning("event=safety_sheet_not_written reason=%s", error)
            return
        self._written, self._written_ms = newest, now_ms

    def copy(self, now_ms: int) -> tuple[str, str]:
        """Return the sheet as text and as HTML; called on the thread of the mails.

        Raises:
            StoreError: The database is away.
        """
        told = self._contents()
        zone = self._config.zone
        return render_text(told, now_ms, zone), render_sheet(told, now_ms, zone)

    def _newest(self) -> tuple[int, ...]:
        tables = ("stock", "product")
        newest = [self._reader.rows(table, order="-as_of_seq", limit=1) for table in tables]
        return tuple(int(rows[0]["as_of_seq"] or 0) if rows else 0 for rows in newest)

    def _contents(self) -> Contents:
        farm = self._config.farm
        products: Mapping[str, RowValues] = {
            str(row["gtin"]): row for row in self._reader.rows("product", limit=MOST)
        }
        return Contents(
            farm=farm.name or farm.id,
            poison_centre=farm.poison_centre,
            cabinets={c.id: c.name or c.id for c in self._config.cabinets},
            stock=self._reader.rows("stock", limit=MOST),
            products=products,
        )

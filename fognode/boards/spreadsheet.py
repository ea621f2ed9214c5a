"""A table that a person saved from a spreadsheet (CSV): its rows, or every fault of the file.

A file is hostile until read: a size cap, UTF-8 only, no row longer than the header, nothing
that a spreadsheet would run.  Delimiter: the comma, semicolon or tab that line 1 has most of.
"""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

from fognode.errors import ImportRefusedError

MAX_BYTES = 1_048_576  # of a file; an invoice of 990 lines has about 800 kB
MAX_FAULTS = 20  # named of one file
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run


class Faults:
    """Collects what is wrong, so that a person mends a file once and not twenty times."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def add(self, where: str, fault: str) -> str:
        """Note a fault; return "" for the value that is not to be had."""
        self.told.append(f"{where}: {fault}")
        return ""

    def refuse(self) -> None:
        """Refuse the file if anything was noted.

        Raises:
            ImportRefusedError: Something was.
        """
        if self.told:
            more = len(self.told) - MAX_FAULTS
            told = self.told[:MAX_FAULTS] + ([f"and {more} more"] if more > 0 else [])
            raise ImportRefusedError("nothing was imported; " + "; ".join(told))


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A file as read: its columns, and its rows with the number of the line each ends on."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]


def check_size(content: bytes) -> None:
    """Refuse a file that nobody would type.

    Raises:
        ImportRefusedError: It has more than ``MAX_BYTES``.
    """
    if len(content) > MAX_BYTES:
        size = f"{len(content):,} bytes, more than {MAX_BYTES:,}"
        raise ImportRefusedError(f"nothing was imported; the file has {size}")


def read_table(content: bytes, check_header: Callable[[tuple[str, ...]], str]) -> Table:
    """Return a CSV file as rows of cells without the blanks around them.

    Args:
        content: The file; at most ``MAX_BYTES``.
        check_header: Says what is wrong with the columns, "" for nothing.

    Raises:
        ImportRefusedError: It is too large or not whole; the message names the line.
    """
    check_size(content)
    text = _decoded(content)
    head = text.partition("\n")[0]
    delimiter = max(";,\t", key=head.count)
    table = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = tuple(name.strip() for name in table.fieldnames or ())
        table.fieldnames = list(columns)
        twice = sorted({name for name in columns if columns.count(name) > 1})
        wrong = f"names {', '.join(twice)} twice" if twice else check_header(columns)
        if wrong:
            raise ImportRefusedError(f"nothing was imported; line 1 {wrong[:300]}")
        found = [(table.line_num, row) for row in table]
    except csv.Error as error:
        raise ImportRefusedError(
            f"nothing was imported; line {table.reader.line_num}: {error}"
        ) from error
    faults = Faults()
    rows = tuple((number, _cells(faults, number, row)) for number, row in found)
    if not rows:
        faults.add("line 2", "the table has no row")
    faults.refuse()
    return Table(columns=columns, rows=rows)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        fault = f"line {row} holds a byte that is no UTF-8; save the file as UTF-8"
        raise ImportRefusedError(f"nothing was imported; {fault}") from error


def _cells(faults: Faults, number: int, row: dict[str | None, str | None]) -> dict[str, str]:
    where = f"line {number}"
    if None in row:
        faults.add(where, "has more cells than the header")
    cells = {name: (value or "").strip() for name, value in row.items() if name is not None}
    for name, value in cells.items():
        if not value.isprintable():
            faults.add(where, f"{name} = {value[:30]!r} holds what cannot be printed")
    return cells

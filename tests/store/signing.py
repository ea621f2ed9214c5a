"""A record with checkpoints, as the daemon makes it: rows, notes, segments."""

from pathlib import Path

from fognode import hashing
from fognode.events import Row, RowValues
from fognode.store.checkpoint import Signer
from fognode.store.evidence import Evidence
from fognode.store.notary import Notary, Signed, range_text
from fognode.store.worm import Worm
from fognode.store.worm_files import SEGMENT
from fognode.store.writer import Writer
from tests.store.conftest import House, body

SIGNER = Signer("fognode.example/farm-7", bytes(range(32)).hex())


class SignedHouse:
    """Fills a house and signs it, first the file, then the row."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house, self.folder = house, folder
        self.worm = Worm(folder / "worm", immutable=False)
        self.notary = Notary(SIGNER)
        self.evidence = Evidence(
            worm=folder / "worm",
            verifier_key=SIGNER.verifier_key,
            memory=folder / "verify.json",
        )
        self._writer: Writer = house.writer()
        self._bodies: list[bytes] = []

    def keep(self, count: int) -> None:
        """Keep that many further events."""
        first = len(self._bodies) + 1
        told = [body(number) for number in range(first, first + count)]
        self._writer.keep(told)
        self._bodies += told

    def sign(self) -> None:
        """Sign all that is kept, and keep the segments that are full."""
        self.notary.take(self.notary.size, self._bodies[self.notary.size :])
        signed = self.notary.sign(0)
        size = signed.checkpoint.size
        self.worm.keep_note(size, signed.note)
        self._writer.keep([], [checkpoint_row(signed, self.link)])
        for first in range(1, size - SEGMENT + 2, SEGMENT):
            self.worm.keep_segment(first, self._bodies[first - 1 : first - 1 + SEGMENT])

    @property
    def link(self) -> bytes:
        """The hash of the last event."""
        link = hashing.GENESIS
        for told in self._bodies:
            link = hashing.link_hash(link, told)
        return link


def checkpoint_row(signed: Signed, link: bytes) -> Row:
    """Make the row of a checkpoint."""
    values: RowValues = {
        "size": signed.checkpoint.size,
        "root": signed.checkpoint.root,
        "note": signed.note.decode(),
        "range_json": range_text(signed.hashes),
        "link": link,
        "at_ms": 1,
    }
    return Row(table="checkpoint", values=values)

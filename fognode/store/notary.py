"""Who follows the record and signs it when it is time: never what does not extend the last."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fognode import hashing
from fognode.errors import TamperError
from fognode.store import merkle
from fognode.store.checkpoint import Checkpoint, Signer, open_note

EVERY_EVENTS = 256
EVERY_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A new checkpoint: all that must be kept of it."""

    checkpoint: Checkpoint
    note: bytes
    hashes: tuple[bytes, ...]  # compact range, to go on from at the next start
    proof: tuple[bytes, ...]  # consistency with the one before; empty for the first


class Notary:
    """Follows the record, on one thread, and signs it when it is time.

    Give it only what is committed.  A signed checkpoint that is lost before it was kept
    does no harm: the next one extends both it and the one before.
    """

    def __init__(
        self,
        signer: Signer,
        note: bytes | None = None,
        hashes: Sequence[bytes] = (),
        key: str = "",
    ) -> None:
        """Go on from the newest note that was kept and its compact range.

        ``key`` is the shared text of the key that signed the note, if it is not the signer's.

        Raises:
            TamperError: The note is not ours, or the range is not that of its root.
        """
        self._signer = signer
        self._last = open_note(note, key or signer.verifier_key) if note is not None else None
        self._range = merkle.CompactRange(self._last.size if self._last else 0, hashes)
        if self._last and self._range.root() != self._last.root:
            raise TamperError(f"the compact range is not that of checkpoint {self._last.size}")
        self._base = self._range.copy()  # as of the last checkpoint
        self._leaves: list[bytes] = []  # after it
        self._signed_mono_ms: int | None = None

    @property
    def size(self) -> int:
        """How many events it was given; the next must be that of seq size + 1."""
        return self._range.size

    @property
    def root(self) -> bytes:
        """Return the root of the tree of all it was given."""
        return self._range.root()

    @property
    def signed_size(self) -> int:
        """How many events are under the last checkpoint."""
        return self._base.size

    def take(self, after: int, bodies: Iterable[bytes]) -> None:
        """Add the bodies that follow seq ``after``, in order.

        Raises:
            TamperError: They do not follow what was taken so far; nothing is taken.
        """
        if after != self.size:
            raise TamperError(f"events after {after} do not follow a tree of {self.size}")
        for body in bodies:
            leaf = hashing.leaf_hash(body)
            self._range.append(leaf)
            self._leaves.append(leaf)

    def due(self, now_mono_ms: int) -> bool:
        """Tell whether to sign: 256 new events, or any and 60 s since the last signing."""
        if not self._leaves:
            return False
        if len(self._leaves) >= EVERY_EVENTS or self._signed_mono_ms is None:
            return True
        return now_mono_ms - self._signed_mono_ms >= EVERY_MS

    def sign(self, now_mono_ms: int) -> Signed:
        """Sign the tree as it is now, having proved that it extends the last checkpoint.

        Keep the result durably before showing it to anybody.

        Raises:
            TamperError: There is nothing to sign, or it does not extend the last checkpoint.
        """
        checkpoint = Checkpoint(log=self._signer.log, size=self.size, root=self._range.root())
        proof = self._proof_to(checkpoint)
        note = self._signer.sign(checkpoint)
        self._last, self._base, self._leaves = checkpoint, self._range.copy(), []
        self._signed_mono_ms = now_mono_ms
        return Signed(
            checkpoint=checkpoint, note=note, hashes=self._range.hashes, proof=tuple(proof)
        )

    def _proof_to(self, new: Checkpoint) -> list[bytes]:
        last = self._last
        if new.size == 0:
            raise TamperError("an empty record is not signed")
        if last is None:
            return []
        proof = merkle.consistency_proof(last.size, new.size, self._node)
        if not merkle.verify_consistency(last.size, last.root, new.size, new.root, proof):
            raise TamperError(f"a record of {new.size} does not extend checkpoint {last.size}")
        return proof

    def _node(self, level: int, index: int) -> bytes:
        begin = (index << level) - self._base.size
        if begin >= 0:
            return merkle.root_of(self._leaves[begin : begin + (1 << level)])
        return self._base.nodes()[level, index]


# --- the compact range in a row --------------------------------------------------------------


def range_text(hashes: Iterable[bytes]) -> str:
    """Return the hashes of a compact range as the row of a checkpoint holds them."""
    return json.dumps([node.hex() for node in hashes])


def range_hashes(text: str) -> list[bytes]:
    """Return the hashes of a compact range; none when it is not a list of hex."""
    try:
        return [bytes.fromhex(item) for item in json.loads(text)]
    except (ValueError, TypeError):
        return []

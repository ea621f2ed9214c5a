"""The chain of the record: each event is bound to the one before it by its hash."""

from collections.abc import Mapping
from typing import NamedTuple

from fognode import hashing


class Link(NamedTuple):
    """An event at its place in the record."""

    seq: int
    event_id: bytes
    body: bytes
    prev_hash: bytes
    hash: bytes


def chain_up(
    bodies: Mapping[bytes, bytes], known: Mapping[bytes, int], head: tuple[int, bytes]
) -> tuple[dict[bytes, int], list[Link]]:
    """Give every happening its seq, and those not yet known their links.

    Args:
        bodies: event_id -> body, in order.
        known: event_id -> seq of those that are in the record.
        head: Seq and hash of the last event.
    """
    seqs = dict(known)
    chain: list[Link] = []
    seq, prev_hash = head
    for event_id, body in bodies.items():
        if event_id in known:
            continue
        seq += 1
        link = Link(seq, event_id, body, prev_hash, hashing.link_hash(prev_hash, body))
        chain.append(link)
        seqs[event_id], prev_hash = seq, link.hash
    return seqs, chain

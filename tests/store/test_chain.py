"""The chain: each happening has its place, and its hash binds it to the one before."""

from fognode import hashing
from fognode.store.chain import Link, chain_up
from tests.store.conftest import B1, B2

B1_ID = bytes.fromhex("13c61f0b4dbac55b1e26b7445599f1ed")
B2_ID = bytes.fromhex("2b3a20d0cd5b63073f56d991fc96c00c")
B1_LINK = bytes.fromhex("35521edca00105a914e4f009c55c0a1ad6a275b26fd7a592729e348cc0c6c38e")
B2_LINK = bytes.fromhex("ace65073ed6f894154e6e397dfa3dc833262bdb6907d75caa4e16775ded56ee9")


def test_first_events_of_a_record_hang_on_the_genesis() -> None:
    seqs, links = chain_up({B1_ID: B1, B2_ID: B2}, {}, (0, hashing.GENESIS))
    assert seqs == {B1_ID: 1, B2_ID: 2}
    assert links == [Link(1, B1_ID, B1, bytes(32), B1_LINK), Link(2, B2_ID, B2, B1_LINK, B2_LINK)]


def test_what_is_known_keeps_its_place_and_is_not_chained_again() -> None:
    seqs, links = chain_up({B1_ID: B1, B2_ID: B2}, {B1_ID: 1}, (1, B1_LINK))
    assert seqs == {B1_ID: 1, B2_ID: 2}
    assert links == [Link(2, B2_ID, B2, B1_LINK, B2_LINK)]

import json
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from fognode.config import Partner
from fognode.errors import AwayError, RefusedError, UnclearError
from fognode.ledgers.consortium import document, post_step

if TYPE_CHECKING:
    from tests.ledgers.conftest import Peer

FACTS: dict[str, Any] = {
    "package": "pkg-1",
    "token_id": "11" * 32,
    "method": "register",
    "kind": 1,
    "cause": "22" * 16,
    "data_hash": "33" * 32,
    "salt": "44" * 16,
    "fields": {"EAN13": "7891234567895", "InvoiceNumber": "NF-1"},
    "chains": ["private"],
}


def partner(url: str) -> Partner:
    return Partner(id="dealer-1", url=url)


def test_document_holds_what_a_partner_needs_to_recompute_the_hash() -> None:
    """A68, A70."""
    text = document("farm-7", "55" * 16, FACTS)
    assert json.loads(text) == {**FACTS, "v": 1, "farm": "farm-7", "event_id": "55" * 16}
    assert text == document("farm-7", "55" * 16, dict(reversed(FACTS.items())))


def test_partner_gets_the_exact_bytes_and_the_key(make_peer: Callable[..., "Peer"]) -> None:
    peer = make_peer(lambda *_: (201, b"thanks"))
    post_step(partner(peer.url), "55" * 16, '{"a":"ã"}')
    headers, body = peer.got[0]
    assert body == '{"a":"ã"}'.encode()
    assert headers["Idempotency-Key"] == "55" * 16
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("answer", "reaction"),
    [
        ((400, b"no such package"), RefusedError),
        ((404, b""), RefusedError),
        ((408, b""), AwayError),
        ((429, b""), AwayError),
        ((500, b""), AwayError),
        ((503, b""), AwayError),
        ((302, b""), AwayError),
        (None, UnclearError),
    ],
)
def test_answer_calls_for_its_reaction(
    make_peer: Callable[..., "Peer"],
    answer: tuple[int, bytes] | None,
    reaction: type[Exception],
) -> None:
    peer = make_peer(lambda *_: answer)
    with pytest.raises(reaction):
        post_step(partner(peer.url), "55" * 16, "{}")
    assert len(peer.got) == 1


def test_refusal_quotes_the_partner(make_peer: Callable[..., "Peer"]) -> None:
    peer = make_peer(lambda *_: (422, b"lot unknown"))
    with pytest.raises(RefusedError, match="dealer-1 answers 422: lot unknown"):
        post_step(partner(peer.url), "55" * 16, "{}")


def test_partner_without_a_server_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(AwayError, match="cannot be reached"):
        post_step(partner(f"http://127.0.0.1:{port}/"), "55" * 16, "{}")


def test_partner_that_never_answers_is_unclear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fognode.ledgers.consortium.TIMEOUT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        with pytest.raises(UnclearError, match="did not answer"):
            post_step(partner(url), "55" * 16, "{}")

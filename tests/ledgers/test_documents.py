import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fognode.errors import ConfigError
from fognode.events import Kind
from fognode.ledgers.documents import Documents
from fognode.ledgers.regulators import (
    NAMESPACE,
    Seal,
    digest_of,
    sign_document,
    verify_document,
)

if TYPE_CHECKING:
    from tests.ledgers.conftest import House, Peer

NOW_MS = 1_795_241_520_000


@pytest.fixture
def farm(
    make_house: Callable[..., "House"], tmp_path: Path, seals: dict[str, Seal]
) -> Callable[..., "House"]:
    """A house with one partner and one authority at these addresses."""

    def make(partner: str, authority: str, seal: Seal | None = None, **more: str) -> "House":
        credentials = tmp_path / "credentials"
        credentials.mkdir()
        seal = seal or seals["ecdsa"]
        (credentials / "regulator-key").write_text(seal.key)
        (credentials / "regulator-cert").write_text(seal.cert)
        return make_house(
            credentials,
            partner=[{"id": "dealer-1", "url": partner}],
            regulator=[{"id": "indea", "url": authority, "cnpj": "12345678000195", **more}],
        )

    return make


def receipt(data: bytes, mov_id: str, status: str = "100") -> bytes:
    return (
        f'<AgroRec xmlns="{NAMESPACE}"><infRec Id="R1"><Environment>2</Environment>'
        f"<MovId>{mov_id}</MovId><ReceivedAt>2026-11-21T06:12:01Z</ReceivedAt>"
        f"<Protocol>351260000000123</Protocol><DigestValue>{digest_of(data)}</DigestValue>"
        f"<Status>{status}</Status><Reason>como dito</Reason></infRec></AgroRec>"
    ).encode()


def authority(peer: "Peer", headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    """Take a document once, and answer 204 with the same protocol ever after."""
    known = [data for _headers, data in peer.got[:-1] if data == body]
    return 200, receipt(body, headers["Idempotency-Key"], "204" if known else "100")


def rows(house: "House", table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in house.reader.rows(table)]


def states(house: "House", table: str) -> list[str]:
    return [row["state"] for row in rows(house, table)]


def documents(house: "House") -> Documents:
    return Documents(house.config, house.reader, house.commit)


def test_both_peers_accept_and_the_record_says_so(
    farm: Callable[..., "House"], make_peer: Callable[..., "Peer"], seals: dict[str, Seal]
) -> None:
    partner, indea = make_peer(lambda *_: (201, b"")), make_peer(authority)
    house = farm(partner.url, indea.url)
    house.package().enter()
    documents(house).pass_once(NOW_MS)
    assert states(house, "partner_outbox") == ["accepted"]
    assert states(house, "gov_outbox") == ["ACCEPTED"]
    sent = house.kept(Kind.SEND_TO_BLOCKCHAIN)[0]
    told = json.loads(partner.got[0][1])
    assert told["data_hash"] == sent.text("data_hash")
    assert told["fields"] == sent.facts["fields"]
    document = rows(house, "gov_document")[0]
    assert document["exact_bytes"] == indea.got[0][1]
    verify_document(indea.got[0][1], seals["ecdsa"].cert)
    accepted = house.kept(Kind.DOCUMENT_ACCEPTED)
    assert [(e.text("peer"), e.text("cause"), e.text("protocol")) for e in accepted] == [
        ("dealer-1", sent.event_id, ""),
        ("indea", sent.event_id, "351260000000123"),
    ]
    documents(house).pass_once(NOW_MS + 60_000)
    assert len(partner.got) == len(indea.got) == 1


def test_lost_answers_are_asked_for_with_the_same_bytes(
    farm: Callable[..., "House"], make_peer: Callable[..., "Peer"]
) -> None:
    def once_lost(peer: "Peer", headers: dict[str, str], body: bytes) -> tuple[int, bytes] | None:
        return None if len(peer.got) == 1 else authority(peer, headers, body)

    partner = make_peer(lambda peer, *_: None if len(peer.got) == 1 else (200, b""))
    indea = make_peer(once_lost)
    house = farm(partner.url, indea.url)
    house.package().enter()
    documents(house).pass_once(NOW_MS)
    assert states(house, "partner_outbox") == ["owed"]
    assert states(house, "gov_outbox") == ["UNKNOWN"]
    documents(house).pass_once(NOW_MS + 1_000)  # not due yet
    assert len(partner.got) == len(indea.got) == 1
    documents(house).pass_once(NOW_MS + 6_100)  # a new process: nothing is kept in memory
    assert states(house, "partner_outbox") == ["accepted"]
    assert states(house, "gov_outbox") == ["ACCEPTED"]
    assert rows(house, "gov_outbox")[0]["protocol"] == "351260000000123"
    for peer in (partner, indea):
        assert len({body for _headers, body in peer.got}) == 1
        assert len({headers["Idempotency-Key"] for headers, _body in peer.got}) == 1
    outcomes = [row["outcome"] for row in rows(house, "gov_attempt")]
    assert outcomes == ["unclear", "204"]
    assert [row["outcome"] for row in rows(house, "partner_attempt")] == ["unclear", "sent"]


def test_refusals_are_final_and_shown(
    farm: Callable[..., "House"], make_peer: Callable[..., "Peer"]
) -> None:
    def refusing(_peer: "Peer", headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        return 200, receipt(body, headers["Idempotency-Key"], "539")

    partner, indea = make_peer(lambda *_: (422, b"lot unknown")), make_peer(refusing)
    house = farm(partner.url, indea.url)
    house.package().enter()
    for late_ms in (0, 60_000):
        documents(house).pass_once(NOW_MS + late_ms)
    assert states(house, "partner_outbox") == ["refused"]
    assert states(house, "gov_outbox") == ["REJECTED"]
    refused = house.kept(Kind.DOCUMENT_REFUSED)
    assert [e.text("reason") for e in refused] == [
        "dealer-1 answers 422: lot unknown",
        "539 como dito",
    ]
    assert len(partner.got) == len(indea.got) == 1


def test_invalid_document_is_refused_here_and_never_sent(
    farm: Callable[..., "House"], make_peer: Callable[..., "Peer"]
) -> None:
    partner, indea = make_peer(lambda *_: (200, b"")), make_peer(authority)
    house = farm(partner.url, indea.url)
    package = house.package()
    package.tell(
        Kind.NEW_PRODUCT_ENTRY, gtin="789123456789", serial=package.serial, expires_on="2028-06-30"
    )
    documents(house).pass_once(NOW_MS)
    assert states(house, "gov_outbox") == ["REJECTED"]
    assert "EAN13" in house.kept(Kind.DOCUMENT_REFUSED)[0].text("reason")
    assert indea.got == []
    assert len(partner.got) == 1  # the partner has its own rules


def test_peer_that_is_away_is_left_alone_and_holds_nobody_else_up(
    farm: Callable[..., "House"], make_peer: Callable[..., "Peer"]
) -> None:
    partner, indea = make_peer(lambda *_: (503, b"")), make_peer(authority)
    house = farm(partner.url, indea.url)
    house.package().enter()
    house.package().enter()
    ours = documents(house)
    for late_ms in (0, 500, 1000):
        ours.pass_once(NOW_MS + late_ms)
    assert len(partner.got) == 1
    assert states(house, "gov_outbox") == ["ACCEPTED", "ACCEPTED"]
    assert states(house, "partner_outbox") == ["owed", "owed"]


def test_killed_between_signing_and_sending_sends_what_was_kept(
    farm: Callable[..., "House"],
    make_peer: Callable[..., "Peer"],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class KilledError(BaseException):
        pass

    def die(*_: object) -> None:
        raise KilledError

    partner, indea = make_peer(lambda *_: (200, b"")), make_peer(authority)
    house = farm(partner.url, indea.url)
    house.package().enter()
    with monkeypatch.context() as patch:
        patch.setattr("fognode.ledgers.regulators.post_document", die)
        with pytest.raises(KilledError):
            documents(house).pass_once(NOW_MS)
    assert states(house, "gov_outbox") == ["SIGNED"]
    kept = rows(house, "gov_document")[0]["exact_bytes"]
    documents(house).pass_once(NOW_MS + 1_000)
    assert states(house, "gov_outbox") == ["ACCEPTED"]
    assert [body for _headers, body in indea.got] == [kept]
    assert len(rows(house, "gov_document")) == 1


def test_key_that_does_not_sign_waits_for_the_operator(
    farm: Callable[..., "House"], make_peer: Callable[..., "Peer"], seals: dict[str, Seal]
) -> None:
    partner, indea = make_peer(lambda *_: (200, b"")), make_peer(authority)
    house = farm(partner.url, indea.url, Seal(key=seals["ecdsa"].key, cert=seals["rsa"].cert))
    house.package().enter()
    documents(house).pass_once(NOW_MS)
    row = rows(house, "gov_outbox")[0]
    assert row["state"] == "owed"
    assert "regulator-key" in row["last_error"]
    assert row["next_try_at_ms"] >= NOW_MS + 5_000
    assert indea.got == []


def test_missing_credential_stops_the_start(
    make_house: Callable[..., "House"], tmp_path: Path
) -> None:
    regulator = {"id": "indea", "url": "http://127.0.0.1:1", "cnpj": "12345678000195"}
    house = make_house(tmp_path, regulator=[regulator])
    with pytest.raises(ConfigError, match="regulator-key"):
        documents(house)


def test_signed_receipt_is_kept_in_the_record_and_another_is_asked_for_again(
    farm: Callable[..., "House"],
    make_peer: Callable[..., "Peer"],
    seals: dict[str, Seal],
    tmp_path: Path,
) -> None:
    theirs, exact = seals["rsa"], list[bytes]()

    def answer(peer: "Peer", headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        status, plain = authority(peer, headers, body)
        if len(peer.got) > 1:
            exact.append(sign_document(plain, theirs))
        return status, exact[-1] if exact else plain

    cert = tmp_path / "authority.pem"
    cert.write_text(theirs.cert)
    indea = make_peer(answer)
    house = farm(make_peer(lambda *_: (201, b"")).url, indea.url, receipt_cert=str(cert))
    house.package().enter()
    documents(house).pass_once(NOW_MS)
    assert states(house, "gov_outbox") == ["UNKNOWN"]
    assert "signature does not hold" in rows(house, "gov_outbox")[0]["last_error"]
    documents(house).pass_once(NOW_MS + 60_000)
    assert states(house, "gov_outbox") == ["ACCEPTED"]
    assert indea.got[0][1] == indea.got[1][1]
    [told] = [e for e in house.kept(Kind.DOCUMENT_ACCEPTED) if e.text("peer") == "indea"]
    assert [base64.b64decode(told.text("receipt"))] == exact
    assert verify_document(exact[0], theirs.cert).get("Id") == "R1"


def test_certificate_that_cannot_be_read_is_the_operators_matter(
    farm: Callable[..., "House"], tmp_path: Path
) -> None:
    house = farm("http://127.0.0.1:1", "http://127.0.0.1:1", receipt_cert=str(tmp_path / "none"))
    with pytest.raises(ConfigError, match=r"receipt_cert: cannot read .*none"):
        documents(house)

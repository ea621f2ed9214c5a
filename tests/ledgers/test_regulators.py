import base64
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from fognode.config import Regulator
from fognode.errors import AwayError, ConfigError, RefusedError, UnclearError
from fognode.events import Kind, Stored
from fognode.ledgers.regulators import (
    NAMESPACE,
    Seal,
    build_document,
    check_document,
    digest_of,
    movement_id,
    parse_receipt,
    post_document,
    sign_document,
    verify_document,
)

if TYPE_CHECKING:
    from tests.ledgers.conftest import Peer

NOW_MS = 1_795_241_520_000
ZONE = ZoneInfo("America/Cuiaba")
INDEA = Regulator(id="indea", url="http://127.0.0.1:1", cnpj="12345678000195")
PERSON = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
KEY = "51260912345678000195550010000012341000012346"
FIELDS = {
    "EAN13": "7891234567895",
    "GS1_128": "(01)07891234567895(17)280630(10)L2406B(21)SN1",
    "RFID": "04A2245A6B1C80",
    "Storage_Site": "cab-1",
    "Source": "dealer 1",
    "Destination": "7891234567895",
    "Timestamp": "2026-11-21T02:12:00-04:00",
    "MovedBy": PERSON,
    "AuthorizedBy": "nobody named",
    "Observation": "recebido em ordem, armário 1",
    "ExpirationDate": "2028-06-30",
    "InvoiceNumber": KEY,
}


def step(kind: int = 1, fields: dict[str, str] | None = None) -> Stored:
    return Stored(
        seq=42,
        event_id="55" * 16,
        kind=Kind.SEND_TO_BLOCKCHAIN,
        origin="r/journey/x/1",
        happened_at_ms=NOW_MS,
        recorded_at_ms=NOW_MS,
        facts={"kind": kind, "data_hash": "ab" * 32, "fields": {**FIELDS, **(fields or {})}},
        body=b"{}",
    )


def build(regulator: Regulator = INDEA, fields: dict[str, str] | None = None) -> bytes:
    return build_document(regulator, step(1, fields), ZONE)


def text_of(data: bytes, name: str) -> str:
    return data.decode().split(f"<{name}>")[1].split(f"</{name}>")[0]


def test_document_carries_all_twelve_fields_under_the_papers_names() -> None:
    """A69, A72 to A83."""
    data = build()
    assert text_of(data, "EAN13") == "7891234567895"
    assert text_of(data, "GS1_128") == FIELDS["GS1_128"]
    assert '<RFID kind="uid">04A2245A6B1C80</RFID>' in data.decode()
    assert text_of(data, "Storage_Site") == "<SiteRef>urn:fognode:site:cab-1</SiteRef>"
    assert text_of(data, "Source") == "<SiteRef>urn:fognode:site:dealer%201</SiteRef>"
    assert text_of(data, "Destination") == "<GLN>7891234567895</GLN>"
    assert text_of(data, "Timestamp") == "2026-11-21T02:12:00-04:00"
    assert text_of(data, "MovedBy") == f"<Ref>{PERSON}</Ref>"
    assert text_of(data, "AuthorizedBy") == "<NotNamed/>"
    assert text_of(data, "Observation") == "recebido em ordem, armário 1"
    assert text_of(data, "ExpirationDate") == "2028-06-30"
    assert text_of(data, "InvoiceNumber") == KEY
    assert text_of(data, "EventHash") == "ab" * 32
    assert text_of(data, "Environment") == "2"


def test_id_names_state_month_emitter_and_step() -> None:
    # printf indea | sha256sum | head -c 8, as a number, modulo 10000
    wanted = "AGM" + "51" + "2611" + "123456780001" + "95" + "000000000000000042" + "2834"
    assert movement_id(INDEA, step(), ZONE) == wanted
    other = replace(INDEA, id="ibama")
    assert movement_id(other, step(), ZONE) != movement_id(INDEA, step(), ZONE)


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        (1, "entry"),
        (104, "rinse"),
        (114, "bagging"),
        (200, "empty-exit"),
        (201, "centre-receipt"),
    ],
)
def test_step_is_told_as_the_authoritys_operation(kind: int, operation: str) -> None:
    assert text_of(build_document(INDEA, step(kind), ZONE), "Operation") == operation


@pytest.mark.parametrize(
    "fields",
    [
        {"RFID": "04A2245A"},  # 4-byte UID
        {"RFID": "04A2245A6B1C80112233"},
        {"RFID": ""},
        {"InvoiceNumber": ""},  # empties travel without one
        {"InvoiceNumber": "NF 1"},
        {"InvoiceNumber": "51260912ABC34501DE35550010000012341000012346"},
        {"Timestamp": "2026-11-21T06:12:00Z"},
        {"Observation": ""},
    ],
)
def test_what_the_rules_allow_is_accepted(fields: dict[str, str]) -> None:
    """A83."""
    check_document(build(fields=fields))


def test_lettered_cnpj_is_accepted() -> None:
    data = build(replace(INDEA, cnpj="12ABC34501DE35"))
    assert text_of(data, "CNPJ") == "12ABC34501DE35"


def test_production_must_be_asked_for() -> None:
    assert text_of(build(replace(INDEA, production=True)), "Environment") == "1"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"EAN13": "789123456789"}, "EAN13"),  # 12 digits
        ({"EAN13": "7891234567896"}, "ends in 6, not in 5"),
        ({"Timestamp": "2026-11-21T02:12:00"}, "Timestamp"),  # no offset
        ({"ExpirationDate": "30/06/2028"}, "ExpirationDate"),
        ({"ExpirationDate": ""}, "ExpirationDate"),
        ({"Observation": " leading blank"}, "Observation"),
        ({"Observation": "trailing blank "}, "Observation"),
        ({"Observation": "x" * 256}, "Observation"),
        ({"Observation": "not Latin-1: ж"}, "Observation"),
        ({"RFID": "04A224"}, "RFID"),
        ({"RFID": "04A2245G"}, "RFID"),
        ({"InvoiceNumber": "x" * 21}, "InvoiceNumber"),
        ({"GS1_128": "01078912345678951728063010L2406B"}, "GS1_128"),
        ({"GS1_128": "(01)07891234567895(10)L2406B\x1d21SN1"}, "GS1_128"),
    ],
)
def test_what_the_rules_forbid_is_refused_before_anybody_sees_it(
    fields: dict[str, str], words: str
) -> None:
    """A72, A78."""
    with pytest.raises(RefusedError, match=words):
        build(fields=fields)


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_signature_holds_and_the_signed_document_is_valid(
    kind: str, seals: dict[str, Seal]
) -> None:
    seal = seals[kind]
    signed = sign_document(build(), seal)
    check_document(signed)
    inner = verify_document(signed, seal.cert)
    assert inner.get("Id") == movement_id(INDEA, step(), ZONE)
    assert len(base64.b64decode(digest_of(signed))) == 32


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"7891234567895</EAN13>", b"7891234567888</EAN13>"),
        (b"armar", b"arm r"),
        (b"<EAN13>", b"<EAN13> "),
        (b"<Sequence>", b"\n  <Sequence>"),
        (b"ab" * 32, b"ac" * 32),
    ],
)
def test_changed_document_is_refused(old: bytes, new: bytes, seals: dict[str, Seal]) -> None:
    signed = sign_document(build(fields={"Observation": "no armario"}), seals["ecdsa"])
    assert old in signed
    with pytest.raises(RefusedError):
        verify_document(signed.replace(old, new), seals["ecdsa"].cert)


def test_another_certificate_is_refused(seals: dict[str, Seal]) -> None:
    with pytest.raises(RefusedError):
        verify_document(sign_document(build(), seals["ecdsa"]), seals["rsa"].cert)


def test_second_movement_wrapped_in_front_is_refused_by_the_schema_and_never_read(
    seals: dict[str, Seal],
) -> None:
    signed = sign_document(build(), seals["ecdsa"])
    start, end = signed.index(b"<infMov"), signed.index(b"</infMov>") + len(b"</infMov>")
    forged = signed[start:end].replace(b"7891234567895</EAN13>", b"7891234567888</EAN13>")
    forged = forged.replace(b'Id="AGM', b'Id="AGX')
    wrapped = signed[:start] + forged + signed[start:]
    with pytest.raises(RefusedError):
        check_document(wrapped)
    inner = verify_document(wrapped, seals["ecdsa"].cert)
    assert inner.findtext(f"{{{NAMESPACE}}}EAN13") == "7891234567895"


def test_unusable_credentials_are_the_operators_matter(seals: dict[str, Seal]) -> None:
    good = seals["ecdsa"]
    for seal in (
        Seal(key="", cert=good.cert),
        Seal(key="no pem", cert=good.cert),
        Seal(key=good.key, cert="no pem"),
        Seal(key=good.key, cert=seals["rsa"].cert),
    ):
        with pytest.raises(ConfigError, match="regulator-key"):
            sign_document(build(), seal)


# --- the authority's answer --------------------------------------------------------------


def receipt(
    mov_id: str, digest: str, status: str = "100", protocol: str = "351260000000123"
) -> bytes:
    told = f"<Protocol>{protocol}</Protocol>" if protocol else ""
    return (
        f'<AgroRec xmlns="{NAMESPACE}"><infRec Id="R1"><Environment>2</Environment>'
        f"<MovId>{mov_id}</MovId><ReceivedAt>2026-11-21T06:12:01Z</ReceivedAt>{told}"
        f"<DigestValue>{digest}</DigestValue><Status>{status}</Status>"
        f"<Reason>como dito</Reason></infRec></AgroRec>"
    ).encode()


MOV_ID = movement_id(INDEA, step(), ZONE)


def test_receipt_is_read() -> None:
    found = parse_receipt(receipt(MOV_ID, "q80=", "204"))
    assert (found.mov_id, found.status, found.protocol, found.digest, found.reason) == (
        MOV_ID, "204", "351260000000123", "q80=", "como dito"
    )  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>ok</html>",
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
        b'<!DOCTYPE a [<!ENTITY e "x">]><a/>',
        receipt("no id", "q80="),
        receipt(MOV_ID, "q80=", "1"),
        receipt(MOV_ID, "q80=", protocol="12"),
    ],
)
def test_what_is_no_receipt_is_refused(data: bytes) -> None:
    with pytest.raises(RefusedError):
        parse_receipt(data)


@pytest.fixture
def signed(seals: dict[str, Seal]) -> bytes:
    return sign_document(build(), seals["ecdsa"])


def post(peer: "Peer", data: bytes) -> Any:
    return post_document(replace(INDEA, url=peer.url), MOV_ID, data)


def test_authority_gets_the_exact_bytes(make_peer: Callable[..., "Peer"], signed: bytes) -> None:
    peer = make_peer(lambda *_: (200, receipt(MOV_ID, digest_of(signed))))
    assert post(peer, signed).protocol == "351260000000123"
    headers, body = peer.got[0]
    assert body == signed
    assert headers["Content-Type"] == "application/xml"
    assert headers["Idempotency-Key"] == MOV_ID


@pytest.mark.parametrize(
    ("answer", "reaction"),
    [
        ((503, b""), AwayError),
        ((429, b""), AwayError),
        ((400, b"bad"), RefusedError),
        ((200, b"bad"), UnclearError),
        ((200, receipt(MOV_ID, "q80=")), UnclearError),  # about other bytes
        ((200, receipt(MOV_ID[:-1] + "0", "")), UnclearError),
        (None, UnclearError),
    ],
)
def test_answer_calls_for_its_reaction(
    make_peer: Callable[..., "Peer"],
    signed: bytes,
    answer: tuple[int, bytes] | None,
    reaction: type[Exception],
) -> None:
    peer = make_peer(lambda *_: answer)
    with pytest.raises(reaction):
        post(peer, signed)


@pytest.mark.parametrize("status", ["103", "105", "108", "109"])
def test_authority_that_is_still_at_work_is_asked_later(
    make_peer: Callable[..., "Peer"], signed: bytes, status: str
) -> None:
    peer = make_peer(lambda *_: (200, receipt(MOV_ID, digest_of(signed), status, "")))
    with pytest.raises(AwayError, match=status):
        post(peer, signed)


# --- who signed the answer -----------------------------------------------------------------


def answered(seal: Seal, digest: str, **changed: str) -> bytes:
    """An authority's receipt, signed by it."""
    return sign_document(receipt(MOV_ID, digest, **changed), seal)


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_receipt_signed_by_the_authority_counts_and_its_bytes_are_handed_on(
    make_peer: Callable[..., "Peer"], signed: bytes, seals: dict[str, Seal], kind: str
) -> None:
    exact = answered(seals[kind], digest_of(signed))
    peer = make_peer(lambda *_: (200, exact))
    found = post_document(replace(INDEA, url=peer.url), MOV_ID, signed, seals[kind].cert)
    assert (found.status, found.protocol, found.exact) == ("100", "351260000000123", exact)
    assert parse_receipt(exact).exact == b""  # nobody's signature was asked for


def test_receipt_that_the_authority_did_not_sign_is_as_no_answer(
    make_peer: Callable[..., "Peer"], signed: bytes, seals: dict[str, Seal]
) -> None:
    digest, cert = digest_of(signed), seals["ecdsa"].cert
    good = answered(seals["ecdsa"], digest)
    inner = good[good.index(b"<infRec") : good.index(b"</infRec>") + len(b"</infRec>")]
    start = good.index(b"<infRec")
    forged = {
        "not signed": receipt(MOV_ID, digest),
        "by another": answered(seals["rsa"], digest),
        "changed": good.replace(b"351260000000123", b"351260000000124"),
        "refusal turned": answered(seals["ecdsa"], digest, status="215").replace(b"215", b"100"),
        "wrapped": good[:start] + inner.replace(b"000123", b"000999") + good[start:],
    }
    for name, answer in forged.items():
        assert answer != good
        peer = make_peer(lambda *_, said=answer: (200, said))
        with pytest.raises(UnclearError):
            post_document(replace(INDEA, url=peer.url), MOV_ID, signed, cert)
        assert len(peer.got) == 1, name


def test_receipt_of_another_document_does_not_count_though_it_is_signed(
    make_peer: Callable[..., "Peer"], signed: bytes, seals: dict[str, Seal]
) -> None:
    peer = make_peer(lambda *_: (200, answered(seals["ecdsa"], "q80=")))
    with pytest.raises(UnclearError, match="not about ours"):
        post_document(replace(INDEA, url=peer.url), MOV_ID, signed, seals["ecdsa"].cert)


def test_signed_document_of_another_kind_is_no_receipt(
    signed: bytes, seals: dict[str, Seal]
) -> None:
    with pytest.raises(RefusedError):
        parse_receipt(signed, seals["ecdsa"].cert)

"""The public side in paper form: one signed XML document per step, for an authority.

Built from the twelve fields of a sendToBlockchain, checked against agromov.xsd before
anybody sees it, signed once and then only ever repeated byte for byte: the signature covers
the exact bytes, so pretty-printing or signing again would make another document.

The signature is an enveloped XMLDSig (ECDSA or RSA, SHA-256, exclusive C14N) over ``infMov``.
Answers are parsed without DTD, entities and network.  With ``receipt_cert`` one that is not
signed by the authority, in the same form, counts as no answer at all.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from lxml import etree

from fognode.config import Regulator
from fognode.errors import AwayError, ConfigError, RefusedError, UnclearError
from fognode.events import Stored
from fognode.gs1.keys import check_digit
from fognode.hashing import sha256
from fognode.ledgers.consortium import ASK_LATER, post_bytes

NAMESPACE = "urn:fognode:agromov:1.00"
XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
OPERATIONS = {
    1: "entry",
    102: "use",
    103: "use",
    104: "rinse",
    114: "bagging",
    200: "empty-exit",
    201: "centre-receipt",
    202: "cancel",
}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
AUTHORISED, DUPLICATE = "100", "204"  # Source: NF-e, cStat
LATER = {"103", "105", "108", "109"}  # received, in work, service down


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What documents are signed with: PEM texts of the two credentials."""

    key: str  # regulator-key
    cert: str  # regulator-cert


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What an authority answered."""

    mov_id: str
    status: str
    reason: str
    protocol: str
    digest: str  # base64, of the document it means
    exact: bytes = b""  # its bytes, once its signature was found to hold


def movement_id(regulator: Regulator, told: Stored, zone: ZoneInfo) -> str:
    """Return the Id of the document of one step; always the same for the same step.

    AGM, state and year-month, 12 characters of the emitter's CNPJ, its 2 check digits, and
    22 digits: the step's seq and 4 that keep two authorities' documents apart.
    """
    cnpj = regulator.cnpj
    month = _local_text(told.happened_at_ms, zone, "%y%m")
    return f"AGM{regulator.state}{month}{cnpj[:12]}{cnpj[12:]}{_sequence(regulator, told)}"


def build_document(regulator: Regulator, told: Stored, zone: ZoneInfo) -> bytes:
    """Return the unsigned, valid document of one sendToBlockchain.

    Raises:
        RefusedError: The fields do not make a valid document; the text names the element.
    """
    fields = told.facts.get("fields")
    if not isinstance(fields, dict):
        raise RefusedError(f"event {told.event_id} carries no fields")
    texts = {name: str(value) for name, value in fields.items()}
    names: Any = {None: NAMESPACE}  # lxml's types do not know the default namespace
    root = etree.Element(_tag("AgroMov"), nsmap=names)
    inner = etree.SubElement(root, _tag("infMov"), Id=movement_id(regulator, told, zone))
    _add(inner, "Environment", "1" if regulator.production else "2")
    _add(inner, "EmissionType", "normal")
    _add(_add(inner, "Emitter"), "CNPJ", regulator.cnpj)
    _add(inner, "Sequence", _sequence(regulator, told))
    _add(inner, "Operation", OPERATIONS.get(told.number("kind"), "transfer"))
    _add_fields(inner, texts)
    _add(inner, "EventHash", told.text("data_hash"))
    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    check_document(data)
    return data


def check_document(data: bytes) -> None:
    """Check a document, signed or not, against agromov.xsd and the GTIN's check digit.

    Raises:
        RefusedError: It is not valid; the text names the element and the rule.
    """
    root = parse_xml(data)
    schema = _schema()
    if not schema.validate(root):
        # The signature's lines and the namespace only hide what is wrong.
        text = str(schema.error_log.last_error.message).replace(f"{{{NAMESPACE}}}", "")
        raise RefusedError(f"not a valid document: {text}"[:300])
    gtin = root.findtext(f".//{_tag('EAN13')}") or ""
    if gtin and int(gtin[-1]) != check_digit(gtin[:-1]):
        raise RefusedError(f"EAN13 {gtin} ends in {gtin[-1]}, not in {check_digit(gtin[:-1])}")


def sign_document(data: bytes, seal: Seal) -> bytes:
    """Return the signed document: the bytes that are stored and sent, for ever.

    Raises:
        ConfigError: Key and certificate are unusable, expired or not of one pair.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import (  # noqa: PLC0415 - documents only
        EllipticCurvePrivateKey,
    )
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        load_pem_private_key,
    )
    from signxml.algorithms import SignatureConstructionMethod  # noqa: PLC0415
    from signxml.signer import XMLSigner  # noqa: PLC0415

    root = parse_xml(data)
    try:
        key: Any = load_pem_private_key(seal.key.encode(), password=None)
        kind = "ecdsa-sha256" if isinstance(key, EllipticCurvePrivateKey) else "rsa-sha256"
        signer = XMLSigner(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm=kind,
            digest_algorithm="sha256",
            c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#",
        )
        mov_id = str(root[0].get("Id"))
        signed = signer.sign(
            root, key=key, cert=seal.cert, reference_uri=f"#{mov_id}", id_attribute="Id"
        )
        done: bytes = etree.tostring(signed, xml_declaration=True, encoding="UTF-8")
        verify_document(done, seal.cert)
    except (ValueError, TypeError, RefusedError) as error:
        raise ConfigError(
            f"credentials regulator-key and regulator-cert do not sign: {error}"
        ) from error
    return done


def verify_document(data: bytes, cert: str) -> Any:
    """Return what is signed, and nothing else that may stand in the file.

    Raises:
        RefusedError: The signature is not this certificate's, or the document was changed.
    """
    from signxml.algorithms import SignatureMethod  # noqa: PLC0415 - documents only
    from signxml.exceptions import SignXMLException  # noqa: PLC0415
    from signxml.verifier import SignatureConfiguration, XMLVerifier  # noqa: PLC0415

    methods = frozenset({SignatureMethod.ECDSA_SHA256, SignatureMethod.RSA_SHA256})
    # location: a signature anywhere else could bless another infMov than the one that is read.
    config = SignatureConfiguration(location="./", expect_references=1, signature_methods=methods)
    try:
        found: Any = XMLVerifier().verify(
            parse_xml(data), x509_cert=cert, id_attribute="Id", expect_config=config
        )
    except (SignXMLException, ValueError) as error:
        raise RefusedError(f"signature does not hold: {error}") from error
    return found.signed_xml


def post_document(regulator: Regulator, mov_id: str, data: bytes, cert: str = "") -> Receipt:
    """Send the stored bytes and return the authority's receipt, whatever it says.

    Args:
        regulator: Where to.
        mov_id: Id of the document.
        data: The signed document.
        cert: PEM of who signs the receipts; "" = no signature is asked for.

    Raises:
        AwayError: The authority is down or still at work; send the same bytes later.
        UnclearError: No answer, none that it signed, or none about this document; send the
            same bytes again.
        RefusedError: The authority does not take documents like this one.
    """
    headers = {"Content-Type": "application/xml", "Idempotency-Key": mov_id}
    status, answer = post_bytes(regulator.url, data, headers, regulator.ca_file)
    if status // 100 == 5 or status in ASK_LATER:
        raise AwayError(f"{regulator.id} answers {status}")
    try:
        receipt = parse_receipt(answer, cert)
    except RefusedError as error:
        if status // 100 == 4:
            raise RefusedError(f"{regulator.id} answers {status}") from error
        raise UnclearError(f"{regulator.id} answers {status}: {error}") from error
    if receipt.mov_id != mov_id or receipt.digest != digest_of(data):
        raise UnclearError(f"{regulator.id} answers about {receipt.mov_id}, not about ours")
    if receipt.status in LATER:
        raise AwayError(f"{regulator.id} says {receipt.status} {receipt.reason}")
    return receipt


def parse_receipt(data: bytes, cert: str = "") -> Receipt:
    """Read an authority's receipt; with ``cert`` only what that certificate's owner signed.

    Raises:
        RefusedError: It is no receipt, or its signature does not hold.

    Source: traceability, 5.3: the receipt is signed by the authority.
    """
    root = parse_xml(data)
    if etree.QName(root).localname != "AgroRec" or not _schema().validate(root):
        raise RefusedError("the answer is no valid AgroRec")
    inner = verify_document(data, cert) if cert else root[0]
    if inner.tag != _tag("infRec"):
        raise RefusedError("the answer is signed, but not its infRec")
    return Receipt(
        mov_id=inner.findtext(_tag("MovId")) or "",
        status=inner.findtext(_tag("Status")) or "",
        reason=inner.findtext(_tag("Reason")) or "",
        protocol=inner.findtext(_tag("Protocol")) or "",
        digest=(inner.findtext(_tag("DigestValue")) or "").strip(),
        exact=data if cert else b"",
    )


def digest_of(signed: bytes) -> str:
    """Return the digest, in base64, by which a receipt names a signed document."""
    return (parse_xml(signed).findtext(f".//{{{XMLDSIG}}}DigestValue") or "").strip()


def parse_xml(data: bytes) -> Any:
    """Parse foreign XML without DTD, entities or network.

    Raises:
        RefusedError: It is no XML, or carries a DTD.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise RefusedError(f"no XML: {error}") from error
    tree: Any = root.getroottree()
    if tree.docinfo.doctype:
        raise RefusedError("XML with a DTD is not read")
    return root


@cache
def _schema() -> Any:
    text = files("fognode.ledgers").joinpath("agromov.xsd").read_bytes()
    return etree.XMLSchema(parse_xml(text))


def _sequence(regulator: Regulator, told: Stored) -> str:
    mark = int.from_bytes(sha256(regulator.id.encode())[:4]) % 10_000
    return f"{told.seq:018d}{mark:04d}"


def _add_fields(inner: Any, texts: dict[str, str]) -> None:
    _add(inner, "EAN13", texts["EAN13"])
    _add(inner, "GS1_128", texts["GS1_128"])
    if tag := texts["RFID"]:
        _add(inner, "RFID", tag).set("kind", "epc" if len(tag) == 24 else "uid")
    for name in ("Storage_Site", "Source", "Destination"):
        _add_site(inner, name, texts[name])
    _add(inner, "Timestamp", texts["Timestamp"])
    for name in ("MovedBy", "AuthorizedBy"):
        somebody = _add(inner, name)
        is_known = UUID.fullmatch(texts[name])
        _add(somebody, "Ref" if is_known else "NotNamed", texts[name] if is_known else "")
    if texts["Observation"]:
        _add(inner, "Observation", texts["Observation"])
    _add(inner, "ExpirationDate", texts["ExpirationDate"])
    if texts["InvoiceNumber"]:
        _add(inner, "InvoiceNumber", texts["InvoiceNumber"])


def _add_site(inner: Any, name: str, text: str) -> None:
    is_gln = len(text) == 13 and text.isascii() and text.isdigit()
    site = _add(inner, name)
    _add(
        site, "GLN" if is_gln else "SiteRef", text if is_gln else f"urn:fognode:site:{quote(text)}"
    )


def _add(parent: Any, name: str, text: str = "") -> Any:
    added = etree.SubElement(parent, _tag(name))
    try:
        added.text = text or None
    except ValueError as error:
        raise RefusedError(f"{name} {text!r} cannot be written as XML") from error
    return added


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _local_text(at_ms: int, zone: ZoneInfo, pattern: str) -> str:
    return datetime.fromtimestamp(at_ms // 1000, zone).strftime(pattern)

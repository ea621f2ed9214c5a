"""The doubles refuse what a real peer would refuse: a wrong hash, a wrong schema, a foreign key."""

import http.client
import json
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from fognode.errors import RefusedError
from fognode.ledgers import regulators
from fognode.ledgers.journey import hash_fields
from fognode.trial.partners import TrialPartners, start_partners

FIELDS = {"EAN13": "7891234567895", "Observation": "sealed"}


@pytest.fixture
def partners(tmp_path: Path) -> Iterator[TrialPartners]:
    made = start_partners(tmp_path / "peers", tmp_path / "credentials")
    yield made
    made.close()


def post(url: str, body: bytes, key: str = "step-1") -> tuple[int, str]:
    where = urllib.parse.urlsplit(url)
    line = http.client.HTTPConnection(where.hostname or "", where.port, timeout=5)
    line.request("POST", where.path, body, {"Idempotency-Key": key})
    answer = line.getresponse()
    told = answer.status, answer.read().decode()
    line.close()
    return told


def test_a_step_whose_hash_is_that_of_its_fields_is_taken_once(partners: TrialPartners) -> None:
    step = {"fields": FIELDS, "salt": "0" * 32, "data_hash": hash_fields(FIELDS, "0" * 32)}
    for _ in range(2):
        assert post(partners.partner_url, json.dumps(step).encode()) == (202, "")
    assert [path.name for path in partners.taken("json")] == ["step-1.json"]


def test_a_step_with_another_hash_is_refused(partners: TrialPartners) -> None:
    step = {"fields": FIELDS, "salt": "0" * 32, "data_hash": "0" * 64}
    status, words = post(partners.partner_url, json.dumps(step).encode())
    assert status == 400
    assert "data_hash" in words
    assert partners.taken("json") == []


@pytest.mark.parametrize("body", [b"", b"<a/>", b"<!DOCTYPE a><a/>", b"\xff"])
def test_what_is_no_document_is_refused(partners: TrialPartners, body: bytes) -> None:
    assert post(partners.authority_url, body)[0] == 400
    assert partners.taken("xml") == []


def test_a_key_cannot_name_a_file_elsewhere(partners: TrialPartners, tmp_path: Path) -> None:
    step = {"fields": FIELDS, "salt": "0" * 32, "data_hash": hash_fields(FIELDS, "0" * 32)}
    post(partners.partner_url, json.dumps(step).encode(), "../../outside")
    assert not (tmp_path.parent / "outside.json").exists()
    assert [path.name for path in partners.taken("json")] == ["outside.json"]


def test_away_means_later(partners: TrialPartners) -> None:
    partners.away = True
    assert post(partners.partner_url, b"{}") == (503, "later")


def test_the_farms_key_is_private_and_its_certificate_signs(
    partners: TrialPartners, tmp_path: Path
) -> None:
    key = tmp_path / "credentials" / "regulator-key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE KEY" in key.read_text()
    with pytest.raises(RefusedError):
        regulators.verify_document(b"<a/>", partners.cert)


def test_the_authority_signs_with_a_key_of_its_own(partners: TrialPartners) -> None:
    cert = partners.receipt_cert.read_text()
    assert cert == partners.seal.cert != partners.cert

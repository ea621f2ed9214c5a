"""A person is forgotten with the appliance and without it; the record still verifies."""

import http.client
import io
import json
import re
import signal
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fognode.cli.main import run
from fognode.config import load
from fognode.daemon.control import claim_folder
from fognode.events import Event, Json, Kind, Row, Stored
from fognode.hashing import Stamp, freeze
from fognode.store.engines import open_engine
from fognode.store.personal import personal_fields, seal_facts
from fognode.store.pins import Pins
from fognode.store.reader import Reader
from fognode.store.vault import open_vault
from fognode.store.writer import Writer

ANA = "3f2b8f3e-7d9a-4c55-9d0e-0a4c2f6b1e77"
PLAIN: dict[str, Json] = {"person": ANA, "alias": "Heron", "badge": "04A1B2C3"}
FIELDS = {"name": "Ana S\u00e3o Jo\u00e3o", "cpf": "123.456.789-09"}
START_S, STOP_S = 30, 10
OWN = ("id", "csrf")  # what a form carries of its own
Answer = tuple[int, dict[str, str], str]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "vault-master").write_text("0f" * 32 + "\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    written = tmp_path / "fognode.toml"
    ports = f'[serial]\nports = ["{tmp_path}/port*"]\n[page]\nport = 0\n'
    written.write_text(f'[farm]\nid = "farm-7"\nfolder = "{tmp_path}/node"\n{ports}')
    assert run(["migrate", "--config", str(written)]) == 0
    return written


def person(path: Path, *words: str) -> int:
    return run(["person", *words, "--config", str(path)])


def keep(path: Path, kind: str, facts: dict[str, Json]) -> None:
    """Keep a declaration as the daemon does, while none runs."""
    config = load(path)
    read, write = open_engine(config, "reader"), open_engine(config, "writer")
    writer = Writer(write, Reader(read))
    number = Reader(read).head()[0] + 1
    sealed = seal_facts(open_vault(config), kind, facts)
    event = Event(kind=kind, origin=f"q/{number}", happened_at_ms=number, facts=sealed)
    stamp = Stamp(
        farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=number, clock_ok=True
    )
    writer.keep([freeze(event, stamp)])
    writer.close()
    read.dispose()
    write.dispose()


def told(path: Path, *kinds: str) -> list[Stored]:
    engine = open_engine(load(path), "reader")
    found = Reader(engine).events(kinds=kinds)
    engine.dispose()
    return found


def test_show_tells_what_can_be_opened_and_after_erasing_why_it_cannot(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(path, Kind.PERSON_SET, {**PLAIN, **FIELDS})
    capsys.readouterr()
    assert person(path, "show", ANA) == 0
    assert json.loads(capsys.readouterr().out) == {**PLAIN, **FIELDS}
    assert person(path, "erase", ANA, "--reason", "left the farm") == 0
    assert capsys.readouterr().out == "erased; kept as event 2\n"
    assert person(path, "show", ANA) == 0
    assert json.loads(capsys.readouterr().out) == {**PLAIN, "reason": "left the farm"}


def test_without_the_appliance_the_key_goes_and_the_record_verifies(path: Path) -> None:
    keep(path, Kind.PERSON_SET, {**PLAIN, **FIELDS})
    before = told(path)
    assert person(path, "erase", ANA, "--reason", "left the farm") == 0
    after = told(path)
    assert [one.body for one in after[:-1]] == [one.body for one in before]
    assert after[-1].kind == "person_erased"
    assert after[-1].facts == {"person": ANA, "reason": "left the farm"}
    assert after[-1].recorded_at_ms > before[-1].recorded_at_ms
    assert personal_fields(open_vault(load(path)), after) == {ANA: {}}
    assert run(["verify", "--config", str(path)]) == 0


def test_person_nobody_declared_is_refused_and_nothing_is_written(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(path, Kind.PERSON_SET, PLAIN)
    for words in (["show", "p9"], ["erase", "p9", "--reason", "x"]):
        assert person(path, *words) == 2
        assert "the record has no person 'p9'" in capsys.readouterr().err
    assert len(told(path)) == 1
    assert not (path.parent / "node" / "vault.db").exists()


@pytest.mark.parametrize("reason", ["", " ", "x" * 201, "a\nb"])
def test_reason_that_cannot_be_recorded_destroys_nothing(
    path: Path, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(path, Kind.PERSON_SET, {**PLAIN, **FIELDS})
    assert person(path, "erase", ANA, "--reason", reason) == 2
    assert "reason" in capsys.readouterr().err
    assert personal_fields(open_vault(load(path)), told(path)) == {ANA: FIELDS}


def test_appliance_that_runs_and_does_not_answer_is_not_gone_behind(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(path, Kind.PERSON_SET, {**PLAIN, **FIELDS})
    with claim_folder(path.parent / "node"):
        assert person(path, "erase", ANA, "--reason", "x") == 2
    assert "another fognode runs in" in capsys.readouterr().err
    assert personal_fields(open_vault(load(path)), told(path)) == {ANA: FIELDS}


def test_person_without_personal_fields_needs_no_master_key(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(path, Kind.PERSON_SET, PLAIN)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    assert person(path, "show", ANA) == 0
    assert person(path, "erase", ANA, "--reason", "x") == 0


def test_person_under_a_hold_is_not_erased_and_no_switch_says_otherwise(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(path, Kind.PERSON_SET, {**PLAIN, **FIELDS})
    keep(path, Kind.HOLD_SET, {"about": ANA, "reason": "labour court 77", "by": "eve"})
    assert person(path, "erase", ANA, "--reason", "x") == 2
    said = capsys.readouterr().err
    assert f"{ANA} is under a hold (event 2, eve: labour court 77)" in said
    assert f"first fognode declare hold_lifted about={ANA}" in said
    assert personal_fields(open_vault(load(path)), told(path)) == {ANA: FIELDS}
    keep(path, Kind.HOLD_LIFTED, {"about": ANA, "reason": "closed", "by": "eve"})
    assert person(path, "erase", ANA, "--reason", "x") == 0
    assert personal_fields(open_vault(load(path)), told(path)) == {ANA: {}}


# --- the whole appliance -----------------------------------------------------------------


@contextmanager
def appliance(path: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "fognode", "run", "--config", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
        try:
            wait_ready(path)
            yield
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(STOP_S)
        finally:
            daemon.kill()


def wait_ready(path: Path) -> None:
    place = path.parent / "node" / "page.url"
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if place.exists():
            url = urllib.parse.urlsplit(place.read_text())
            line = http.client.HTTPConnection(url.hostname or "", url.port, timeout=5)
            line.request("GET", "/healthz")
            assert line.getresponse().status == 200
            line.close()
            return
        time.sleep(0.05)
    raise AssertionError(f"no page after {START_S} s")


def test_running_appliance_never_stores_a_name_and_forgets_it_when_asked(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = [f"{name}={value}" for name, value in {**PLAIN, **FIELDS}.items()]
    with appliance(path):
        assert run(["declare", "--config", str(path), "person_set", *declared]) == 0
        (kept,) = told(path, Kind.PERSON_SET)
        assert kept.facts.keys() == {*PLAIN, "sealed"}
        assert personal_fields(open_vault(load(path)), [kept]) == {ANA: FIELDS}
        assert person(path, "erase", ANA, "--reason", "left the farm") == 0
        assert run(["declare", "--config", str(path), "person_set", *declared]) == 2
        assert "was erased: use a new id" in capsys.readouterr().err
    assert told(path, Kind.PERSON_SET)[0].body == kept.body
    assert personal_fields(open_vault(load(path)), told(path)) == {ANA: {}}
    assert run(["verify", "--config", str(path)]) == 0
    for file in (path.parent / "node").rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(value.encode() in content for value in FIELDS.values()), file


def test_vault_that_came_back_from_a_backup_forgets_again_at_the_start(path: Path) -> None:
    keep(path, Kind.PERSON_SET, {**PLAIN, **FIELDS})
    vault = path.parent / "node" / "vault.db"
    backup = vault.read_bytes()
    assert person(path, "erase", ANA, "--reason", "left the farm") == 0
    vault.write_bytes(backup)
    with appliance(path):
        until = time.monotonic() + START_S
        while personal_fields(open_vault(load(path)), told(path)) != {ANA: {}}:
            assert time.monotonic() < until
            time.sleep(0.05)


def ask(line: http.client.HTTPConnection, path: str, cookie: str, form: dict[str, str]) -> Answer:
    """Send a form as a browser does, or look at a page; return what came, with its body."""
    headers = {"Cookie": cookie}
    if form:
        headers["Origin"] = f"http://{line.host}:{line.port}"
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    line.request("POST" if form else "GET", path, urllib.parse.urlencode(form), headers)
    answer = line.getresponse()
    return answer.status, dict(answer.headers), answer.read().decode()


def test_person_with_a_pin_declares_by_form_and_is_told_what_custody_says(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = ["person=" + ANA, "alias=Heron", "role=operator"]
    with appliance(path):
        assert run(["declare", "--config", str(path), "person_set", *facts]) == 0
        until = time.monotonic() + START_S
        while set_pin(path, monkeypatch, "Heron", "204619", "204619"):
            assert time.monotonic() < until
            time.sleep(0.1)
        url = urllib.parse.urlsplit((path.parent / "node" / "page.url").read_text())
        line = http.client.HTTPConnection(url.hostname or "", url.port, timeout=5)
        status, headers, _ = ask(line, "/sign-in", "", {"name": "Heron", "pin": "204619"})
        assert status == 303
        cookie = headers["Set-Cookie"].partition(";")[0]
        page = ask(line, "/declare/spill_declared", cookie, {})[2]
        own = {name: re.findall(rf'name="{name}" value="([^"]+)"', page)[0] for name in OWN}
        form = own | {"package": "GLY-9999", "lost_g": "12", "text": "it fell"}
        status, headers, _ = ask(line, "/declare/spill_declared", cookie, form)
        assert status == 303
        while "Kept, but not accepted" not in ask(line, headers["Location"], cookie, {})[2]:
            assert time.monotonic() < until
            time.sleep(0.1)
        line.close()
    (kept,) = told(path, Kind.SPILL_DECLARED)
    assert kept.facts == {"package": "GLY-9999", "lost_g": 12, "text": "it fell", "by": ANA}
    assert kept.origin == f"q/{own['id']}"
    for file in (path.parent / "node").rglob("*"):
        assert not file.is_file() or b"204619" not in file.read_bytes(), file


# --- PINs --------------------------------------------------------------------------------


def know(path: Path, *people: tuple[str, str]) -> None:
    """Put people into the derived table, as custody does once it has looked at them."""
    keep(path, Kind.PERSON_SET, PLAIN)
    config = load(path)
    reader = Reader(open_engine(config, "reader"))
    writer = Writer(open_engine(config, "writer"), reader)
    try:
        rows = [
            Row(
                table="person",
                values={
                    "person": known,
                    "alias": alias,
                    "badge": "",
                    "role": "owner",
                    "licence_until": "",
                    "least_class": 1,
                    "cabinets": "*",
                    "may_authorise": 0,
                    "as_of_seq": 1,
                },
            )
            for known, alias in people
        ]
        writer.keep([], rows)
    finally:
        writer.close()


def set_pin(path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *lines: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    return run(["person", "pin", "--config", str(path), "--person", name])


def pins_of(path: Path) -> Pins:
    return Pins(load(path).folder / "vault.db")


def test_pin_is_set_by_pseudonym_or_id_and_taken_away(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    know(path, (ANA, "Heron"))
    assert set_pin(path, monkeypatch, "Heron", "204619", "204619") == 0
    assert pins_of(path).check(ANA, "204619")
    assert set_pin(path, monkeypatch, ANA, "771204", "771204") == 0
    assert pins_of(path).check(ANA, "771204")
    said = capsys.readouterr()
    assert "204619" not in said.out + said.err
    remove = ["person", "pin", "--config", str(path), "--person", "Heron", "--remove"]
    assert run(remove) == 0
    assert not pins_of(path).mark(ANA)
    assert run(remove) == 0
    assert "Heron has no PIN" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "lines", "said"),
    [
        ("Heron", ("204619", "204618"), "not the same"),
        ("Heron", ("123456", "123456"), "too easy"),
        ("Heron", ("222222", "222222"), "too easy"),
        ("Heron", ("20461", "20461"), "six digits"),
        ("Heron", (), "six digits"),
        ("Egret", ("204619", "204619"), "nobody is called 'Egret'"),
        ("erased person", ("204619", "204619"), "nobody is called"),
        ("Twin", ("204619", "204619"), "more than one person"),
    ],
)
def test_pin_that_cannot_be_set_is_said_why(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    lines: tuple[str, ...],
    said: str,
) -> None:
    know(path, (ANA, "Heron"), ("p2", "erased person"), ("p3", "Twin"), ("p4", "Twin"))
    assert set_pin(path, monkeypatch, name, *lines) == 2
    assert said in capsys.readouterr().err
    assert not any(pins_of(path).mark(known) for known in (ANA, "p2", "p3", "p4"))

"""Encryption at rest, as the script sets it up, on a private server."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from fognode.config import parse
from fognode.errors import AwayError
from fognode.store import prepare
from fognode.store.verify import verify
from fognode.trial import database
from fognode.trial.database import TrialDatabase, missing_server, start_mariadb
from tests.store.conftest import House, body

SCRIPT = Path(__file__).parents[2] / "systemd" / "encrypt.sh"
SETTINGS = SCRIPT.with_name("mariadb.cnf")
PLAIN_EAN, SECRET_EAN = b"7891000100103", b"7896006711155"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TrialDatabase]:
    if reason := missing_server() or ("" if shutil.which("openssl") else "openssl not found"):
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    made = start_mariadb(tmp_path / "credentials")
    yield made
    made.close()


def flags(conf: Path) -> tuple[str, ...]:
    """Return the settings of a file as the server takes them on its command line."""
    lines = conf.read_text(encoding="utf-8").splitlines()
    return tuple(line.replace(" = ", "=") for line in lines if line and line[0] not in "#[")


def keep(server: TrialDatabase, folder: Path, schema: str, ean: bytes) -> House:
    store = {"backend": "mariadb", "socket": str(server.socket), "schema": schema}
    config = parse({"farm": {"id": "farm-7"}, "store": store}, folder / "credentials")
    prepare.prepare_database(config)
    house = House(config)
    house.writer().keep([body(count).replace(b'"L1"', b'"%s"' % ean) for count in range(1, 50)])
    return house


def hits(server: TrialDatabase, schema: str, ean: bytes) -> int:
    """Count where the stopped server's files show a number in the clear."""
    store = server.folder / "d"
    files = [*store.glob(f"{schema}*/*"), store / "ib_logfile0", store / "ibdata1"]
    return sum(path.read_bytes().count(ean) for path in files)


@pytest.mark.mariadb
def test_known_number_is_absent_from_files_and_log_and_no_key_means_no_start(
    server: TrialDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A60, A61."""
    keep(server, tmp_path, "plain", PLAIN_EAN).close()
    server._end(by_force=False)
    assert hits(server, "plain", PLAIN_EAN) > 40  # the search can find what is in the clear

    keys, conf = server.folder / "keys", server.folder / "vault.cnf"
    for _ in range(2):  # run again, it changes nothing
        subprocess.run(["sh", SCRIPT, keys, conf], check=True, capture_output=True, timeout=60)
        sealed = (keys / "keys.enc").read_bytes()
    assert (keys / "keys.enc").read_bytes() == sealed
    assert (keys / "pass").stat().st_mode & 0o077 == 0
    monkeypatch.setattr(database, "FLAGS", (*database.FLAGS, *flags(conf)))
    server.start()
    house = keep(server, tmp_path, "secret", SECRET_EAN)
    assert verify(house.reader_engine) == []
    house.as_root("DROP TRIGGER T.event_no_update")
    with pytest.raises(DBAPIError):
        house.as_root("UNINSTALL SONAME 'server_audit'")
    house.close()
    server._end(by_force=False)
    assert hits(server, "secret", SECRET_EAN) == 0
    audit = (server.folder / "d" / "server_audit.log").read_text(encoding="utf-8")
    assert "DROP TRIGGER secret.event_no_update" in audit
    assert "root,localhost" in audit

    (keys / "keys.enc").rename(keys / "elsewhere")
    with pytest.raises(AwayError, match="did not start"):
        server.start()
    (keys / "elsewhere").rename(keys / "keys.enc")
    server.start()


@pytest.mark.mariadb
def test_shipped_settings_are_those_that_the_start_insists_on(
    server: TrialDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fognode.store.grants import assert_accounts  # noqa: PLC0415

    server._end(by_force=False)
    monkeypatch.setattr(database, "FLAGS", flags(SETTINGS))
    server.start()
    house = keep(server, tmp_path, "shipped", PLAIN_EAN)
    try:
        assert assert_accounts(house.writer_engine, house.reader_engine) == []
    finally:
        house.close()


def test_folder_must_be_absolute(tmp_path: Path) -> None:
    done = subprocess.run(["sh", SCRIPT, "keys", tmp_path / "c"], capture_output=True, check=False)
    assert done.returncode == 2
    assert not (tmp_path / "c").exists()

import time
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fognode.config import parse, seconds_of
from fognode.trial.settings import _closed_now, settings_of


def farm(tmp_path: Path, database: Any = None) -> Any:
    def chain(name: str, number: int) -> Any:
        return SimpleNamespace(
            name=name,
            url="http://127.0.0.1:1",
            chain_id=number,
            contract="0x" + "1" * 40,
            code_hash="0" * 64,
            deploy_block=1,
        )

    return SimpleNamespace(
        dir=tmp_path / "node",
        folder=tmp_path,
        database=database,
        mail=SimpleNamespace(host="127.0.0.1", port=2525, user="fog", ca_file=tmp_path / "ca"),
        partners=SimpleNamespace(
            partner_url="http://127.0.0.1:3/p",
            authority_url="http://x/a",
            receipt_cert=tmp_path / "authority.pem",
        ),
        chains=SimpleNamespace(
            private=chain("private", 7001),
            public=chain("public", 7002),
            farm_address="0x" + "2" * 40,
            centre=SimpleNamespace(address="0x" + "3" * 40),
            farm_keystore=tmp_path / "key.json",
        ),
    )


def test_the_trials_file_is_a_good_configuration(tmp_path: Path) -> None:
    read = parse(tomllib.loads(settings_of(farm(tmp_path), 8080)))
    assert [cabinet.id for cabinet in read.cabinets] == ["cab-1", "cab-2"]
    assert [chain.name for chain in read.chains] == ["private", "public"]
    assert all(chain.trial for chain in read.chains)
    assert read.store.backend == "sqlite"


def test_a_private_mariadb_is_reached_by_its_socket(tmp_path: Path) -> None:
    database = SimpleNamespace(socket=tmp_path / "s")
    read = parse(tomllib.loads(settings_of(farm(tmp_path, database), 8080)))
    assert (read.store.backend, read.store.socket) == ("mariadb", str(tmp_path / "s"))


@pytest.mark.parametrize("hour", range(24))
def test_the_night_store_is_closed_now_at_every_hour(
    hour: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "gmtime", lambda: SimpleNamespace(tm_hour=hour))
    start, end = seconds_of(_closed_now())
    for minute in range(60):  # the hour the trial starts in, and the next, while it runs
        for now in (hour * 3600 + minute * 60, (hour + 1) % 24 * 3600 + minute * 60):
            inside = start <= now < end if start < end else now >= start or now < end
            assert not inside

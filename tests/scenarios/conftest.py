"""A farm for each story, on SQLite and on a private MariaDB, with two ledgers in memory."""

import json
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from web3.providers import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from fognode.config import Config, parse
from fognode.ledgers.evm import ChainNode
from fognode.store import prepare
from fognode.store.engines import open_mariadb
from fognode.store.tables import metadata
from fognode.trial.chain_nodes import MemoryNode, _reply
from fognode.trial.chains import TrialChain, TrialChains, start_chains
from fognode.trial.database import TrialDatabase, missing_server, start_mariadb
from fognode.trial.settings import chain_table
from tests.blank import lay_database
from tests.scenarios.house import House
from tests.scenarios.story import Story, stocked

ALL = "L1 V1 D1 W1 C1"
HOURS = ["06:00-18:00"]


@pytest.fixture(scope="session")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("credentials")
    (folder / "vault-master").write_text(secrets.token_hex(32))
    return folder


@pytest.fixture(scope="session")
def server(credentials: Path) -> Iterator[TrialDatabase]:
    if reason := missing_server():
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    database = start_mariadb(credentials)
    try:
        yield database
    finally:
        database.close()


@pytest.fixture(scope="session")
def schema(server: TrialDatabase, credentials: Path) -> dict[str, str]:
    """The database that all stories use in turn, emptied in between."""
    store = {"backend": "mariadb", "socket": str(server.socket), "schema": "tale"}
    config = parse({"farm": {"id": "farm-7"}, "store": store}, credentials)
    prepare.prepare_database(config)
    # What a power cut does to the disk is tested elsewhere: fewer waits for it here.
    _as_root(config, "SET GLOBAL innodb_flush_log_at_trx_commit = 0")
    return store


def _as_root(config: Config, *statements: str) -> None:
    engine = open_mariadb(config, "root", "", 1)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as root:
            for statement in statements:
                root.exec_driver_sql(statement)
    finally:
        engine.dispose()


@pytest.fixture(scope="session")
def trial_chains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialChains]:
    with start_chains(tmp_path_factory.mktemp("chains"), in_memory=True) as both:
        yield both


@pytest.fixture
def chains(trial_chains: TrialChains) -> Iterator[TrialChains]:
    """Both chains as they were made, whatever a story writes to them."""
    both = (trial_chains.private, trial_chains.public)
    marks = [_ask(chain, "evm_snapshot") for chain in both]
    yield trial_chains
    for chain, mark in zip(both, marks, strict=True):
        _ask(chain, "evm_revert", mark)


class Short(JSONBaseProvider):
    """The way to a chain in memory that saves its HTTP, 3 ms for each of 200 calls a story."""

    def __init__(self, chain: TrialChain) -> None:
        super().__init__()
        assert isinstance(chain.node, MemoryNode)
        self._answer = chain.node._answer

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        asked = json.loads(self.encode_rpc_request(method, params))
        return self.decode_rpc_response(_reply(asked, self._answer))


def _ask(chain: TrialChain, method: str, *values: Any) -> Any:
    return Short(chain).make_request(RPCEndpoint(method), list(values))["result"]


def _node(chain: TrialChain, config: Config, password: str) -> ChainNode:
    settings = next(one for one in config.chains if one.name == chain.name)
    node = ChainNode(settings, config.folder, password)
    node._open()[0].provider = Short(chain)
    return node


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def build(
    request: pytest.FixtureRequest, tmp_path: Path, credentials: Path, chains: TrialChains
) -> Iterator[Callable[..., Story]]:
    """Give the function that builds the farm of a story: ``build(cab01="L1 C1")``."""
    tables: dict[str, Any] = {
        "farm": {"id": "farm-7", "zone": "America/Sao_Paulo", "folder": str(tmp_path / "node")},
        "cabinet": [
            {"id": "cab-1", "board": "cab01", "hours": HOURS},
            {"id": "cab-2", "board": "cab02", "hours": HOURS},
        ],
        "board": [{"id": "cab01"}, {"id": "cab02"}, {"id": "gate01", "place": "gate"}],
        "place": [
            {"id": "cab-1", "kind": "cabinet", "travel_s": 10},
            {"id": "cab-2", "kind": "cabinet", "travel_s": 10},
            {"id": "gate", "kind": "gate", "permitted": False, "travel_s": 30},
        ],
        "serial": {"ports": []},
        "manager": [{"name": "J.", "mail": "manager@farm.example"}],
        "chain": [chain_table(chains, chain) for chain in (chains.private, chains.public)],
    }
    if request.param == "mariadb":
        tables["store"] = request.getfixturevalue("schema")
    config = parse(tables, credentials)
    config.folder.mkdir(parents=True, mode=0o700)
    if request.param == "sqlite":
        lay_database(config)
    made: list[Story] = []

    def make(**sensors: str) -> Story:
        both, password = (chains.private, chains.public), chains.farm_password
        nodes = {chain.name: _node(chain, config, password) for chain in both}
        fitted = {"cab01": ALL, "cab02": ALL, "gate01": "C1"} | sensors
        made.append(Story(House(config, chains, nodes, fitted)))
        return made[-1]

    try:
        yield make
        for story in made:
            story.end()
    finally:
        for story in made:
            story.house.close()
        if request.param == "mariadb":
            _empty(config)


def _empty(config: Config) -> None:
    """Empty every table as root, whose TRUNCATE no trigger sees."""
    engine = open_mariadb(config, "root", "", 1)
    names = {"fognode": "tale", "fognode_audit": "tale_audit", "fognode_state": "tale_state"}
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as root:
            for table in metadata.tables.values():
                name = f"{names[str(table.schema)]}.{table.name}"
                if root.exec_driver_sql(f"SELECT 1 FROM {name} LIMIT 1").first():
                    root.exec_driver_sql(f"TRUNCATE {name}")
    finally:
        engine.dispose()


@pytest.fixture
def story(build: Callable[..., Story]) -> Story:
    """GLY-0042 stands in cab-1 since last evening, 5,840 g; it is 06:12 and all is quiet."""
    made = build()
    stocked(made)
    return made

"""A house with a real store in it, two chains, and peers behind real HTTP."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from fognode.config import Chain, Config, parse
from fognode.events import Event, Kind, Outcome, Row, Stored
from fognode.hashing import Stamp, freeze, token_id
from fognode.ledgers import journey
from fognode.ledgers.evm import ChainNode
from fognode.ledgers.outbox import Lane
from fognode.ledgers.regulators import Seal
from fognode.store.engines import open_engine
from fognode.store.reader import Reader
from fognode.store.writer import Writer
from fognode.trial.chains import TrialChain, TrialChains, find_anvil, start_chains
from fognode.trial.settings import chain_table
from tests.blank import lay_database

NOW_MS = 1_795_241_520_000  # when all tests happen
PERSON = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
GTIN = "7891234567895"
INVOICE = "51260912345678000195550010000012341000012346"


@dataclass
class House:
    """The record, the way into it, and the journey that follows it."""

    config: Config
    reader: Reader
    writer: Writer
    plan: journey.Plan
    state: journey.State = field(default_factory=journey.State)
    cursor: int = 0
    password: str = ""
    nodes: dict[str, ChainNode] = field(default_factory=dict)  # a keystore takes 0.3 s to open

    def commit(self, events: Sequence[Event], rows: Sequence[Row]) -> list[int]:
        stamp = Stamp(
            farm="farm-7", boot_id="5f3a9c0e", mono_ms=1, recorded_at_ms=NOW_MS, clock_ok=True
        )
        return self.writer.keep([freeze(event, stamp) for event in events], rows)

    def tell(self, kind: str, **facts: Any) -> Stored:
        """Keep one custody event, follow it, and return it."""
        origin = f"q/{uuid4()}"
        self.commit([Event(kind=kind, origin=origin, happened_at_ms=NOW_MS, facts=facts)], [])
        self.follow()
        stored = self.reader.by_origin(origin)
        assert stored is not None
        return stored

    def follow(self) -> None:
        while told := self.reader.events(after=self.cursor):
            for event in told:
                outcome = self.fold(event)
                self.commit(outcome.events, outcome.rows)
                self.cursor = event.seq

    def fold(self, event: Stored) -> Outcome:
        return journey.step(self.state, event, self.plan, os.urandom(16))

    def kept(self, *kinds: str) -> list[Stored]:
        return self.reader.events(limit=5000, kinds=kinds)

    def outbox(self, chain: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = [
            dict(r) for r in self.reader.rows("chain_outbox", {"chain": chain}, order="seq")
        ]
        return rows

    def package(self) -> "Package":
        """Return a package that no chain has seen before."""
        serial = f"SN{uuid4().hex[:12]}"
        return Package(self, f"pkg-{serial}", serial, token_id(GTIN, serial).hex())

    def settings(self, name: str, **changes: Any) -> Chain:
        found = next(chain for chain in self.config.chains if chain.name == name)
        return replace(found, **changes)

    def node(self, name: str, **changes: Any) -> ChainNode:
        settings = self.settings(name, **changes)
        if str(settings) not in self.nodes:
            node = ChainNode(settings, self.config.folder, self.password)
            self.nodes[str(settings)] = node
        return self.nodes[str(settings)]

    def lane(self, name: str, **changes: Any) -> Lane:
        """Return a lane that knows nothing but the record, as after a start."""
        node = self.node(name, **changes)
        return Lane(self.settings(name, **changes), node, self.reader, self.commit)

    def states(self, chain: str) -> list[str]:
        return [row["state"] for row in self.outbox(chain)]

    def guard(self, chain: str) -> dict[str, Any]:
        return dict(self.reader.rows("chain_guard", {"chain": chain})[0])


@dataclass(frozen=True)
class Package:
    """A package of the tests, told of as custody tells it."""

    house: House
    package: str
    serial: str
    token: str

    def enter(self) -> Stored:
        return self.house.tell(
            Kind.NEW_PRODUCT_ENTRY,
            package=self.package,
            gtin=GTIN,
            serial=self.serial,
            lot="L2406B",
            expires_on="2028-06-30",
            invoice=INVOICE,
            tag="04A2245A",
            packaging="rigid",
            source="dealer-1",
            site="cab-1",
            gross_g=5410,
            tare_g=210,
            by=PERSON,
            token_id=self.token,
        )

    def handle(self, action: str, **facts: Any) -> Stored:
        return self.tell(
            Kind.HANDLE_PRODUCT,
            opening="0" * 32,
            cabinet="cab-1",
            action=action,
            person=PERSON,
            weight_g=5410,
            **facts,
        )

    def live(self) -> None:
        """From the first use to the gate."""
        self.handle("out")
        self.handle("back")
        self.tell(Kind.PACKAGE_EMPTIED, gross_g=212, tare_g=210)
        self.tell(Kind.PACKAGE_PREPARED, rinses=3, punctured=1, by=PERSON)
        self.tell(Kind.EMPTY_PACKAGE_EXIT, destination="centre", prepared=1, by=PERSON)

    def tell(self, kind: str, **facts: Any) -> Stored:
        return self.house.tell(kind, package=self.package, token_id=self.token, **facts)


@pytest.fixture
def make_house(tmp_path: Path) -> Iterator[Callable[..., House]]:
    made: list[Callable[[], None]] = []

    def make(credentials: Path | None = None, **tables: Any) -> House:
        farm = {"id": "farm-7", "zone": "America/Cuiaba", "folder": str(tmp_path)}
        config = parse({"farm": farm, **tables}, credentials)
        lay_database(config)
        read, write = open_engine(config, "reader"), open_engine(config, "writer")
        reader = Reader(read)
        writer = Writer(write, reader)
        made.extend((writer.close, read.dispose, write.dispose))
        return House(config, reader, writer, journey.plan_of(config))

    yield make
    for close in made:
        close()


# --- chains ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialChains]:
    if find_anvil() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("anvil is missing: npm ci in contracts/")
        pytest.skip("anvil is not installed: npm ci in contracts/")
    with start_chains(tmp_path_factory.mktemp("chains")) as both:
        yield both


def _table_of(both: TrialChains, chain: TrialChain, **changes: Any) -> dict[str, Any]:
    return {**chain_table(both, chain), **changes}


@pytest.fixture
def table_of() -> Callable[..., dict[str, Any]]:
    """Give the function that writes the [[chain]] of a trial chain."""
    return _table_of


@pytest.fixture
def house(make_house: Callable[..., House], chains: TrialChains) -> House:
    made = make_house(chain=[_table_of(chains, chains.private), _table_of(chains, chains.public)])
    made.password = chains.farm_password
    return made


@pytest.fixture
def mine(chains: TrialChains) -> Iterator[Callable[..., None]]:
    """Switch automatic mining off; mine blocks, by hand, at a base fee in gwei."""
    with chains.private.token() as (web3, _token):

        def ask(method: str, *arguments: Any) -> None:
            answer = web3.provider.make_request(method, list(arguments))  # type: ignore[arg-type]
            assert "error" not in answer, answer

        def by_hand(blocks: int = 1, gwei: int = 1) -> None:
            for _ in range(blocks):
                ask("anvil_setNextBlockBaseFeePerGas", hex(gwei * 10**9))
                ask("anvil_mine", 1)

        by_hand.drop = lambda tx_hash: ask("anvil_dropTransaction", tx_hash)  # type: ignore[attr-defined]
        ask("evm_setAutomine", False)
        yield by_hand
        ask("evm_setAutomine", True)
        by_hand()


# --- keys of documents -------------------------------------------------------------------


def make_seal(key: Any) -> Seal:
    """Return a key and a certificate that it signed for itself."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "farm-7")])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Seal(key=pem.decode(), cert=cert.public_bytes(serialization.Encoding.PEM).decode())


@pytest.fixture(scope="session")
def seals() -> dict[str, Seal]:
    return {
        "ecdsa": make_seal(ec.generate_private_key(ec.SECP256R1())),
        "rsa": make_seal(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    }


# --- peers behind HTTP -------------------------------------------------------------------


@dataclass
class Peer:
    """A partner or an authority: answers as it is told, and remembers what it was sent."""

    answer: Callable[["Peer", dict[str, str], bytes], tuple[int, bytes] | None]
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def make_peer() -> Iterator[Callable[..., Peer]]:
    servers: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def make(answer: Callable[..., tuple[int, bytes] | None]) -> Peer:
        peer = Peer(answer)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = dict(self.headers.items())
                peer.got.append((headers, body))
                said = peer.answer(peer, headers, body)
                if said is None:  # the answer is lost on its way
                    self.close_connection = True
                    return
                self.send_response(said[0])
                self.send_header("Content-Length", str(len(said[1])))
                self.end_headers()
                self.wfile.write(said[1])

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        servers.append((server, thread))
        peer.url = f"http://127.0.0.1:{server.server_port}/steps"
        return peer

    yield make
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join(5)

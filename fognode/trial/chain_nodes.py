"""The two kinds of node that carry a trial's chains: anvil, and py-evm in this process.

Both answer JSON-RPC on 127.0.0.1 only: whoever reaches a trial node can move its clock and
spend from its accounts.

All waits are bounded.  web3 is loaded when the first node starts.
"""

from __future__ import annotations

import ast
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Protocol

from fognode.errors import AwayError

if TYPE_CHECKING:
    from pathlib import Path

    from web3 import Web3

CHAIN_IDS = {"private": 7001, "public": 7002}  # two ids, or a step could be replayed
READY_S = 10  # anvil answers after 0.1 s; a loaded Pi may need longer
STOP_S = 5
POLL_S = 0.02
PORTS = range(20_000, 32_000)  # net.ipv4.ip_local_port_range begins at 32768


class Node(Protocol):
    """A chain node that can be stopped and started again with its state."""

    label: str

    @property
    def url(self) -> str:
        """Where it answers; known once it was started."""

    def start(self) -> None:
        """Answer on ``url``, from the second time on with the state it was stopped in."""

    def stop(self) -> None:
        """Answer no longer; keep the state."""


class AnvilNode:
    """One anvil process; its state lies in ``folder`` while it is stopped."""

    label = "trial ledger, anvil"

    def __init__(self, binary: Path, folder: Path, name: str, block_time_s: int | None) -> None:
        self._folder = folder
        self._log = folder / f"{name}.log"
        self._port = 0  # chosen at the first start, then kept
        self._process: subprocess.Popen[bytes] | None = None
        self._command = [
            *_dies_with_us(), str(binary), "--host", "127.0.0.1",
            "--chain-id", str(CHAIN_IDS[name]), "--quiet", "--no-cors",
            "--prune-history",  # without it one file per block, 250 kB each, fills ~/.foundry
            "--state", str(folder / f"{name}.json"),
        ]  # fmt: skip
        if block_time_s is not None:
            self._command += ["--block-time", str(block_time_s)]

    @property
    def url(self) -> str:
        """Where it answers; known once it was started."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """Process id while it runs, for measuring it and for killing it in tests."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process and wait until it answers.

        Raises:
            AwayError: It ended, or did not answer in time; its log says why.
        """
        self._port = self._port or _free_port()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, "--port", str(self._port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"HOME": str(self._folder)},
                start_new_session=True,  # Ctrl-C at the demo stops us first, then we stop it
            )
        if not self._answers():
            self.stop()
            raise AwayError(f"anvil at {self.url} does not answer: {self._log.read_text()[-500:]}")

    def stop(self) -> None:
        """End the process; SIGTERM makes it write its state first."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_S)
        self._process = None

    def _answers(self) -> bool:
        deadline = time.monotonic() + READY_S
        with connected(self.url) as w3:
            while self._process and self._process.poll() is None and time.monotonic() < deadline:
                if w3.is_connected():
                    return True
                time.sleep(POLL_S)
        return False


class MemoryNode:
    """py-evm in this process behind JSON-RPC; what it holds ends with the process.

    Unlike a real node it takes a transaction that was signed for another chain id.
    """

    label = "trial ledger, in memory"

    def __init__(self, name: str) -> None:
        self._answer = _tester(CHAIN_IDS[name])
        self._port = 0  # chosen at the first start, then kept
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it answers; known once it was started."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Answer on ``url`` in a thread of its own."""
        self._server = _rpc_server(self._port, self._answer)
        self._port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(POLL_S,),
            name=f"trial-{self._port}",
            daemon=True,  # a trial that forgot close() still ends
        )
        self._thread.start()

    def stop(self) -> None:
        """Close the port; the chain waits in memory."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(STOP_S)
        self._server = None


@contextmanager
def connected(url: str) -> Iterator[Web3]:
    """Lend a connection that tries once and is closed afterwards."""
    import requests  # noqa: PLC0415
    from web3 import HTTPProvider, Web3  # noqa: PLC0415 - 1 s, trials with chains only

    with requests.Session() as session:  # a session of our own is closed, web3's is not
        yield Web3(
            HTTPProvider(
                url,
                request_kwargs={"timeout": STOP_S},
                session=session,
                exception_retry_configuration=None,
            )
        )


def _free_port() -> int:
    # None that the kernel deals out: a stopped node must find its own free when it comes back.
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _dies_with_us() -> list[str]:
    # util-linux asks the kernel to end the node when we are killed and cannot do it; a
    # preexec_fn could deadlock, as this process has threads.
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


Rpc = Callable[[str, list[Any]], Any]


def _tester(chain_id: int) -> Rpc:
    """Return a function that answers JSON-RPC calls from a chain in memory."""
    from eth_tester import EthereumTester, PyEVMBackend  # noqa: PLC0415
    from web3 import EthereumTesterProvider, Web3  # noqa: PLC0415
    from web3.types import RPCEndpoint  # noqa: PLC0415

    backend = PyEVMBackend()
    type(backend.chain).chain_id = chain_id  # the class is made anew for each backend
    provider = EthereumTesterProvider(EthereumTester(backend))
    w3 = Web3(provider)
    w3.middleware_onion.clear()  # those of the caller already speak JSON; the tester's own stay
    request = provider.request_func(w3, w3.middleware_onion)
    lock = threading.Lock()

    def answer(method: str, params: list[Any]) -> Any:
        if method == "eth_chainId":  # the tester's answer is a constant
            return {"result": hex(chain_id)}
        with lock:
            return request(RPCEndpoint(method), params)

    return answer


def _rpc_server(port: int, answer: Rpc) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        timeout = STOP_S

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = _reply(asked, answer)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep quiet: the trial prints its own story."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def _reply(asked: dict[str, Any], answer: Rpc) -> bytes:
    """Return the JSON-RPC answer to one request; whatever the tester raises is an error reply."""
    try:
        found = answer(asked["method"], asked.get("params", []))
    except Exception as error:  # noqa: BLE001 - a node outlives every request
        found = {"error": _rpc_error(error)}
    reply = {"jsonrpc": "2.0", "id": asked.get("id")}
    reply |= {key: found[key] for key in ("error", "result") if key in found}
    return json.dumps(reply, default=_jsonable).encode()


def _rpc_error(error: Exception) -> dict[str, Any]:
    """Say what the tester says in the words of anvil, so that one table of texts serves both."""
    text = str(error).removeprefix("execution reverted: ")
    if text.startswith(("b'", 'b"')):  # the bytes of a revert, as Python writes them
        data = ast.literal_eval(text).hex()
        return {"code": 3, "message": "execution reverted", "data": f"0x{data}"}
    if nonces := re.search(r"nonce: Expected (\d+), but got (\d+)", text):
        expected, given = map(int, nonces.groups())
        return {"code": -32003, "message": f"nonce too {'low' if given < expected else 'high'}"}
    if "cannot afford" in text:
        return {"code": -32003, "message": "Insufficient funds for gas * price + value"}
    return {"code": -32000, "message": text}


def _jsonable(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value)} is not JSON")

"""The server of the page: listens, serves on its own threads, stops within about a second."""

import logging
from threading import Lock
from typing import Any

from flask import Flask
from waitress.server import BaseWSGIServer, create_server
from waitress.trigger import trigger
from waitress.wasyncore import dispatcher

from fognode.page import uploads

THREADS, CHANNEL_TIMEOUT_S, CONNECTION_LIMIT = 8, 30, 64
STOP_S = 1  # how long a request that still runs may hold up the stop


class Served:
    """A listening server; ``run`` on a thread of the daemon, ``close`` from any other."""

    def __init__(self, app: Flask, host: str, port: int, token: str = "") -> None:
        """Bind host and port; port 0 takes a free one.  Who has the token may send photos."""
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # "task queue depth is 1"
        self._sockets: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=self._sockets,
            host=host,
            port=port,
            threads=THREADS,
            channel_timeout=CHANNEL_TIMEOUT_S,
            connection_limit=CONNECTION_LIMIT,
            ident=None,
            # Told who is local: behind a proxy everybody would be (tokens.is_local).
            clear_untrusted_proxy_headers=False,
            **uploads.LIMITS,
        )
        listeners = [s for s in self._sockets.values() if isinstance(s, BaseWSGIServer)]
        for listener in listeners:
            listener.channel_class = uploads.channel_class(token)
        self._triggers: list[trigger] = [listener.trigger for listener in listeners]
        self._lock = Lock()  # guards the triggers against a close while run ends
        self.port = int(listeners[0].effective_port)

    def run(self) -> None:
        """Serve until ``close``; return when no socket is open and the workers have ended."""
        self._server.run()
        workers = self._server.task_dispatcher
        workers.shutdown(cancel_pending=True, timeout=STOP_S)
        with self._lock:
            # A worker that still ends its request will write to a trigger; were it closed, its
            # number might by then be another file.
            for open_one in [] if workers.threads else self._triggers:
                open_one.close()
            self._triggers = []

    def close(self) -> None:
        """Ask ``run`` to return; it does within about a second.  Harmless when it has."""
        with self._lock:
            if self._triggers:
                self._triggers[0].pull_trigger(self._end)

    def _end(self) -> None:
        # On the serving thread: its loop ends when it has nothing left to wait for.
        for item in list(self._sockets.values()):
            if not isinstance(item, trigger):
                dispatcher.close(item)
        self._sockets.clear()


def serve(app: Flask, host: str, port: int, token: str = "") -> Served:
    """Return a server that listens already; OSError when it cannot."""
    return Served(app, host, port, token)

"""Which bodies the server reads at all: short ones, and files from who has the token.

waitress holds a whole body before the application is asked, so this is decided here, once the
headers are there: nobody without the token can make the node hold megabytes.  Neither a picture
that comes nor one that goes is ever buffered in a file.
"""

import copy
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser

from fognode import hashing
from fognode.page.api import BODY_LIMIT, PHOTO_LIMIT, PHOTOS_PATH
from fognode.page.invoices import INVOICE_LIMIT, INVOICES_PATH
from fognode.page.register import REGISTER_PATH

LONGER = {  # with the token
    PHOTOS_PATH: PHOTO_LIMIT,
    INVOICES_PATH: INVOICE_LIMIT,
    REGISTER_PATH: INVOICE_LIMIT,
}
IN_MEMORY = PHOTO_LIMIT + BODY_LIMIT  # a picture with what goes before it
LIMITS = {
    "max_request_body_size": BODY_LIMIT,
    "inbuf_overflow": IN_MEMORY,
    "outbuf_overflow": IN_MEMORY,
}


def channel_class(token: str) -> type[HTTPChannel]:
    """Return the class of connections of a server that was made with ``LIMITS``."""

    class Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
        adj: Any

        def parse_header(self, header_plus: bytes) -> None:
            """Read the headers, then choose how long the body may be."""
            super().parse_header(header_plus)
            if self.path in LONGER and _has_token(self.headers, token):
                larger: Any = copy.copy(self.adj)
                larger.max_request_body_size = LONGER[self.path] + 1
                self.adj = larger

    class Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
        parser_class = Parser

    return Channel


def _has_token(headers: dict[str, Any], token: str) -> bool:
    offered = str(headers.get("AUTHORIZATION", "")).encode("latin-1", "replace")
    return bool(token) and hashing.same(offered, f"Bearer {token}".encode())

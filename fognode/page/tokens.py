"""Who may write, and who may read from another machine.

The control token (DIR/control.token, new at each start) lets commands on this machine write.
The credential ``erp-token`` lets the farm's ERP read the lists; it writes nothing (A56).
"""

from ipaddress import ip_address

from flask import abort, request

from fognode import hashing
from fognode.page.live import Desk

PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
READ_TOKEN = "erp-token"  # noqa: S105 - its name


def is_local() -> bool:
    """Tell whether the request comes from a browser on the node itself, through no proxy."""
    passed_on = any(name in request.headers for name in PROXY_HEADERS)
    try:
        return ip_address(request.remote_addr or "").is_loopback and not passed_on
    except ValueError:
        return False


def check_token(desk: Desk) -> None:
    """Refuse with 401 who does not have the control token."""
    if not _offers(desk.token):
        abort(401, "send the header Authorization: Bearer and the text of DIR/control.token")


def check_reader(desk: Desk) -> None:
    """Refuse with 401 who asks from another machine without a token."""
    if not (is_local() or has_token(desk)):
        abort(401, f"send the header Authorization: Bearer and the credential {READ_TOKEN}")


def has_token(desk: Desk) -> bool:
    """Tell whether the request has the control token, or the credential ``erp-token``."""
    config = desk.config
    secret = config.secret(READ_TOKEN) if config.has_secret(READ_TOKEN) else ""
    return _offers(desk.token) or _offers(secret)


def _offers(token: str) -> bool:
    offered = request.headers.get("Authorization", "").encode("latin-1", "replace")
    return bool(token) and hashing.same(offered, f"Bearer {token}".encode())

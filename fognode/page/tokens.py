"""Who may write, and who may read from another machine.

The control token (DIR/control.token, new at each start) lets commands on this machine write.
The credential ``erp-token`` lets the farm's ERP read the lists; it writes nothing (A56).
The credential ``erp-writer`` lets it write master data, and reads nothing.
"""

from collections.abc import Iterable
from ipaddress import ip_address

from flask import abort, request

from fognode import hashing
from fognode.events import Kind
from fognode.page.live import Desk

PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
READ_TOKEN = "erp-token"  # noqa: S105 - its name
WRITE_TOKEN = "erp-writer"  # noqa: S105 - its name
# What an ERP knows as well as the farm: no people, no rights, nothing that happened.
MASTER_DATA = frozenset(
    {Kind.PRODUCT_SET, Kind.SUPPLIER_SET, Kind.CROP_RULE_SET, Kind.PRESCRIPTION_SET}
)


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


def check_writer(desk: Desk) -> None:
    """Refuse with 401 who has neither the control token nor the credential ``erp-writer``."""
    if not _offers(_secret(desk, WRITE_TOKEN)):
        check_token(desk)


def check_written(desk: Desk, kinds: Iterable[str], by: object) -> None:
    """Refuse with 403 what ``erp-writer`` may not write, with 400 what names no author."""
    if _offers(desk.token):
        return
    if beyond := sorted({*kinds} - MASTER_DATA):
        abort(403, f"{WRITE_TOKEN} writes {', '.join(sorted(MASTER_DATA))}, not {beyond[0]}")
    if not by:
        abort(400, f"by is missing: with {WRITE_TOKEN} say whose word it is")


def check_reader(desk: Desk) -> None:
    """Refuse with 401 who asks from another machine without a token."""
    if not (is_local() or has_token(desk)):
        abort(401, f"send the header Authorization: Bearer and the credential {READ_TOKEN}")


def has_token(desk: Desk) -> bool:
    """Tell whether the request has the control token, or the credential ``erp-token``."""
    return _offers(desk.token) or _offers(_secret(desk, READ_TOKEN))


def _secret(desk: Desk, name: str) -> str:
    return desk.config.secret(name) if desk.config.has_secret(name) else ""


def _offers(token: str) -> bool:
    offered = request.headers.get("Authorization", "").encode("latin-1", "replace")
    return bool(token) and hashing.same(offered, f"Bearer {token}".encode())

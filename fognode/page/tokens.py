"""Who may write, and who may read from another machine.

The control token (DIR/control.token, new at each start) lets commands on this machine write.
The credential ``erp-token`` lets the farm's ERP read the lists; it writes nothing (A56).
"""

from flask import abort, request

from fognode import hashing
from fognode.page.live import Desk
from fognode.page.views import is_local

READ_TOKEN = "erp-token"  # noqa: S105 - its name


def check_token(desk: Desk) -> None:
    """Refuse with 401 who does not have the control token."""
    if not _offers(desk.token):
        abort(401, "send the header Authorization: Bearer and the text of DIR/control.token")


def check_reader(desk: Desk) -> None:
    """Refuse with 401 who asks from another machine without a token."""
    if is_local() or _offers(desk.token):
        return
    config = desk.config
    if not (config.has_secret(READ_TOKEN) and _offers(config.secret(READ_TOKEN))):
        abort(401, f"send the header Authorization: Bearer and the credential {READ_TOKEN}")


def _offers(token: str) -> bool:
    offered = request.headers.get("Authorization", "").encode("latin-1", "replace")
    return bool(token) and hashing.same(offered, f"Bearer {token}".encode())

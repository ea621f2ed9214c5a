"""How commands on this machine reach the running daemon: its address, its token, one POST."""

import contextlib
import fcntl
import http.client
import json
import os
import secrets
import urllib.parse
import uuid
from pathlib import Path
from typing import IO, Any

from fognode.errors import AwayError, ConfigError, RefusedError
from fognode.events import Json

URL_FILE, TOKEN_FILE, LOCK_FILE = "page.url", "control.token", "running.lock"
TIMEOUT_S = 10
OK, CREATED = 200, 201
REFUSAL = 4000  # characters of one, at most; it names up to 20 lines of a file


def claim_folder(folder: Path) -> IO[bytes]:
    """Make the folder if need be and lock it for this process, as long as the file is open.

    Raises:
        ConfigError: Another fognode runs in it, or it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.fdopen(os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600), "wb")
    except OSError as error:
        raise ConfigError(f"[farm] key folder: cannot use {folder}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise ConfigError(f"another fognode runs in {folder}; stop it first") from error
    return lock


def new_token() -> str:
    """Return a new control token."""
    return secrets.token_urlsafe(32)


def publish_token(folder: Path, token: str) -> None:
    """Write the control token, readable by the daemon's account only."""
    _write_private(folder / TOKEN_FILE, token)


def publish_url(folder: Path, url: str) -> None:
    """Write where the page is served; commands read it."""
    _write_private(folder / URL_FILE, url)


def _write_private(path: Path, text: str) -> None:
    """Let ``path`` hold ``text``: who reads it finds the whole of it, or no file."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    unfinished.replace(path)


def send_request(folder: Path, kind: str, facts: dict[str, Json], request_id: str = "") -> int:
    """POST a declaration to the daemon that runs in ``folder``; return its seq.

    On return the event is committed.  The same ``request_id`` again is the same event.

    Raises:
        AwayError: No daemon answers.
        RefusedError: The daemon did not take it; the message names the value and the cure.
    """
    request = {"id": request_id or str(uuid.uuid4()), "kind": kind, "facts": facts}
    return int(_post(folder, "/api/v1/requests", json.dumps(request).encode())["seq"])


def send_photo(folder: Path, content: bytes, facts: dict[str, str]) -> tuple[str, bool]:
    """POST a picture to the daemon that runs in ``folder``; return its id and whether it is new.

    On return it is kept; the same picture again is the same photo.

    Raises:
        AwayError: No daemon answers.
        RefusedError: The daemon did not take it; the message names the cause.
    """
    asked = urllib.parse.urlencode({"id": str(uuid.uuid4()), **facts})
    told = _post(folder, f"/api/v1/photos?{asked}", content, "image/*")
    return str(told["photo"]), told["status"] == CREATED


def send_invoices(folder: Path, content: bytes, by: str) -> dict[str, Any]:
    """POST an invoice file to the daemon that runs in ``folder``; return what it read.

    On return every line of it is kept; the same file again is the same events.

    Raises:
        AwayError: No daemon answers.
        RefusedError: The daemon did not take it; the message names each wrong line.
    """
    asked = urllib.parse.urlencode({"by": by})
    return _post(folder, f"/api/v1/invoices?{asked}", content, "application/octet-stream")


def send_register(folder: Path, content: bytes, by: str, name: str) -> dict[str, Any]:
    """POST a CSV file of master data to the daemon that runs in ``folder``; return what it took.

    On return every row of it is kept; the same file again is the same events.

    Args:
        folder: DIR.
        content: The file.
        by: Who hands it in.
        name: The list it is of; "" = its column ``kind`` says what each row is.

    Raises:
        AwayError: No daemon answers.
        RefusedError: The daemon did not take it; the message names each wrong line.
    """
    asked = urllib.parse.urlencode({"by": by} | ({"list": name} if name else {}))
    return _post(folder, f"/api/v1/register?{asked}", content, "text/csv")


def ask_sensors(folder: Path) -> list[dict[str, Any]]:
    """GET what the daemon that runs in ``folder`` hears of its boards now.

    Raises:
        AwayError: No daemon answers.
        RefusedError: It refused.
    """
    lines: list[dict[str, Any]] = _ask(folder, "GET", "/api/v1/sensors")["sensors"]
    return lines


def _post(folder: Path, path: str, body: bytes, media: str = "application/json") -> dict[str, Any]:
    return _ask(folder, "POST", path, body, media)


def _ask(
    folder: Path, method: str, path: str, body: bytes = b"", media: str = "application/json"
) -> dict[str, Any]:
    try:
        url = urllib.parse.urlsplit((folder / URL_FILE).read_text())
        token = (folder / TOKEN_FILE).read_text()
        line = http.client.HTTPConnection(url.hostname or "", url.port, timeout=TIMEOUT_S)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": media}
        with contextlib.closing(line):
            line.request(method, path, body, headers)
            answer = line.getresponse()
            status, text = answer.status, answer.read().decode()
    except (OSError, http.client.HTTPException) as error:
        raise AwayError(f"no appliance answers in {folder}; start fognode run first") from error
    if status not in {OK, CREATED}:
        raise RefusedError(f"not taken ({status}): {_said(text)}")
    return {**json.loads(text), "status": status}


def _said(text: str) -> str:
    """Return the words of a refusal: those of the JSON, else the text itself."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return str(json.loads(text)["error"])[:REFUSAL]
    return text.strip()[:REFUSAL]

"""The private consortium's other side: each step as JSON, posted to every partner.

A partner keeps the full fields off chain and finds them by their hash.  The bytes posted are
the bytes stored with the step; ``Idempotency-Key`` is the step's event id, so a partner that
answers into a broken line can be asked again.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from fognode.config import Partner
from fognode.errors import AwayError, RefusedError, UnclearError
from fognode.events import Json
from fognode.hashing import canonical_bytes

TIMEOUT_S = 3
ASK_LATER = {408, 425, 429}  # RFC 9110, 6585, 8470: not a no


def document(farm: str, event_id: str, facts: Mapping[str, Json]) -> str:
    """Return the exact JSON that partners get of one step; pure.

    ``facts`` are those of the sendToBlockchain ``event_id``: with fields and salt a partner
    recomputes ``data_hash`` and finds it on the chain under ``token_id``.
    """
    told = {name: facts[name] for name in _TOLD}
    if "corrects" in facts:  # the ``cause`` of an earlier step
        told["corrects"] = facts["corrects"]
    return canonical_bytes({**told, "v": 1, "farm": farm, "event_id": event_id}).decode()


_TOLD = ("package", "token_id", "method", "kind", "cause", "data_hash", "salt", "fields", "chains")


def post_step(partner: Partner, event_id: str, text: str) -> None:
    """Post one step; on return the partner has taken it.

    Raises:
        AwayError: The partner is down or says "later".
        UnclearError: It was sent and nothing came back; send the same again.
        RefusedError: A final no, with the partner's own words.
    """
    headers = {"Content-Type": "application/json", "Idempotency-Key": event_id}
    status, answer = post_bytes(partner.url, text.encode(), headers, partner.ca_file)
    if status // 100 == 2:
        return
    if status // 100 == 4 and status not in ASK_LATER:
        words = answer.decode(errors="replace")[:200]
        raise RefusedError(f"{partner.id} answers {status}: {words}")
    raise AwayError(f"{partner.id} answers {status}")


def post_bytes(
    url: str, data: bytes, headers: Mapping[str, str], ca_file: str
) -> tuple[int, bytes]:
    """POST exact bytes without following redirects; return the status and the answer's bytes.

    Raises:
        AwayError: There was no connection, so nothing was sent.
        UnclearError: It was sent, at least in part, and no answer came.
    """
    import requests  # noqa: PLC0415 - the journey, which is pure, needs only document()

    try:
        answer = requests.post(
            url,
            data=data,
            headers=dict(headers),
            timeout=TIMEOUT_S,
            verify=ca_file or True,
            allow_redirects=False,
        )
    except requests.ConnectTimeout as error:
        raise AwayError(f"{_host(url)} cannot be reached: {type(error).__name__}") from error
    except requests.RequestException as error:
        if _never_sent(error):
            raise AwayError(f"{_host(url)} cannot be reached: {type(error).__name__}") from error
        raise UnclearError(f"{_host(url)} did not answer: {type(error).__name__}") from error
    return answer.status_code, answer.content


def _host(url: str) -> str:
    # A path or query may hold a key, and errors are shown on the page.
    return urlsplit(url).hostname or "the peer"


def _never_sent(error: Exception) -> bool:
    from urllib3.exceptions import MaxRetryError, NewConnectionError, SSLError  # noqa: PLC0415

    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else None
    return isinstance(reason, NewConnectionError | SSLError)

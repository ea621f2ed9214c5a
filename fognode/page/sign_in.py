"""Who is signed in, and who has tried too often; kept in memory only, told the time.

A session ends 15 minutes after its last action, 12 hours after it began, at sign-out, when the
PIN changes, and when the node restarts.  Five wrong PINs within 15 minutes lock the person and
the address they came from, each for itself, until the oldest of the five is 15 minutes old; the
right PIN is refused meanwhile, too.  A restart forgets the tries.

Source: requirements A80; OWASP Session Management and Authentication Cheat Sheets.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock

from fognode import hashing

TRIES, LOCK_S = 5, 15 * 60
IDLE_S, MOST_S = 15 * 60, 12 * 3600
MOST_KEYS, MOST_SESSIONS = 10_000, 200


@dataclass(slots=True, kw_only=True)
class Session:
    """One person at one browser."""

    token: str  # of the cookie
    person: str
    alias: str
    role: str
    mark: str  # of the PIN they signed in with
    begun_s: float
    seen_s: float  # their last action


@dataclass(slots=True)
class Tries:
    """When the last wrong PINs came, by what is locked for them."""

    lock: Lock = field(default_factory=Lock)
    times: dict[str, list[float]] = field(default_factory=dict)

    def take(self, keys: Iterable[str], now_s: float) -> float:
        """Count a try before it is made; return for how long there is none, 0 = go on.

        Counted first, so that tries at the same moment are not more than one after another.
        """
        with self.lock:
            told = {key: self._recent(key, now_s) for key in keys}
            locked = [found[-TRIES] for found in told.values() if len(found) >= TRIES]
            if locked:
                return max(locked) + LOCK_S - now_s
            for key, found in told.items():
                self.times.pop(key, None)
                self.times[key] = [*found, now_s]
            while len(self.times) > MOST_KEYS:
                self.times.pop(next(iter(self.times)))
        return 0

    def _recent(self, key: str, now_s: float) -> list[float]:
        return [at_s for at_s in self.times.get(key, []) if at_s > now_s - LOCK_S]

    def give_back(self, key: str) -> None:
        """Take back the last try: it was right."""
        with self.lock:
            if found := self.times.get(key):
                found.pop()

    def forget(self, key: str) -> None:
        """Start anew for a person who had it right in the end."""
        with self.lock:
            self.times.pop(key, None)


class Sessions:
    """Every session of this life of the node."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: dict[str, Session] = {}
        self._key = secrets.token_bytes(32)  # of the tokens in the forms

    def begin(self, person: str, alias: str, role: str, mark: str, now_s: float) -> Session:
        """Open a session; its token was never used before."""
        token = secrets.token_urlsafe(32)
        made = Session(
            token=token,
            person=person,
            alias=alias,
            role=role,
            mark=mark,
            begun_s=now_s,
            seen_s=now_s,
        )
        with self._lock:
            self._open[token] = made
            while len(self._open) > MOST_SESSIONS:
                self._open.pop(next(iter(self._open)))
        return made

    def find(self, token: str, now_s: float) -> Session | None:
        """Return the session of a cookie, unless it has ended."""
        with self._lock:
            found = self._open.get(token)
            if found is None:
                return None
            if now_s - found.seen_s > IDLE_S or now_s - found.begun_s > MOST_S:
                del self._open[token]
                return None
            return found

    def end(self, token: str) -> None:
        """Close a session; harmless when it has ended."""
        with self._lock:
            self._open.pop(token, None)

    def form_token(self, session: Session) -> str:
        """Return what a form of this session carries, and no other site can know."""
        return hashing.keyed_hash(self._key, session.token.encode()).hex()

    def is_own(self, session: Session, offered: str) -> bool:
        """Tell whether a form came from a page of this session."""
        return hashing.same(offered.encode(), self.form_token(session).encode())

"""Every error raised on purpose, named by the reaction it calls for.

FognodeError
  ConfigError       the operator must edit fognode.toml; no start
  CodeError         not a valid GS1 code; tell the person at the reader
  ImportRefusedError  a file is not whole; name every fault, import nothing of it
  BoardError        count it, carry on
    FrameError      bytes that are not a whole, intact frame
    MeaningError    an intact frame that says the impossible; also an event ``rejected``
  StoreError        not known to be kept; reconnect, offer it again
    TamperError     stored bytes do not match; alert, stop anchoring, never repair
    RestoredError   the database is not the one that was signed; spool only, until the owner acts
  PeerError         mail server, chain or authority
    AwayError       down or "later"; retry from the outbox, back-off with jitter
    UnclearError    silence after sending; ask, or resend the SAME bytes
    RefusedError    a final no; the item stops, the page shows it
"""


class FognodeError(Exception):
    """Base of all errors raised on purpose."""


class ConfigError(FognodeError):
    """The operator must edit fognode.toml or a credential; there is no start."""


class CodeError(FognodeError):
    """Not a valid GS1 code; tell the person at the reader."""


class ImportRefusedError(FognodeError):
    """A file that a person hands in is not whole: name every fault, import nothing of it."""


class BoardError(FognodeError):
    """Something a board sent; count it and carry on."""


class FrameError(BoardError):
    """Bytes that are not a whole, intact frame."""


class MeaningError(BoardError):
    """An intact frame that says the impossible."""


class StoreError(FognodeError):
    """Not known to be kept; reconnect and offer the same bytes again."""


class TamperError(StoreError):
    """Stored bytes do not match their hashes; alert, never repair."""


class RestoredError(StoreError):
    """The database is older than what was signed of it, or another: do not serve from it."""


class PeerError(FognodeError):
    """A mail server, chain, partner or authority did not do what was asked."""


class AwayError(PeerError):
    """Down, or "later": retry from the outbox with back-off and jitter."""


class UnclearError(PeerError):
    """Silence after sending: ask, or send the SAME bytes again."""


class RefusedError(PeerError):
    """A final no: the item stops and the page shows it."""

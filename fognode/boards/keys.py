"""The keys of Ethernet boards: one secret on the fog, one key of its own on each board."""

from collections.abc import Callable

from fognode.errors import ConfigError
from fognode.hashing import board_key

CREDENTIAL = "board-master"


def read_master(text: str) -> bytes:
    """Return the master key from the text of its credential.

    Raises:
        ConfigError: It is not 64 hex digits.
    """
    try:
        master = bytes.fromhex(text)
    except ValueError:
        master = b""
    if len(master) != 32:
        raise ConfigError(f"credential {CREDENTIAL} is not 64 hex digits: fognode key new")
    return master


def allowed_keys(
    master: bytes, is_enrolled: Callable[[str], bool]
) -> Callable[[str], bytes | None]:
    """Return who gives the key of a board, or None while it is not enrolled."""

    def key_of(board: str) -> bytes | None:
        return board_key(master, board) if is_enrolled(board) else None

    return key_of

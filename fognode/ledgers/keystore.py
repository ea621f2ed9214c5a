"""The box's own key on a chain: a file that only its password opens.

eth_account costs half a second, so it is loaded by the first call.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from fognode.config import Chain
from fognode.errors import ConfigError

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

# Accounts 0 to 9 of "test test test test test test test test test test test junk", whose keys
# everybody has.  Source: foundry, anvil, "Getting started".
WELL_KNOWN = frozenset(
    {
        "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
        "0x70997970c51812dc3a010c7d01b50e0d17dc79c8",
        "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc",
        "0x90f79bf6eb2c4f870365e785982e1f101e93b906",
        "0x15d34aaf54267db7d7c367839aaf71a00a2c6a65",
        "0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc",
        "0x976ea74026e726554db657fa54763abd0c3a0aa9",
        "0x14dc79964da2c08b23698b3d3cc7ca32193d9955",
        "0x23618e81e3f5cdf7f54c3d65f7fbc0abf5b21e8f",
        "0xa0ee7a142d267c1f36714e4a8f75612f20a79720",
    }
)


def open_keystore(path: Path, password: str) -> "LocalAccount":
    """Open the box's key.

    Raises:
        ConfigError: The file is missing, is no keystore, or the password does not open it.
    """
    from eth_account import Account  # noqa: PLC0415 - see module docstring

    try:
        account: LocalAccount = Account.from_key(Account.decrypt(path.read_text(), password))
    except OSError as error:
        raise ConfigError(f"keystore {path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"keystore {path} does not open with credential chain-password: {error}"
        ) from error
    return account


def new_keystore(password: str) -> tuple[str, str]:
    """Draw a key for the box; return its keystore, as JSON text, and its address."""
    from eth_account import Account  # noqa: PLC0415 - see module docstring

    account = Account.create()
    # The default, scrypt, takes 300 MB, which a small computer has not.
    return json.dumps(Account.encrypt(account.key, password, kdf="pbkdf2")), str(account.address)


def refuse_well_known(address: str, settings: Chain) -> None:
    """Let a key that everybody has serve on a trial chain only.

    Raises:
        ConfigError: The chain is not marked trial and the key is anvil's.
    """
    if address.lower() in WELL_KNOWN and not settings.trial:
        raise ConfigError(
            f"[[chain]] {settings.name}: everybody has the key of {address}; make one of your own"
        )


def address_of(path: Path) -> str:
    """Return the address that a keystore names in the clear, "" when it cannot be read."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        address = str(told["address"]).removeprefix("0x").lower()
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return f"0x{address}"

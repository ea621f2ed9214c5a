"""fognode protect: the immutable attribute for the write-once files, where there is one.

No database, no secret, no network: it reads fognode.toml and the names in DIR/worm.
"""

import argparse
from pathlib import Path

from fognode.config import load
from fognode.errors import RefusedError
from fognode.store.immutable import protect_files

STATUS = Path("/proc/self/status")
LINUX_IMMUTABLE = 9  # the number of the capability in linux/capability.h


def add_protect(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``protect``."""
    parser.add_argument("--config", type=Path, default=Path("/etc/fognode/fognode.toml"))


def protect(arguments: argparse.Namespace) -> int:
    """Mark the kept files and print how many are immutable now; return 0.

    Raises:
        ConfigError: The configuration is not right.
        RefusedError: This account may not set the attribute.
        StoreError: The folder cannot be read, or a link is on the way to it.
    """
    folder = load(arguments.config).folder / "worm"
    if not _may_mark():
        raise RefusedError(
            "this account may not make files immutable (CAP_LINUX_IMMUTABLE): run it as root;"
            " an installed box has fognode-immutable.timer for it"
        )
    if folder.exists():
        print(protect_files(folder))
    else:
        print("nothing is kept yet")
    return 0


def _may_mark() -> bool:
    lines = STATUS.read_text(encoding="ascii").splitlines()
    held = next(line for line in lines if line.startswith("CapEff:")).split()[1]
    return bool(int(held, 16) >> LINUX_IMMUTABLE & 1)

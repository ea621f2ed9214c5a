"""fognode run: the appliance itself."""

import argparse
from pathlib import Path

from fognode.config import load
from fognode.daemon.node import Node


def add_run(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``run``."""
    parser.add_argument("--config", type=Path, default=Path("/etc/fognode/fognode.toml"))


def run(arguments: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT; return 0, or 2 when only the operator can help.

    Raises:
        ConfigError: The configuration, a credential or the database's set-up is wrong.
    """
    return Node(load(arguments.config), arguments.config).run()

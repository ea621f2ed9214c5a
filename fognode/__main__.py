"""Start of the console script ``fognode`` and of ``python -m fognode``."""

import sys

from fognode.cli.main import run


def main() -> None:
    """Run one command and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()

"""fognode demo: a farm in a box that tells a story and then goes on until Ctrl-C."""

import argparse
import signal
import time
from functools import partial
from pathlib import Path

from fognode.errors import FognodeError
from fognode.trial.ending import missing_at_the_end, points_counted
from fognode.trial.farm import Farm
from fognode.trial.story import OWNER_ALIAS, owner, tell

PAUSE_S = 4.0  # between chapters, to look at the page: the story takes about a minute


def add_demo(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``demo``."""
    parser.add_argument("--for", dest="seconds", type=int, default=0, metavar="SECONDS")
    parser.add_argument("--port", type=int, default=8080, help="of the page; 0 = any free one")
    parser.add_argument("--db", choices=("sqlite", "mariadb"), default="sqlite")
    parser.add_argument("--folder", type=Path, default=Path(".fognode/demo"))


def demo(arguments: argparse.Namespace) -> int:
    """Tell the story; return 0 only if its end is on the page, in the store and on both chains."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    begun = time.monotonic()
    with Farm(arguments.folder.resolve(), arguments.db) as farm:
        try:
            farm.start(page_port=arguments.port)
            print(f"boards   {farm.boards_label}")
            print(f"ledgers  {farm.chains.private.label}; {farm.chains.public.label}")
            print(f"store    {arguments.db}")
            print(f"mails    {farm.mail.folder}")
            print("peers    partner and authority: doubles on this machine, no real ones")
            print(f"page     {farm.url}   (Ctrl-C ends all)")
            print(f"sign in  {OWNER_ALIAS}, PIN {owner(farm)}: drawn for this demo", flush=True)
            tell(farm, partial(print, flush=True), PAUSE_S)
            missing = missing_at_the_end(farm)
            print(f"counted  {points_counted(farm)} points, each final on both ledgers")
        except FognodeError as error:
            missing = [str(error)]
        for line in missing:
            print(f"missing  {line}")
        if not missing:
            print("reached  the page, the store and both ledgers agree", flush=True)
        left_s = arguments.seconds - (time.monotonic() - begun)
        _go_on(left_s if arguments.seconds else None)
    return 1 if missing else 0


def _go_on(seconds: float | None) -> None:
    """Wait so many seconds, or until Ctrl-C."""
    try:
        while seconds is None or seconds > 0:
            time.sleep(min(1.0, seconds or 1.0))
            seconds = None if seconds is None else seconds - 1.0
    except KeyboardInterrupt:
        print("ending")

"""The story of one package, told on simulated boards: delivery to return, with one bad night.

Every chapter acts on the boards (or declares what no sensor sees) and then waits until the
daemon has understood it, so the story takes as long as the farm needs and no longer.
"""

import contextlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from fognode.errors import RefusedError
from fognode.events import Json
from fognode.store.pins import refuse_weak
from fognode.trial.farm import Farm
from fognode.trial.settings import CABINET, GATE, NIGHT_STORE

PACKAGE, SERIAL, GTIN = "GLY-0042", "SN0042", "7891234567895"
PERSON, ALIAS, BADGE = "7d0c4c1e-6f0a-4a53-9f55-0d3f8f2b7a10", "ana-7", "B0A1C2D3"
WITNESS, WITNESS_ALIAS = "1e2fb1c5-0c7b-4b57-8a0d-6c1d6a5f3b11", "bob-2"
WITNESS_BADGE = "B0A1C2D4"
OWNER, OWNER_ALIAS = "5b8f0a3c-93b1-4d55-8a5e-2f6a5c1f7d21", "owner-1"
TAG = "04A1B2C3D4E5F6"
GROSS_G, USED_G, TARE_G = 5840, 1840, 310
RINSED_G = 320  # what the empty weighs: near its tare
LEDGER_S = 30.0  # bound for a step to become final on both chains


@dataclass(frozen=True, slots=True)
class Chapter:
    """One thing that happens on the farm, and what must come of it."""

    title: str
    act: Callable[[Farm], None]


def master_records(farm: Farm) -> None:
    """Two persons with badges and a product are made known."""
    farm.declare("person_set", {"person": PERSON, "alias": ALIAS, "badge": BADGE})
    second = {"person": WITNESS, "alias": WITNESS_ALIAS, "badge": WITNESS_BADGE}
    farm.declare("person_set", {**second})
    facts = {"gtin": GTIN, "name": "Glyphosate 480 SL", "packaging": "rigid"}
    farm.declare("product_set", {**facts, "density_g_per_l": 1170})


def owner(farm: Farm) -> str:
    """Make an owner known, who has a badge nowhere; return the PIN that was drawn for them."""
    farm.declare("person_set", {"person": OWNER, "alias": OWNER_ALIAS, "role": "owner"})
    farm.wait(lambda: OWNER in farm.get("api/v1/people")[1], LEDGER_S, "the owner to be known")
    pin = new_pin()
    farm.command("person", "pin", "--person", OWNER, typed=f"{pin}\n{pin}\n")
    return pin


def new_pin() -> str:
    """Return six random digits that are not too easy."""
    while True:
        pin = f"{secrets.randbelow(1_000_000):06}"
        with contextlib.suppress(RefusedError):
            refuse_weak(pin)
            return pin


def delivery(farm: Farm) -> None:
    """A package arrives by invoice, is put into the cabinet and becomes a token."""
    farm.declare(
        "delivery_declared",
        {
            "package": PACKAGE,
            "gtin": GTIN,
            "serial": SERIAL,
            "lot": "L2406B",
            "expires_on": "2028-06-30",
            "invoice": "NF-000123",
            "tag": TAG,
            "gross_g": GROSS_G,
            "tare_g": TARE_G,
            "source": "dealer-1",
            "site": "cab-1",
            "by": PERSON,
        },
    )
    farm.expect("newProductEntry", package=PACKAGE)
    _visit(farm, lambda: _put(farm, GROSS_G))
    farm.expect("handleProduct", package=PACKAGE, action="stored")
    farm.expect("points_earned", LEDGER_S, package=PACKAGE, step="received")


def normal_use(farm: Farm) -> None:
    """Ana takes the package and brings it back lighter within one opening."""
    _visit(farm, lambda: _use(farm, GROSS_G - USED_G))
    farm.expect("handleProduct", package=PACKAGE, action="used")


def night_opening(farm: Farm) -> None:
    """Somebody opens the closed second cabinet without a badge; the manager gets a mail."""
    mails = len(farm.mail.mails())
    board = farm.boards[NIGHT_STORE]
    board.door_open()
    board.shake()
    farm.expect("openBox", cabinet="cab-2")
    board.door_close()
    farm.expect("sensorAlert", rule="out_of_hours")
    farm.wait(lambda: len(farm.mail.mails()) > mails, 30, "the alert mail")


def emptied(farm: Farm) -> None:
    """The rest is used; what comes back weighs no more than its empty container."""
    _visit(farm, lambda: _use(farm, RINSED_G))
    farm.expect("package_emptied", package=PACKAGE)


def rinsed(farm: Farm) -> None:
    """Ana declares three rinses and the puncture, and Bob saw it: alone it would earn nothing."""
    rinse: dict[str, Json] = {"package": PACKAGE, "rinses": 3, "punctured": 1}
    farm.declare("rinse_declared", {**rinse, "witness": WITNESS, "by": PERSON})
    farm.expect("package_prepared", package=PACKAGE)
    farm.expect("points_earned", LEDGER_S, package=PACKAGE, step="prepared")


def returned(farm: Farm) -> None:
    """The empty leaves through the gate to the collection centre, which accepts it."""
    _visit(farm, lambda: _take(farm))
    farm.expect("handleProduct", package=PACKAGE, action="out")
    farm.declare("exit_declared", {"package": PACKAGE, "destination": "centre", "by": PERSON})
    left = farm.expect("emptyPackageExit", package=PACKAGE, prepared=1)
    farm.boards[GATE].tag_in(TAG)
    token_id = bytes.fromhex(left["facts"]["token_id"])
    for chain in (farm.chains.private, farm.chains.public):
        farm.expect("ledger_final", LEDGER_S, package=PACKAGE, chain=chain.name, kind=200)
        farm.chains.centre.accept(chain, token_id)
    farm.expect("points_earned", LEDGER_S, package=PACKAGE, step="returned")


CHAPTERS = (
    Chapter("two persons with badges and a product are made known", master_records),
    Chapter("delivery: a package is put into cabinet 1 and becomes a token", delivery),
    Chapter("normal use: Ana takes it and brings it back 1.84 kg lighter", normal_use),
    Chapter("night: cabinet 2 is opened out of hours, a mail goes out", night_opening),
    Chapter("empty: it comes back no heavier than its container", emptied),
    Chapter("rinse: three times, and punctured; Bob is the witness", rinsed),
    Chapter("return: out of the gate, accepted by the collection centre", returned),
)


def tell(
    farm: Farm,
    say: Callable[[str], None],
    pause_s: float = 0.0,
    chapters: tuple[Chapter, ...] = CHAPTERS,
) -> None:
    """Let the chapters happen one after the other, with a pause for whoever watches the page.

    Raises:
        AwayError: Something did not come of a chapter in time; the message says what.
    """
    begun = time.monotonic()
    for chapter in chapters:
        say(f"{time.monotonic() - begun:5.1f} s  {chapter.title}")
        chapter.act(farm)
        time.sleep(pause_s)
    say(f"{time.monotonic() - begun:5.1f} s  the end of the story")


def _visit(farm: Farm, handle: Callable[[], None]) -> None:
    """Open cabinet 1 with Ana's badge, do something, close it, wait until it is understood."""
    board = farm.boards[CABINET]
    closed, shown = len(farm.events("box_closed")), _times(farm, "tag_in", BADGE)
    board.door_open()
    board.badge(BADGE)
    farm.expect("tag_in", count=shown + 1, tag=BADGE)
    handle()
    board.door_close()
    farm.expect("tag_out", count=shown + 1, tag=BADGE)  # or the next showing is the same one
    farm.expect("box_closed", count=closed + 1)


def _take(farm: Farm) -> None:
    gone, lifted = _times(farm, "tag_out", TAG), len(farm.events("weight_take"))
    farm.boards[CABINET].tag_out(TAG)
    farm.boards[CABINET].weight(0)
    farm.expect("weight_take", count=lifted + 1)
    farm.expect("tag_out", count=gone + 1, tag=TAG)


def _use(farm: Farm, gross_g: int) -> None:
    _take(farm)
    _put(farm, gross_g)


def _put(farm: Farm, gross_g: int) -> None:
    seen, laid = _times(farm, "tag_in", TAG), len(farm.events("weight_put"))
    farm.boards[CABINET].tag_in(TAG)
    farm.boards[CABINET].weight(gross_g)
    farm.expect("weight_put", count=laid + 1)
    farm.expect("tag_in", count=seen + 1, tag=TAG)


def _times(farm: Farm, kind: str, tag: str) -> int:
    return sum(event["facts"]["tag"] == tag for event in farm.events(kind))

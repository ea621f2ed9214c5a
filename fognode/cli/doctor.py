"""fognode doctor: is all that this configuration calls for there, and right?

    ok   what
    bad  what: why; cure

Nothing is changed, declared or sent.  Run it as the user that runs the appliance, or as root:
root may open every port, so a line of root's says less.
"""

import argparse
import os
import shutil
import socket
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

from fognode.alerts.mail import Courier
from fognode.boards.lines import find_ports
from fognode.cli.store import CONFIG, check_store
from fognode.config import Chain, Config, load
from fognode.daemon.clock import CLOCK_SET_MS
from fognode.errors import ConfigError, FognodeError, StoreError
from fognode.ledgers.calls import GAS_RESERVE
from fognode.ledgers.evm import ChainNode
from fognode.store.immutable import look_at_files

Line = tuple[bool, str]  # is it well, and what was looked at
WAIT_S = 5.0  # for one answer of a peer
MARKED_MS = 15 * 60_000  # the timer marks files every 5 min
LEAST_FREE_MB = 500  # the journal and the database's logs take up to half of it
PORTS = {"http": 80, "https": 443}


def add_doctor(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``doctor``."""
    parser.add_argument("--config", type=Path, default=CONFIG)


def doctor(arguments: argparse.Namespace) -> int:
    """Print a line per check as it is made; return 1 if one is bad."""
    is_well = True
    for well, words in examine(arguments.config):
        print("ok  " if well else "bad ", *words.split(), flush=True)  # an error may have lines
        is_well = is_well and well
    return 0 if is_well else 1


def examine(path: Path) -> Iterator[Line]:
    """Make every check that the configuration calls for."""
    try:
        config = load(path)
    except ConfigError as error:
        yield False, f"configuration: {error}"
        return
    yield True, f"configuration: {path}, farm {config.farm.id}"
    for check in CHECKS:
        try:
            yield from check(config)
        except OSError as error:  # a file or folder that this user may not look at
            what = check.__name__.removeprefix("check_")
            yield _bad(what, str(error), "run as the appliance's user or as root")


def _bad(what: str, why: str, cure: str) -> Line:
    return False, f"{what}: {why}; {cure}"


def check_credentials(config: Config) -> Iterator[Line]:
    """Is each secret that the configuration calls for there, and nobody else's to read?"""
    for name in _secrets_of(config):
        what = f"credential {name}"
        try:
            text = config.secret(name)
        except ConfigError as error:
            yield False, f"{what}: {error}"
            continue
        path = Path(str(config.credentials)) / name
        if not text:
            yield _bad(what, "is empty", f"write it to {path}")
        elif path.stat().st_mode & 0o077:
            yield _bad(what, "others can read it", f"chmod 0600 {path}")
        else:
            yield True, what


def _secrets_of(config: Config) -> list[str]:
    calls = {
        "db-writer": config.store.backend == "mariadb",
        "db-reader": config.store.backend == "mariadb",
        "smtp-password": config.mail is not None and config.mail.user != "",
        "chain-password": bool(config.chains),
        "board-master": config.ethernet is not None,
        "regulator-key": bool(config.regulators),
        "regulator-cert": bool(config.regulators),
    }
    return [name for name, is_called_for in calls.items() if is_called_for]


def check_folder(config: Config) -> Iterator[Line]:
    """Can this user write DIR, and nobody outside its group read it?"""
    folder, what = config.folder, f"folder {config.folder}"
    if not folder.is_dir():
        yield _bad(what, "is not there", "run make install, or make it with mode 0750")
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield _bad(what, "this user cannot write there", "run as the user that owns it")
    elif folder.stat().st_mode & 0o007:
        yield _bad(what, "everybody can read it", f"chmod o= {folder}")
    else:
        yield True, what


def check_disk(config: Config) -> Iterator[Line]:
    """Is there room for the record to grow?"""
    if not config.folder.is_dir():
        return  # said by check_folder
    free_mb = shutil.disk_usage(config.folder).free // 1_000_000
    if free_mb < LEAST_FREE_MB:
        yield _bad("disk", f"{free_mb} MB are free", f"make room for {LEAST_FREE_MB} MB")
    else:
        yield True, f"disk: {free_mb} MB free"


def check_write_once(config: Config) -> Iterator[Line]:
    """Are the write-once files immutable, where the file system has that?"""
    folder, what = config.folder / "worm", "write-once files"
    if config.trial or not folder.is_dir():
        return
    try:
        held = look_at_files(folder)
    except StoreError as error:
        yield _bad(what, str(error), "run as the appliance's user or as root")
        return
    is_late = held.oldest_at_ms and time.time() * 1000 - held.oldest_at_ms > MARKED_MS
    if is_late and held.is_possible:
        yield _bad(what, str(held), "see systemctl status fognode-immutable.timer")
    else:
        yield True, f"{what}: {held}"


def check_clock(_config: Config) -> Iterator[Line]:
    """Was the wall clock ever set?"""
    now = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    if time.time() * 1000 < CLOCK_SET_MS:
        yield _bad("clock", f"it says {now}", "set it, or connect to a time server")
    else:
        yield True, f"clock: {now}"


def check_ports(config: Config) -> Iterator[Line]:
    """Is there a port for the boards, and may this user open it?"""
    patterns = ", ".join(config.serial.ports)
    ports = find_ports(config.serial.ports)
    if not ports and config.boards:
        yield _bad("ports", f"none matches {patterns}", "plug in a board, or edit [serial] ports")
    elif not ports:
        yield True, "ports: none, and no board is configured"
    for port in ports:
        if os.access(port, os.R_OK | os.W_OK):
            yield True, f"port {port}"
        else:
            yield _bad(f"port {port}", "not this user's to open", "join the group dialout")


def check_network(config: Config) -> Iterator[Line]:
    """Is the address of the boards' network one of this machine?"""
    if config.ethernet is None:
        return
    what = f"boards' network {config.ethernet.host}"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        try:
            trial.bind((config.ethernet.host, 0))
        except OSError as error:
            yield _bad(what, f"no address of this machine: {error}", "see [ethernet] host")
            return
    yield True, f"{what}, port {config.ethernet.port}"


def check_mail(config: Config) -> Iterator[Line]:
    """Does the mail server show a good certificate and let us log in?  Nothing is sent."""
    mail = config.mail
    if mail is None:
        yield True, "mail: none configured, so nobody is told of alerts"
        return
    what = f"mail {mail.host}:{mail.port}"
    try:
        password = config.secret("smtp-password") if mail.user else ""
        with Courier(mail, password, WAIT_S):
            yield True, f"{what}: {mail.security}, certificate verified"
    except FognodeError as error:
        yield _bad(what, str(error), "see section [mail], ca_file and user")


def check_chains(config: Config) -> Iterator[Line]:
    """Is it our chain with our contract, and can the box pay for a step?"""
    for chain in config.chains:
        try:
            yield _chain_line(chain, config)
        except FognodeError as error:
            yield _bad(f"{chain.name} chain", str(error), f"see [[chain]] {chain.name}, url")


def _chain_line(chain: Chain, config: Config) -> Line:
    what = f"{chain.name} chain"
    node = ChainNode(chain, config.folder, config.secret("chain-password"))
    facts = node.facts()
    if facts.chain_id != chain.chain_id:
        return _bad(what, f"its id is {facts.chain_id}", f"{chain.chain_id} is configured")
    if facts.code_hash != chain.code_hash:
        why = f"the code at {chain.contract} has the hash {facts.code_hash}"
        return _bad(what, why, f"{chain.code_hash} is configured")
    if facts.balance < GAS_RESERVE * 2 * facts.base_fee:
        return _bad(what, f"account {node.sender} cannot pay for a step", "send it money")
    return True, f"{what}: id {facts.chain_id}, block {facts.head_number}, account {node.sender}"


def check_peers(config: Config) -> Iterator[Line]:
    """Does something listen where the partners' and authorities' documents go?  TCP only."""
    peers = [(f"partner {partner.id}", partner.url) for partner in config.partners]
    peers += [(f"authority {regulator.id}", regulator.url) for regulator in config.regulators]
    for what, url in peers:
        yield _reach(what, urllib.parse.urlsplit(url))


def _reach(what: str, url: urllib.parse.SplitResult) -> Line:
    try:
        where = url.hostname or "", url.port or PORTS[url.scheme]
        with socket.create_connection(where, WAIT_S):
            return True, f"{what}: {where[0]}:{where[1]} listens"
    except (OSError, ValueError) as error:
        return _bad(what, f"{url.netloc} cannot be reached: {error}", "see its url")


CHECKS: tuple[Callable[[Config], Iterator[Line] | list[Line]], ...] = (
    check_credentials,
    check_folder,
    check_disk,
    check_write_once,
    check_clock,
    check_store,
    check_ports,
    check_network,
    check_mail,
    check_chains,
    check_peers,
)

"""fognode key: the box's own keys, drawn here and shown to nobody.

    new NAME   checkpoint-key, vault-master, board-master, or a chain: private, public
    show       the texts that others need: the checkpoint key's verifier key, addresses
    rotate     put a new checkpoint key in force, with the appliance stopped

A key that exists is never replaced: what it signed or sealed needs it.  Only the checkpoint key
has a successor; the record says from which event on, and the old one's public side stays known.
"""

import argparse
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from fognode.boards import keys
from fognode.cli.store import CONFIG
from fognode.config import CHAIN_NAMES, Chain, Config, load
from fognode.daemon.succession import Answer, rotate_key, stopped
from fognode.errors import ConfigError, RefusedError
from fognode.ledgers.keystore import new_keystore
from fognode.store import checkpoint, vault, worm_files
from fognode.store.durable import fsync_folder, write_whole
from fognode.store.keyring import log_in_force

CREDENTIALS = Path("/etc/fognode/credentials")
CHECKPOINT_KEY, CHAIN_PASSWORD = "checkpoint-key", "chain-password"
MOST = 200  # characters of a name or reason
NAMES = (CHECKPOINT_KEY, vault.CREDENTIAL, keys.CREDENTIAL, *CHAIN_NAMES)


def add_key(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``key``."""
    acts = parser.add_subparsers(dest="act_on_keys", required=True, metavar="ACT")
    new = acts.add_parser("new", help="draw a key that is not there yet")
    new.add_argument("name", choices=NAMES, metavar="NAME", help=", ".join(NAMES))
    show = acts.add_parser("show", help="print what others need to know of our keys")
    rotate = acts.add_parser("rotate", help="put a new checkpoint key in force")
    rotate.add_argument("--by", default="", metavar="PERSON", help="who does it; is recorded")
    rotate.add_argument("--reason", default="", metavar="TEXT", help="why; is recorded")
    rotate.add_argument(
        "--lost",
        action="store_true",
        help="the old key is gone: it cannot sign the step, so nobody can follow it from there",
    )
    for act in (new, show, rotate):
        act.add_argument("--config", type=Path, default=CONFIG)
        act.add_argument(
            "--credentials",
            type=Path,
            help=f"folder of the secrets; else $CREDENTIALS_DIRECTORY, else {CREDENTIALS}",
        )


def key(arguments: argparse.Namespace) -> int:
    """Make a key, or show the public side of those that are there.

    Raises:
        ConfigError: A key cannot be read or written.
        RefusedError: The key to be made is there already, or the one to be retired is not.
        StoreError: The record cannot be read or kept, or is not the one that was signed.
    """
    config = load(arguments.config)
    folder = arguments.credentials or config.credentials or CREDENTIALS
    if arguments.act_on_keys == "show":
        for line in _public(config, folder):
            print(line)
    elif arguments.act_on_keys == "rotate":
        answer = Answer(by=arguments.by[:MOST], reason=arguments.reason[:MOST])
        _rotate(config, folder, answer, arguments.lost)
    else:
        _new(config, folder, arguments.name)
    return 0


def _new(config: Config, folder: Path, name: str) -> None:
    if name == CHECKPOINT_KEY:
        _write_new(folder / name, checkpoint.new_key())
        print(_verifier(config, folder))
    elif name == vault.CREDENTIAL:
        _write_new(folder / name, vault.new_master())
        print(f"made {folder / name}; without it no name or photo can be read: keep a copy apart")
    elif name == keys.CREDENTIAL:
        _write_new(folder / name, secrets.token_hex(32))
        print(f"made {folder / name}; every Ethernet board's key comes from it: keep a copy apart")
    else:
        _new_chain_key(config, folder, name)


def _new_chain_key(config: Config, folder: Path, name: str) -> None:
    """Draw the box's key on a chain; the farm's own account has to allow it.

    Raises:
        ConfigError: There is no such chain.
        RefusedError: The key is there already.
    """
    chain = next((one for one in config.chains if one.name == name), None)
    if chain is None:
        raise ConfigError(f"there is no [[chain]] with name = {name!r}")
    path = config.folder / chain.keystore
    if path.exists():
        raise RefusedError(f"{path} is there already; a key is never replaced")
    if not _read(folder / CHAIN_PASSWORD):
        _write_new(folder / CHAIN_PASSWORD, secrets.token_urlsafe(24))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    keystore, address = new_keystore(_read(folder / CHAIN_PASSWORD))
    _write_new(path, keystore)
    if os.geteuid() == 0:  # the appliance's user reads it
        owner = config.folder.stat()
        for made in (path.parent, path):
            os.chown(made, owner.st_uid, owner.st_gid)
    print(f"{name} {address}")
    print(f"the account {chain.farm} must allow it: setApprovalForAll({address}, true)")


def _rotate(config: Config, folder: Path, answer: Answer, is_lost: bool) -> None:
    """Draw a new checkpoint key and put it in force; broken off, the same command goes on.

    Raises:
        ConfigError: The appliance runs, or the key cannot be read or written.
        RefusedError: There is no key that could be retired.
        StoreError: The record cannot be read or kept, or is not the one that was signed.
    """
    path, waiting = folder / CHECKPOINT_KEY, folder / f"{CHECKPOINT_KEY}.new"
    old = "" if is_lost else _read(path)
    if not old and not is_lost:
        raise RefusedError(f"{path} holds no key: fognode key new {CHECKPOINT_KEY}")
    # Durable before the record names it, or nobody could sign any more.
    if not _read(waiting):
        _write_new(waiting, checkpoint.new_key())
    new = _read(waiting)
    with stopped(config) as record:
        before = worm_files.keys(record.folder)[-1:] if record.folder.is_dir() else []
        size = rotate_key(record, old, new, answer)
        log = log_in_force(record.reader, config.farm.id)
    try:
        waiting.replace(path)
        fsync_folder(folder)
    except OSError as error:
        raise ConfigError(f"{path} cannot be replaced: {error.strerror}") from error
    print(f"event {size} puts the new key in force; {path} is replaced")
    for _, key_before in before:
        print(f"retired: {key_before}")
    print(checkpoint.Signer(log, new).verifier_key)


def _public(config: Config, folder: Path) -> Iterator[str]:
    if _read(folder / CHECKPOINT_KEY):
        yield _verifier(config, folder)
        yield from _older(config)
    else:
        yield f"{CHECKPOINT_KEY}: none; fognode key new {CHECKPOINT_KEY}"
    cure = f"none; fognode key new {vault.CREDENTIAL}"
    yield f"{vault.CREDENTIAL}: {'there' if _read(folder / vault.CREDENTIAL) else cure}"
    for chain in config.chains:
        yield f"{chain.name}: {_address(config, chain)}"


def _older(config: Config) -> Iterator[str]:
    """Yield the keys before, and up to which event each signed."""
    place = config.folder / "worm"
    known = worm_files.keys(place) if place.is_dir() else []
    for (_, before), (first, _) in pairwise(known):
        yield f"{CHECKPOINT_KEY} before event {first}: {before}"


def _verifier(config: Config, folder: Path) -> str:
    place = config.folder / "worm"
    known = worm_files.keys(place)[-1:] if place.is_dir() else []
    # The write-once folder tells the log: after a loss it has another name.
    logs = [checkpoint.parse_key(text)[0] for _, text in known]
    log = logs[0] if logs else checkpoint.log_name(config.farm.id)
    return checkpoint.Signer(log, _read(folder / CHECKPOINT_KEY)).verifier_key


def _address(config: Config, chain: Chain) -> str:
    text = _read(config.folder / chain.keystore)
    if not text:
        return f"none; fognode key new {chain.name}"
    try:
        return f"0x{json.loads(text)['address']}"
    except (ValueError, KeyError, TypeError):
        return f"{config.folder / chain.keystore} is no keystore"


def _read(path: Path) -> str:
    """Return a secret; "" when it is not there or empty, as the installer makes it.

    Raises:
        ConfigError: It is not ours to read, or no text.
    """
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def _write_new(path: Path, text: str) -> None:
    """Write a secret that was not there; on return it is durable and its owner's alone.

    Raises:
        RefusedError: It is there already.
        ConfigError: It cannot be written.
    """
    try:
        with _locked(path.parent):
            if _read(path):
                raise RefusedError(f"{path} is there already; a key is never replaced")
            write_whole(path, f"{text}\n".encode())
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one command at a time look whether a key is there, and make it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)

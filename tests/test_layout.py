"""Keeps the tree findable: each library and right has its owner, each name in the docs exists."""

import ast
import dataclasses
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "fognode"
MODULES = {
    str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
}
# library -> the files or folders that may import it (../shared/architecture.md, 3)
OWNERS: dict[str, tuple[str, ...]] = {
    "hashlib": ("fognode/hashing.py", "fognode/store/pack_check.py"),
    "hmac": ("fognode/hashing.py",),
    "Crypto": ("fognode/hashing.py",),
    "tomllib": ("fognode/config.py",),
    "argparse": ("fognode/cli/", "fognode/analysis/child.py"),
    "serial": ("fognode/boards/serial_port.py",),
    "RPi": ("fognode/boards/pins.py",),
    "spidev": ("fognode/boards/pins.py",),
    "hx711": ("fognode/boards/scale.py",),
    "mfrc522": ("fognode/boards/tag_reader.py",),
    "sqlalchemy": ("fognode/store/",),
    "mariadb": ("fognode/store/", "fognode/trial/"),
    "alembic": ("fognode/cli/", "fognode/store/", "migrations/"),
    "numpy": ("fognode/analysis/",),
    "sklearn": ("fognode/analysis/",),
    "skops": ("fognode/analysis/",),
    "smtplib": ("fognode/alerts/mail.py",),
    "email": ("fognode/alerts/mail.py", "fognode/trial/"),
    "web3": (
        "fognode/ledgers/evm.py",
        "fognode/ledgers/reading.py",
        "fognode/ledgers/logs.py",
        "fognode/trial/",
    ),
    "eth_account": ("fognode/ledgers/evm.py", "fognode/ledgers/keystore.py", "fognode/trial/"),
    "requests": ("fognode/ledgers/", "fognode/trial/"),
    "lxml": ("fognode/ledgers/regulators.py", "fognode/boards/invoice.py", "fognode/trial/"),
    "cryptography": (
        "fognode/store/checkpoint.py",
        "fognode/store/vault.py",
        "fognode/store/pins.py",
        "fognode/ledgers/regulators.py",
        "fognode/trial/",
    ),
    "signxml": ("fognode/ledgers/regulators.py", "fognode/trial/"),
    "flask": ("fognode/page/",),
    "waitress": ("fognode/page/",),
    "apscheduler": ("fognode/daemon/",),
    "subprocess": ("fognode/daemon/", "fognode/trial/"),
    "aiosmtpd": ("fognode/trial/",),
}
BANNED = {"utils", "util", "common", "manager", "handler", "process", "data", "helper", "misc"}
CLOCK = ("fognode/boards/link.py", "fognode/daemon/", "fognode/trial/", "fognode/cli/")


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


IMPORTS = {name: set(imports(tree)) for name, tree in MODULES.items()}
CALLS = {name: set(calls(tree)) for name, tree in MODULES.items()}


@pytest.mark.parametrize(("library", "owners"), OWNERS.items())
def test_library_has_one_owner(library: str, owners: tuple[str, ...]) -> None:
    users = {name for name, imported in IMPORTS.items() if library in imported}
    assert {name for name in users if not name.startswith(owners)} == set()


@pytest.mark.parametrize(
    ("call", "owners"),
    [
        ("threading.Thread", ("fognode/daemon/", "fognode/trial/")),
        ("Thread", ("fognode/daemon/", "fognode/trial/")),
        ("time.time", CLOCK),
        ("time.time_ns", CLOCK),
        ("time.monotonic", CLOCK),
        ("time.monotonic_ns", CLOCK),
        ("datetime.now", CLOCK),
        ("print", ("fognode/cli/", "fognode/analysis/child.py", "fognode/trial/")),
    ],
)
def test_right_has_its_owners(call: str, owners: tuple[str, ...]) -> None:
    users = {name for name, called in CALLS.items() if call in called}
    assert {name for name in users if not name.startswith(owners)} == set()


def test_only_the_writer_inserts() -> None:
    said = re.compile(r"\binsert\s+into\b|\breplace\s+into\b|\.insert\(", re.IGNORECASE)
    users = {
        name
        for name in MODULES
        if name.startswith("fognode/store/")
        for node in ast.walk(MODULES[name])
        if isinstance(node, ast.Constant | ast.Call)
        and said.search(
            node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        )
    }
    # The vault is no part of the record: keys in a file of their own, which can be destroyed.
    vault = {"fognode/store/vault.py", "fognode/store/pins.py"}
    owners = {"fognode/store/writer.py", "fognode/store/grants.py"} | vault
    assert users <= owners


def test_every_package_file_holds_a_docstring_only() -> None:
    for name, tree in MODULES.items():
        if name.endswith("__init__.py"):
            assert ast.get_docstring(tree), name
            assert len(tree.body) == 1, name


def test_every_module_opens_with_a_sentence() -> None:
    assert [name for name, tree in MODULES.items() if not ast.get_docstring(tree)] == []


def test_every_module_has_its_test_file() -> None:
    missing = [
        name
        for name in MODULES
        if not name.endswith(("__init__.py", "__main__.py"))
        and not (
            ROOT / "tests" / Path(name).relative_to("fognode").parent / f"test_{Path(name).name}"
        ).exists()
    ]
    assert missing == []


def test_every_file_that_is_placed_on_a_worker_exists() -> None:
    from tests.conftest import PLACES  # noqa: PLC0415

    assert [file for file in PLACES if not (ROOT / file).is_file()] == []


def test_no_name_says_nothing() -> None:
    found = []
    for name, tree in MODULES.items():
        words = set(Path(name).stem.split("_"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                words |= set(node.name.lower().split("_"))
        found += [(name, word) for word in sorted(words & BANNED)]
    assert found == []


def test_the_daemon_loads_neither_web3_nor_scikit_learn() -> None:
    code = (
        "import sys, fognode.daemon.node;"
        "print(sorted({'web3', 'sklearn', 'numpy', 'eth_account'} & sys.modules.keys()))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.strip() == "[]"


PAIR = re.compile(r"`?([A-Za-z_][\w.]*)`? \(`?([\w/.]+\.(?:py|c|sol|h))`?\)")


def names_in(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return text
    tree = ast.parse(text)
    named = ast.FunctionDef | ast.ClassDef
    return "\n".join(node.name for node in ast.walk(tree) if isinstance(node, named))


@pytest.mark.parametrize("document", ["docs/life_of_an_event.md", "README.md"])
def test_every_function_named_in_a_document_exists_where_it_says(document: str) -> None:
    pairs = PAIR.findall((ROOT / document).read_text(encoding="utf-8"))
    assert pairs, f"{document} names no function (file) pair"
    for name, place in pairs:
        path = ROOT / place
        assert path.is_file(), f"{document}: {place}"
        for part in name.split("."):
            assert re.search(rf"\b{part}\b", names_in(path)), f"{document}: {name} in {place}"


def test_every_key_kind_error_command_and_target_is_documented() -> None:
    from fognode import config, errors, events  # noqa: PLC0415
    from fognode.cli.main import COMMANDS  # noqa: PLC0415

    told = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "docs").rglob("*.md"))
    told += (ROOT / "README.md").read_text(encoding="utf-8")
    sections = {**config.SINGLE, **config.REPEATED}
    keys = {key.name for cls in sections.values() for key in dataclasses.fields(cls)}
    kinds = {str(kind) for kind in events.Kind}
    reactions = {name for name in vars(errors) if name.endswith("Error")}
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    wanted = set(sections) | keys | kinds | reactions | set(COMMANDS)
    wanted |= {f"make {target}" for target in targets}
    assert {word for word in wanted if not re.search(rf"(?<!\w){word}(?!\w)", told)} == set()

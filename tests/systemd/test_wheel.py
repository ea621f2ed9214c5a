"""All that the program reads at run time is in the wheel, and is found when only that is there."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fognode.store.schema import VERSIONS
from tests.systemd.conftest import ROOT, copy_checkout

PARTS = [
    "fognode/contracts/PackageToken.json",
    "fognode/ledgers/agromov.xsd",
    "fognode/migrations/before.sql",
    "fognode/migrations/after.sql",
    "fognode/migrations/env.py",
    "fognode/page/static/page.css",
    "fognode/page/static/page.js",
    "fognode/page/templates/home.html",
    "fognode/trial/recorded/cabinet.txt",
]
# The editable finder of a development environment would fill in what the wheel lacks.
ALONE = """
import sys
sys.meta_path = [finder for finder in sys.meta_path if "editable" not in repr(finder).lower()]
sys.path.insert(0, sys.argv.pop(1))
"""
LOOK = """
from importlib.resources import files
from pathlib import Path
import fognode.ledgers.regulators, fognode.trial.player, fognode.daemon.node, fognode.page.app
from fognode.ledgers.reading import contract_abi
from fognode.store.prepare import migrations_folder
from fognode.trial.chains import artifact
assert {entry["type"] for entry in contract_abi()} >= {"function", "event", "error"}
assert artifact()["bytecode"]
print(migrations_folder())
print(files("fognode.contracts").joinpath("PackageToken.json"))
print(Path(fognode.__file__).parent)
"""
RUN = "from fognode.cli.main import run\nsys.exit(run(sys.argv[1:]))\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "-q", "-w", str(folder)]
    built = subprocess.run(
        command,
        cwd=copy_checkout(folder / "checkout"),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("*.whl")
    return found


def alone(folder: Path, code: str, *words: str) -> str:
    command = [sys.executable, "-I", "-c", ALONE + code, str(folder), *words]
    told = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, timeout=60)
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_wheel_holds_every_module_and_every_file_that_is_read(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "fognode").rglob("*.py")}
    pages = {
        str(path.relative_to(ROOT))
        for folder in ("templates", "static")
        for path in (ROOT / "fognode/page" / folder).iterdir()
    }
    versions = {path.name for path in (ROOT / "migrations/versions").glob("0*.py")}
    assert {name[:4] for name in versions} == set(VERSIONS)
    migrations = {f"fognode/migrations/versions/{name}" for name in versions}
    assert len(modules) > 50
    assert (modules | pages | migrations | set(PARTS)) - held == set()


def test_installed_wheel_needs_nothing_of_the_checkout(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "installed"
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index"]
    command += ["--disable-pip-version-check", "--target", str(target), str(wheel)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert alone(target, LOOK).splitlines() == [
        str(target / "fognode/migrations"),
        str(target / "fognode/contracts/PackageToken.json"),
        str(target / "fognode"),
    ]
    config = tmp_path / "fognode.toml"
    config.write_text(f'[farm]\nid = "farm-7"\nfolder = "{tmp_path}/node"\n')
    said = alone(target, RUN, "migrate", "--config", str(config))
    assert said == f"the sqlite database has schema {VERSIONS[-1]}\n"
    assert "all matches: 0 events" in alone(target, RUN, "verify", "--config", str(config))

"""make install and make uninstall, below a folder of our own and with real builds of fognode."""

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fognode.config import load
from fognode.store.immutable import make_immutable
from tests.systemd.conftest import copy_checkout

SECRETS = {
    "db-writer",
    "db-reader",
    "smtp-password",
    "chain-password",
    "regulator-key",
    "regulator-cert",
    "checkpoint-key",
    "vault-master",
    "board-master",
}
# What systemd does on these words, for this one unit: `restart` returns when the page is there.
SYSTEMCTL = """#!/bin/sh
cd /
dir=$ROOT/var/lib/fognode
# What has ended may stay as a zombie for a while.
lives() { grep -qs '^State:.[^Z]' "/proc/$(cat "$ROOT/pid")/status"; }
stop() {
    [ ! -e "$ROOT/pid" ] || kill "$(cat "$ROOT/pid")"
    while [ -e "$ROOT/pid" ] && lives; do sleep 0.05; done
    rm -f "$ROOT/pid" "$dir/page.url"
}
echo "$*" >>"$ROOT/systemctl.log"
case $1 in
disable) stop ;;
restart)
    stop
    "$ROOT/opt/fognode/current/bin/python" -m fognode run \\
        --config "$ROOT/etc/fognode/fognode.toml" >>"$ROOT/daemon.log" 2>&1 &
    echo $! >"$ROOT/pid"
    while ! [ -e "$dir/page.url" ]; do
        lives || { rm "$ROOT/pid"; exit 1; }
        sleep 0.05
    done ;;
esac
"""


@dataclass
class Box:
    """A farm box below a folder: where it is, and the checkout it is installed from."""

    root: Path
    checkout: Path
    environment: dict[str, str]

    def script(self, name: str, **variables: str) -> subprocess.CompletedProcess[str]:
        # Output goes to a file: a daemon that is left running would keep a pipe open.
        said = self.root / "said"
        with said.open("w+") as out:
            done = subprocess.run(
                ["sh", str(self.checkout / "systemd" / f"{name}.sh")],
                env=self.environment | {"ROOT": str(self.root)} | variables,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=180,
            )
        return subprocess.CompletedProcess(done.args, done.returncode, said.read_text(), "")

    def install(self, **variables: str) -> str:
        done = self.script("install", **variables)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def path(self, place: str) -> Path:
        return self.root / place.lstrip("/")

    @property
    def current(self) -> Path:
        return self.path("/opt/fognode/current").readlink()

    @property
    def releases(self) -> list[str]:
        return sorted(path.name for path in self.path("/opt/fognode/releases").iterdir())

    def files(self) -> dict[str, tuple[int, int]]:
        """Mode and time of last change of all that root keeps, the database left out."""
        return {
            str(path.relative_to(self.root)): (path.stat().st_mode, path.stat().st_mtime_ns)
            for path in self.root.rglob("*")
            if path.is_file() and "var/lib" not in str(path) and path.name != "said"
        }


def make_box(folder: Path, environment: dict[str, str]) -> Box:
    root = folder / "root"
    root.mkdir()
    borrowed = {"FOGNODE_VENV_FROM": sys.prefix}
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return Box(root, copy_checkout(folder / "checkout"), environment | borrowed | path)


@pytest.fixture
def box(tmp_path: Path, environment: dict[str, str]) -> Box:
    return make_box(tmp_path, environment)


@pytest.fixture
def files_only(box: Box) -> Box:
    box.environment["NO_SYSTEMD"] = "1"
    return box


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Path:
    """A release as the script builds it."""
    box = make_box(tmp_path_factory.mktemp("built"), environment | {"NO_SYSTEMD": "1"})
    box.install()
    return box.current


@pytest.fixture
def furnished(files_only: Box, built: Path) -> Box:
    """A box with that release in it, for tests of all else: a build takes half the time."""
    release = files_only.path(f"/opt/fognode/releases/{built.name}")
    shutil.copytree(built, release, symlinks=True)
    script = release / "bin/fognode"
    script.write_text(script.read_text().replace(str(built), str(release)))
    return files_only


def test_installing_again_changes_nothing(files_only: Box) -> None:
    said = files_only.install()
    assert "building release 0.1.0-" in said
    assert "bad " not in said
    before, release = files_only.files(), files_only.current
    said = files_only.install()
    assert not re.search("building|writing|making|removing|bad ", said)
    assert (files_only.files(), files_only.current) == (before, release)


def test_installed_command_runs_without_the_checkout(files_only: Box) -> None:
    files_only.install()
    command = [str(files_only.path("/usr/local/bin/fognode")), "verify", "--config"]
    command += [str(files_only.path("/etc/fognode/fognode.toml"))]
    told = subprocess.run(command, cwd="/", capture_output=True, text=True, check=True, timeout=60)
    assert "all matches: 0 events" in told.stdout
    place = "import fognode; print(fognode.__file__)"
    python = str(files_only.current / "bin/python")
    command = [python, "-I", "-c", place]
    told = subprocess.run(command, cwd="/", capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.startswith(str(files_only.current))


def test_credentials_are_root_s_alone_and_drawn_once(furnished: Box) -> None:
    furnished.install()
    folder = furnished.path("/etc/fognode/credentials")
    made = {path.name: path.read_text().strip() for path in folder.iterdir()}
    assert made.keys() == SECRETS
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    drawn = {made.pop("db-writer"), made.pop("db-reader")}
    assert (len(drawn), min(map(len, drawn))) == (2, 32)
    keys = {made.pop(name) for name in ("checkpoint-key", "vault-master", "board-master")}
    assert [len(bytes.fromhex(key)) for key in keys] == [32, 32, 32]
    assert set(made.values()) == {""}


def test_first_configuration_has_every_section_behind_a_sign_and_is_kept(furnished: Box) -> None:
    furnished.install()
    path = furnished.path("/etc/fognode/fognode.toml")
    written = path.read_text()
    config = load(path, {})
    assert config.farm.id == "farm-7"
    assert config.folder == furnished.path("/var/lib/fognode")
    assert (config.mail, config.boards, config.chains) == (None, (), ())
    for section in ("[store]", "[mail]", "[[cabinet]]", "[[board]]", "[[chain]]", "[[regulator]]"):
        assert f"\n#{section}" in written
    path.write_text(f"# mine\n{written}")
    furnished.install()
    assert path.read_text() == f"# mine\n{written}"


def test_drop_in_for_the_pi_comes_on_a_pi_only(furnished: Box) -> None:
    furnished.install()
    drop_in = furnished.path("/etc/systemd/system/fognode.service.d/raspberrypi.conf")
    assert not drop_in.exists()
    model = furnished.path("/proc/device-tree/model")
    model.parent.mkdir(parents=True)
    model.write_bytes(b"Raspberry Pi 4 Model B Rev 1.4\0")
    furnished.install(PI="none")
    assert drop_in.read_text() == (furnished.checkout / "systemd/raspberrypi.conf").read_text()


# The environment that it makes has a pip which only notes what it is asked for.
PYTHON = """#!/bin/sh
case $* in
*Python.h*) exit "$NO_HEADERS" ;;
"-m venv "*)
    mkdir -p "$3/bin"
    printf '#!/bin/sh\\necho "$*" >>"$ROOT/pip.log"\\n' >"$3/bin/pip"
    chmod +x "$3/bin/pip"
    exit ;;
esac
exec {python} "$@"
"""


def asked_of_pip(box: Box, model: str, **variables: str) -> tuple[str, list[str]]:
    """Return what the script says, and what it has pip install; there it ends."""
    tools = box.root / "tools"
    tools.mkdir()
    for name, text in (("python3", PYTHON.format(python=sys.executable)), ("gcc", "#!/bin/sh\n")):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    if model:
        box.path("/proc/device-tree").mkdir(parents=True)
        box.path("/proc/device-tree/model").write_bytes(model.encode() + b"\0")
    path = f"{tools}:{box.environment['PATH']}"
    asked = {"PATH": path, "FOGNODE_VENV_FROM": "", "NO_HEADERS": "0"}
    said = box.script("install", **asked | variables).stdout
    log = box.root / "pip.log"
    return said, log.read_text().splitlines() if log.exists() else []


@pytest.mark.parametrize(
    ("model", "variables", "extra"),
    [
        ("", {}, ""),
        ("Raspberry Pi 4 Model B Rev 1.4", {}, "pi"),
        ("Raspberry Pi 5 Model B Rev 1.0", {}, "pi5"),
        ("Raspberry Pi 500 Rev 1.0", {}, "pi5"),
        ("Raspberry Pi Compute Module 5 Rev 1.0", {}, "pi5"),
        ("Raspberry Pi 5 Model B Rev 1.0", {"PI": "none"}, ""),
        ("", {"PI": "pi5", "NO_HEADERS": "1"}, "pi5"),
        ("Raspberry Pi 4 Model B Rev 1.4", {"NO_HEADERS": "1"}, ""),
    ],
)
def test_libraries_for_the_pins_are_those_of_the_model(
    files_only: Box, model: str, variables: dict[str, str], extra: str
) -> None:
    said, asked = asked_of_pip(files_only, model, **variables)
    assert "building release" in said
    extras = re.findall(r"\w+", asked[0].partition("[")[2])
    assert [one for one in extras if one != "mariadb"] == ([extra] if extra else [])
    without_deps = ["install -q --disable-pip-version-check --no-deps mfrc522==0.0.7"]
    assert asked[1:] == (without_deps if extra == "pi5" else [])
    lacks = "NO_HEADERS" in variables and "PI" not in variables
    assert ("apt-get install gcc python3-dev" in said) == lacks


def test_libraries_of_no_model_are_refused(files_only: Box) -> None:
    said, asked = asked_of_pip(files_only, "", PI="pi6")
    assert ("PI=pi6 is none of pi, pi5, none" in said, asked) == (True, [])


def test_build_that_was_cut_short_is_made_again(files_only: Box) -> None:
    files_only.install()
    (files_only.current / "complete").unlink()
    script = files_only.current / "bin/fognode"
    script.write_text("cut short")
    assert "building release" in files_only.install()
    assert script.read_text().startswith("#!")


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ('[store]\nbackend = "mariadb"\nsocket = "/nowhere.sock"\n', "cannot be prepared"),
        ("[store]\ncolour = 1\n", "[store] has unknown keys ['colour']"),
    ],
)
def test_release_that_cannot_have_its_database_is_not_switched_to(
    furnished: Box, section: str, why: str
) -> None:
    path = furnished.path("/etc/fognode/fognode.toml")
    path.parent.mkdir(parents=True)
    path.write_text(f'[farm]\nid = "f"\nfolder = "{furnished.root}/var/lib/fognode"\n{section}')
    done = furnished.script("install")
    assert done.returncode == 1
    assert why in done.stdout
    assert done.stdout.endswith("nothing was switched\n")
    assert not furnished.path("/opt/fognode/current").is_symlink()


def test_uninstall_keeps_the_record_and_purge_does_not(furnished: Box) -> None:
    furnished.install()
    for _ in range(2):
        assert furnished.script("uninstall").returncode == 0
        left = {path.split("/")[0] for path in furnished.files()}
        assert left == {"etc"}
        kept = {path for path in furnished.files() if not path.startswith("etc/fognode/")}
        assert kept == set()
        assert furnished.path("/var/lib/fognode/fognode.db").exists()
        assert furnished.path("/etc/fognode/fognode.toml").exists()
    marked = furnished.path("/var/lib/fognode/worm/checkpoint/000000000256")
    marked.parent.mkdir(parents=True)
    marked.touch()
    make_immutable(marked)  # where that is possible
    assert furnished.script("uninstall", PURGE="1").returncode == 0
    assert furnished.files() == {}
    assert not furnished.path("/var/lib/fognode").exists()


# --- with a service ---------------------------------------------------------------------------


@pytest.fixture
def served(box: Box) -> Iterator[Box]:
    tools = box.root / "tools"
    tools.mkdir()
    (tools / "systemctl").write_text(SYSTEMCTL)
    (tools / "systemctl").chmod(0o755)
    box.environment["PATH"] = f"{tools}:{box.environment['PATH']}"
    path = box.path("/etc/fognode/fognode.toml")
    path.parent.mkdir(parents=True)
    folder = box.path("/var/lib/fognode")
    path.write_text(f'[farm]\nid = "f"\nfolder = "{folder}"\n[page]\nport = 0\n')
    yield box
    if (box.root / "pid").exists():
        os.kill(int((box.root / "pid").read_text()), signal.SIGKILL)


def health(box: Box) -> int:
    url = box.path("/var/lib/fognode/page.url").read_text()
    assert urllib.parse.urlsplit(url).hostname == "127.0.0.1"
    with urllib.request.urlopen(f"{url}healthz", timeout=5) as answer:
        return int(answer.status)


def test_installed_service_answers_and_uninstall_stops_it(served: Box) -> None:
    said = served.install()
    assert "install: the page is at http://127.0.0.1:" in said
    assert health(served) == 200
    pid = int((served.root / "pid").read_text())
    assert (served.root / "systemctl.log").read_text().splitlines() == [
        "daemon-reload",
        "enable --quiet fognode",
        "restart fognode",
        "enable --now --quiet fognode-immutable.timer",
    ]
    assert served.script("uninstall").returncode == 0
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text()


def test_release_that_does_not_answer_gives_way_to_the_one_before(served: Box) -> None:
    served.install()
    good = served.current
    module = served.checkout / "fognode/cli/run.py"
    whole = module.read_text()
    module.write_text(whole + "\nraise SystemExit(3)\n")
    done = served.script("install")
    assert done.returncode == 1
    assert f"does not answer: journalctl -u fognode; {good.name} is back" in done.stdout
    assert served.current == good
    assert health(served) == 200
    module.write_text(whole + "\n# another release\n")
    assert "removing release" in served.install()  # the broken one
    assert served.current != good
    assert served.releases == sorted([good.name, served.current.name])
    assert health(served) == 200

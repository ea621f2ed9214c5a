"""Entry of the child process: ``python -m fognode.analysis.child TASK --config FILE --run RUN``.

TASK is sessions, clusters, demand or all.  It prints one JSON document (findings.py) and
ends; the memory of scikit-learn ends with it.  It reads with the reader's account, writes
nothing but model files, and holds itself back: low priority, one thread, bounded memory.
"""

import importlib
import os
import resource
import sys
from pathlib import Path

from fognode.analysis.findings import RUN, TASKS, Finding, write_findings
from fognode.config import load
from fognode.errors import ConfigError, FognodeError
from fognode.events import RowValues

NICE = 10
OOM_SCORE = 500  # of 1000
MEMORY_BYTES = 768 * 2**20  # of address space; twice what was measured (docs/decisions/0005)
USAGE = "use: python -m fognode.analysis.child sessions|clusters|demand|all --config FILE --run MS"


def hold_back() -> None:
    """Limit this process; to be called before numpy is imported, which reads the variables."""
    os.nice(NICE)
    # When memory runs out the kernel shall end this process and not the daemon.
    Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE), encoding="ascii")
    # Two OpenMP threads on a busy node are several times slower than one.
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def run_tasks(tasks: tuple[str, ...], config_path: Path, run: str) -> str:
    """Run the tasks on the record as it is and return the document to print.

    Raises:
        FognodeError: The configuration is wrong or the database is away.
    """
    # Imported here and by name, because hold_back must come before numpy.
    engines = importlib.import_module("fognode.store.engines")
    reader = importlib.import_module("fognode.store.reader")
    study_of = importlib.import_module("fognode.analysis.study").gather_study
    config = load(config_path)
    study = study_of(reader.Reader(engines.open_engine(config, "reader")), config, run)
    findings: list[Finding] = []
    versions: list[RowValues] = []
    for task in tasks:
        found = getattr(importlib.import_module(f"fognode.analysis.{task}"), f"find_{task}")(study)
        findings += filter(study.is_news, found.findings)
        versions += found.versions
    return write_findings(findings, versions, run, study.head_seq)


def main(arguments: list[str]) -> int:
    """Read the arguments, run and print; return the exit code."""
    try:
        tasks, config_path, run = read_arguments(arguments)
        hold_back()
        sys.stdout.write(run_tasks(tasks, config_path, run) + "\n")
    except FognodeError as error:
        sys.stderr.write(f"event=analysis_failed reason={error}\n")
        return 1
    return 0


def read_arguments(arguments: list[str]) -> tuple[tuple[str, ...], Path, str]:
    """Return the tasks, the configuration's path and the run.

    Raises:
        ConfigError: They are not as USAGE says.
    """
    match arguments:
        case [task, "--config", path, "--run", run] if task in {*TASKS, "all"} and RUN.fullmatch(
            run
        ):
            return (TASKS if task == "all" else (task,)), Path(path), run
    raise ConfigError(USAGE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

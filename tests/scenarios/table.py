"""The table of docs/stories.md, made from the stories themselves.

    python -m tests.scenarios.table > docs/stories.md

What happens is a story's docstring; what fognode says, the newest sentence and the
discrepancies it asserts.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent
HEAD = """# Stories

Each story is played by recorded frames of the boards (fognode/trial/recorded) through the real \
lanes, folds, databases and ledgers in virtual time, on SQLite and on MariaDB: `{count}` stories \
in tests/scenarios. What is asserted: the sentence, the stock, every alert and discrepancy there \
ever was, the points. At the end of each, the record is verified, the derived tables are folded \
again and compared, stock is the sum of its movements and below zero only with an open \
discrepancy, no package has more points than steps that both ledgers hold, and each package is \
in one place.

This page is made by `python -m tests.scenarios.table > docs/stories.md`; a test compares it with \
the stories.
"""
COLUMNS = """
| story | what happens | what fognode says |
|---|---|---|
"""


def page() -> str:
    """Return all of docs/stories.md."""
    text, count = "", 0
    for path in sorted(FOLDER.glob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        told = list(stories_of(tree))
        if told:
            text += f"\n## {_sentence(tree)}\n" + COLUMNS + "".join(map(_row, told))
            count += len(told)
    return HEAD.format(count=count) + text


def stories_of(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            given = {argument.arg for argument in node.args.args}
            yield from [node] if given & {"story", "build"} else []


def _sentence(node: ast.Module | ast.FunctionDef) -> str:
    return (ast.get_docstring(node) or "").rstrip(".")


def _row(story: ast.FunctionDef) -> str:
    said = [f'"{words}"' for words in _sentences(story)[-1:]]
    found = _found(story)
    if found is not None:
        said.append(", ".join(f"`{one}`" for one in found) or "nothing is odd")
    return f"| {_name(story)} | {_sentence(story)} | {'; '.join(said)} |\n"


def _name(story: ast.FunctionDef) -> str:
    return story.name.removeprefix("test_").replace("_", " ")


def _sentences(story: ast.FunctionDef) -> list[str]:
    """Return the sentences a story asserts, as far as they stand there whole."""
    found = [node for node in ast.walk(story) if isinstance(node, ast.Call)]
    found.sort(key=lambda node: node.lineno)
    return [
        node.args[0].value
        for node in found
        if ast.unparse(node.func) == "story.says"
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ]


def _found(story: ast.FunctionDef) -> list[str] | None:
    """Return the discrepancies a story asserts last; None when it asserts none."""
    told: list[str] | None = None
    for node in ast.walk(story):
        if isinstance(node, ast.Compare) and ast.unparse(node.left) == "story.discrepancies()":
            listed = node.comparators[0]
            listed = listed.left if isinstance(listed, ast.BinOp) else listed
            told = list(dict.fromkeys(map(_words, ast.literal_eval(listed))))
    return told


def _words(found: tuple[str, str, str]) -> str:
    rule, _, state = found
    return rule if state == "open" else f"{rule} ({state})"


if __name__ == "__main__":
    sys.stdout.write(page())

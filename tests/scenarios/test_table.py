"""docs/stories.md says what the stories say, and each story says all it has to."""

import ast
from pathlib import Path

from tests.scenarios.table import FOLDER, page, stories_of

DOCUMENT = Path(__file__).parents[2] / "docs" / "stories.md"
STORIES = [
    story
    for path in sorted(FOLDER.glob("test_*.py"))
    for story in stories_of(ast.parse(path.read_text(encoding="utf-8")))
]
ASKED = ({"says", "sentences", "session"}, {"stock"}, {"alerts"}, {"discrepancies"}, {"points"})


def test_the_document_is_what_the_stories_are() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == page(), "python -m tests.scenarios.table"


def test_every_story_has_one_sentence_of_its_own() -> None:
    told = [ast.get_docstring(story) or story.name for story in STORIES]
    assert [words for words in told if "\n" in words or not words.endswith(".")] == []
    assert len(set(told)) == len(told) >= 25


def test_every_story_asserts_sentence_stock_alerts_discrepancies_and_points() -> None:
    silent = {story.name: [part for part in ASKED if not part & _asks(story)] for story in STORIES}
    assert {name: parts for name, parts in silent.items() if parts} == {}


def _asks(story: ast.FunctionDef) -> set[str]:
    return {node.attr for node in ast.walk(story) if isinstance(node, ast.Attribute)}

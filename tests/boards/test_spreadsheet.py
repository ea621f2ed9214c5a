"""Tables from a spreadsheet, and files made to hurt."""

import pytest

from fognode.boards.spreadsheet import MAX_BYTES, Faults, check_size, read_table
from fognode.errors import ImportRefusedError


def fine(_columns: tuple[str, ...]) -> str:
    return ""


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_cells_come_without_blanks_and_with_the_line_they_end_on(delimiter: str) -> None:
    text = "\ufeffa; b\r\n 1 ;x\r\n2;\n".replace(";", delimiter)
    table = read_table(text.encode(), fine)
    assert table.columns == ("a", "b")
    assert table.rows == ((2, {"a": "1", "b": "x"}), (3, {"a": "2", "b": ""}))


def test_quoted_cell_may_hold_delimiters() -> None:
    assert read_table(b'a,b\n"x, ""y""",2\n', fine).rows == ((2, {"a": 'x, "y"', "b": "2"}),)


def test_short_row_has_empty_cells() -> None:
    assert read_table(b"a,b\n1\n", fine).rows == ((2, {"a": "1", "b": ""}),)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n", "line 2: the table has no row"),
        (b"a,a\n1,2\n", "line 1 names a twice"),
        (b"a,b\n1,2,3\n4,5\n6,7,8\n", "line 2: has more cells than the header; line 4: has more"),
        (b"a,b\n1,\xe7\n", "line 2 holds a byte that is no UTF-8; save the file as UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "line 1 holds a byte that is no UTF-8"),
        (b"a,b\n1,x\x00y\n", "line 2: b = 'x\\x00y' holds what cannot be printed"),
        ("a,b\n1,x\u202ey\n".encode(), "line 2: b = 'x\\u202ey' holds what cannot be printed"),
        (b'a,b\n1,"x\ny"\n', "line 3: b = 'x\\ny' holds what cannot be printed"),
        (b'a,b\n1,"x" y\n', "line 2: "),
        (b"a,b\n1," + b"x" * 140_000, "line 2: field larger than field limit"),
        (b"a" * (MAX_BYTES + 1), "the file has 1,048,577 bytes, more than 1,048,576"),
    ],
)
def test_file_that_is_not_whole_is_refused_with_its_lines(content: bytes, said: str) -> None:
    with pytest.raises(ImportRefusedError) as refused:
        read_table(content, fine)
    assert str(refused.value).startswith("nothing was imported; ")
    assert said in str(refused.value)


def test_header_that_is_not_asked_for_is_refused() -> None:
    with pytest.raises(ImportRefusedError, match="line 1 lacks the column c"):
        read_table(b"a,b\n1,2\n", lambda columns: f"lacks the column c beside {columns}")


def test_twenty_faults_are_named_and_the_others_counted() -> None:
    faults = Faults()
    faults.refuse()
    for number in range(23):
        assert faults.add(f"line {number}", "is wrong") == ""
    with pytest.raises(ImportRefusedError) as refused:
        faults.refuse()
    assert str(refused.value).endswith("line 19: is wrong; and 3 more")


def test_size_is_the_bound_itself() -> None:
    check_size(b"x" * MAX_BYTES)

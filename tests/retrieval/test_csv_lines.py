import csv
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from retrieval.csv_lines import FORMULA_STARTS, csv_lines, safe_cell, unquoted


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_a_cell_that_would_run_gets_an_apostrophe(start):
    assert safe_cell(f"{start}HYPERLINK(1)") == f"'{start}HYPERLINK(1)"


@pytest.mark.parametrize(
    ("value", "cell"),
    [(None, ""), (True, 1), (False, 0), (-3, -3), (-0.5, -0.5), ("social", "social"), ("a=b", "a=b"), ("", "")],
)
def test_other_cells_stay_what_they_are(value, cell):
    assert safe_cell(value) == cell
    assert type(safe_cell(value)) is type(cell)


@example("'=quoted")
@example("''-5")
@settings(deadline=None, derandomize=True)
@given(st.text(alphabet="'=+ -a\t＠"))
def test_a_text_made_safe_is_itself_again(text):
    assert unquoted(safe_cell(text)) == text


@example([("harmless\r=1+1", 0)])
@settings(deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.text(), st.integers()), max_size=5))
def test_a_reader_gets_back_what_was_written(rows):
    lines = csv_lines(("text", "number"), ({"text": text, "number": n} for text, n in rows))

    read = list(csv.reader(io.StringIO("".join(lines), newline="")))

    assert read == [["text", "number"], *([str(safe_cell(text)), str(n)] for text, n in rows)]


def test_lines_come_one_by_one_as_rows_do():
    def rows():
        yield {"a": 1}
        raise LookupError

    lines = csv_lines(("a",), rows())

    assert next(lines) == "a\n"
    with pytest.raises(LookupError):
        next(lines)

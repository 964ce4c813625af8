import re
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from analysis.figures.drawing import FILE_STYLES, MARGIN, shortened, svg_file, svg_in_page
from analysis.figures.files import figure_file
from analysis.figures.forest import NARROW, narrow_forest
from analysis.figures.gallery import NAMES, NoFigure, figure_named, figures_of
from analysis.figures.patterns import kind_of
from analysis.figures.ranking import two_lines
from analysis.remarks import Added, Press
from analysis.report_parts import About
from analysis.votes import ContrastName

from .reporting import made_up_report

SVG = "{http://www.w3.org/2000/svg}"
CSS = Path(__file__).resolve().parents[2] / "static" / "analysis" / "figures.css"
SHAPES = {"svg", "title", "desc", "rect", "line", "text", "circle"}


def parsed(markup):
    return ElementTree.fromstring(markup)  # noqa: S314 - our own markup


@pytest.fixture(scope="module")
def report():
    three = (ContrastName("a", "b"), ContrastName("b", "c"), ContrastName("a", "c", planned=False))
    presses = [Press(f"speaker{number:03d}", 6.0, 0.5 * number, number % 3) for number in range(12)]
    about = About(added={("a", "b"): Added(presses=presses)})
    return made_up_report(contrasts=three, share=0.6, strength=True, about=about)


def test_every_figure_is_drawn_where_there_is_something_to_draw(report):
    assert tuple(figure.name for figure in figures_of(report)) == NAMES


def test_two_methods_have_no_matrix_and_votes_without_anything_no_figure_but_the_forest():
    two = made_up_report(contrasts=(ContrastName("a", "b"),))
    nothing = made_up_report(contrasts=(ContrastName("a", "b"),), set_aside=10_000)

    assert "ranking" not in [figure.name for figure in figures_of(two)]
    assert [figure.name for figure in figures_of(nothing)] == ["forest"]
    assert figures_of(made_up_report(contrasts=(ContrastName("a", "b"),), speakers=0))[0].rows[0].cells[1] == "–"


def test_a_figure_of_one_comparison_group_shows_it_alone(report):
    assert [row.cells[0] for row in figure_named(report, "forest", contrast="a:c").rows] == ["a : c"]


def test_a_name_that_is_none_is_answered_with_those_that_are(report):
    with pytest.raises(NoFigure, match=r"no figure 'pie'\. Figures here: forest, speakers"):
        figure_named(report, "pie")


def test_texts_are_escaped_and_nothing_is_inline():
    nasty = (ContrastName("<script>&\"'", "b\x00\x1b" + "c" * 200), ContrastName("x", "y"))
    for figure in figures_of(made_up_report(contrasts=nasty, names='{kind}{number}<img src="x">')):
        for markup in (svg_in_page(figure), svg_file(figure)):
            root = parsed(markup.encode())
            assert {element.tag.removeprefix(SVG) for element in root.iter()} <= SHAPES
            assert not any(name in ("style", "href", "onload") for e in root.iter() for name in e.attrib)


def test_a_picture_is_named_and_told_for_who_cannot_see_it(report):
    for figure in figures_of(report):
        root = parsed(svg_in_page(figure))
        told = [element.get("id") for element in (root[0], root[1])]
        assert root.get("role") == "img"
        assert root.get("aria-labelledby").split() == told
        assert root[1].text.endswith(".")
        assert figure.rows
        assert {len(row.cells) for row in figure.rows} == {len(figure.columns)}


def test_every_mark_lies_within_its_figure(report):
    for figure in (*figures_of(report), narrow_forest(report.contrasts)):
        for mark in figure.marks:
            places = dict(mark.places)
            for name in ("x", "x1", "x2", "cx"):
                assert 0 <= float(places.get(name, 0)) <= figure.width
            for name in ("y", "y1", "y2", "cy"):
                assert 0 <= float(places.get(name, 0)) <= figure.height


def test_every_kind_of_mark_has_colours_on_the_page_too():
    named = set(re.findall(r"\.figure \.([a-z-]+)", CSS.read_text()))

    assert named == set(FILE_STYLES)


def test_a_file_carries_its_colours_and_keeps_its_text(report):
    markup = svg_file(figure_named(report, "forest"))
    root = parsed(markup.encode())

    assert "var(" not in markup
    assert "class=" not in markup
    assert "control preferred" in [text.text for text in root.iter(f"{SVG}text")]
    assert root[2].attrib["fill"] == "#ffffff"


@pytest.mark.parametrize(("file_format", "magic"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF-")])
def test_files_are_the_same_bytes_twice(report, file_format, magic):
    figure = figure_named(report, "evaluators")

    first = figure_file(figure, file_format)

    assert first.startswith(magic)
    assert figure_file(figure, file_format) == first


def test_a_pdf_is_as_large_as_its_figure_and_holds_fonts_not_outlines(report):
    content = figure_file(figure_named(report, "forest"), "pdf")

    assert re.search(rb"/MediaBox ?\[0 0 504 \d+(\.\d+)?\]", content)  # 7 inches
    assert b"/ToUnicode" in content
    assert b"/CreationDate" not in content


def test_a_png_says_how_many_pixels_are_an_inch(report):
    content = figure_file(figure_named(report, "forest"), "png")
    at = content.index(b"pHYs")

    pixels_a_metre = 11811  # 300 an inch
    assert struct.unpack(">I4sIIB", content[at - 4 : at + 13]) == (9, b"pHYs", pixels_a_metre, pixels_a_metre, 1)
    assert struct.unpack(">I", content[at + 13 : at + 17]) == (zlib.crc32(content[at : at + 13]),)
    assert content.index(b"IHDR") < at < content.index(b"IDAT")


def test_a_file_has_a_margin_around_its_figure(report):
    figure = figure_named(report, "forest")
    left, top, width, height = map(float, parsed(svg_file(figure).encode()).get("viewBox").split())

    assert (left, top) == (-MARGIN, -MARGIN)
    assert (width, height) == (figure.width + 2 * MARGIN, figure.height + 2 * MARGIN)


def test_a_phone_gets_the_forest_as_wide_as_its_screen_with_every_number(report):
    wide, narrow = figure_named(report, "forest"), narrow_forest(report.contrasts)
    texts = " ".join(mark.text for mark in narrow.marks)

    assert (narrow.width, narrow.rows, narrow.name) == (NARROW, wide.rows, "forest-narrow")
    assert all(row.cells[1] in texts and row.cells[2] in texts for row in narrow.rows)
    assert narrow_forest(()) is None


def test_long_names_keep_what_tells_them_apart():
    assert [shortened(f"a_very_long_condition_{n}", 12) for n in (1, 2)] == ["a_very_l…n_1", "a_very_l…n_2"]
    assert [two_lines(name) for name in ("social", "learning2listen", "social_all_frames")] == [
        ("social", ""), ("learning", "2listen"), ("social_all_", "frames"),
    ]  # fmt: skip


def test_every_pattern_with_a_name_has_its_number_of_items(report):
    marks = figure_named(report, "patterns").marks
    inside = [mark.text for mark in marks if mark.kind.startswith("on-")]

    assert inside
    assert all(":" in pattern and ":" not in number for pattern, number in zip(inside[::2], inside[1::2], strict=True))


def test_no_other_format_is_made(report):
    with pytest.raises(KeyError):
        figure_file(figure_named(report, "forest"), "gif")


def test_colours_of_patterns_tell_all_most_and_even():
    kinds = [kind_of(pattern) for pattern in ("4:0", "3:1", "2:2", "1:3", "0:4", "0:0")]

    assert kinds == ["for-all", "for-most", "even", "against-most", "against-all", "even"]


def test_many_comparison_groups_are_drawn_in_part_and_listed_whole():
    names = tuple(ContrastName("a", f"b{number}") for number in range(15))
    figure = figure_named(made_up_report(contrasts=names, speakers=2), "speakers")

    assert figure.caption.endswith("Drawn are the first 12 of 15 comparison groups.")
    assert len(figure.rows) == 30


def test_names_of_many_speakers_are_left_to_the_table():
    figure = figure_named(made_up_report(speakers=60, contrasts=(ContrastName("a", "b"),)), "speakers")

    assert not any(mark.text.startswith("speaker") for mark in figure.marks)
    assert len([mark for mark in figure.marks if mark.tag == "circle"]) == 60


def test_the_order_of_rows_changes_no_figure(report):
    turned = replace(report, contrasts=tuple(replace(c, per_speaker=c.per_speaker[::-1]) for c in report.contrasts))

    assert figure_named(turned, "speakers") == figure_named(report, "speakers")

from xml.etree import ElementTree

from analysis.forest import ForestRow, forest_svg

SVG = "{http://www.w3.org/2000/svg}"
ROW = ForestRow("social", "random", 0.675, (0.52, 0.8), (0.59, 0.75))


def parsed(rows):
    return ElementTree.fromstring(forest_svg(rows, name="f"))  # noqa: S314 - our own markup


def lines(root, kind):
    """From the rows only: the legend repeats both strokes."""
    return [line for g in root.iter(f"{SVG}g") for line in g.iter(f"{SVG}line") if line.get("class") == kind]


def test_intervals_lie_where_their_shares_are_on_the_axis():
    root = parsed([ROW])

    half = float(root.find(f"{SVG}line[@class='half']").get("x1"))
    ticks = [float(t.get("x")) for t in root.iter(f"{SVG}text") if t.get("class") == "tick"]
    (headline,) = lines(root, "headline")
    (naive,) = lines(root, "naive")
    zero, one = ticks[0], ticks[-1]
    assert half == (zero + one) / 2
    assert [round((float(headline.get(x)) - zero) / (one - zero), 3) for x in ("x1", "x2")] == [0.52, 0.8]
    assert [round((float(naive.get(x)) - zero) / (one - zero), 3) for x in ("x1", "x2")] == [0.59, 0.75]


def test_the_text_alternative_says_what_the_picture_shows():
    root = parsed([ROW, ForestRow("a", "b", None, None, None)])

    assert root.get("role") == "img"
    assert root.find(f"{SVG}desc").text == (
        "social over random: 67.5 %, 95 % interval 52.0–80.0 %. a over b: no votes yet."
    )


def test_a_row_without_interval_shows_its_share_and_says_so():
    root = parsed([ForestRow("a", "b", 0.5, None, (0.2, 0.8))])

    assert lines(root, "headline") == []
    assert "no interval" in [text.text for text in root.iter(f"{SVG}text")]
    assert len(list(root.iter(f"{SVG}circle"))) == 1


def test_texts_are_escaped_and_nothing_is_inline():
    rows = [ForestRow("<script>&", "b" * 100, 0.5, None, None)]
    root = parsed(rows)

    assert not any("style" in element.attrib for element in root.iter())
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "desc", "g", "line", "text", "circle",
    }  # fmt: skip
    assert "<script>" not in forest_svg(rows, name="f")


def test_no_rows_are_still_a_picture():
    root = parsed([])

    assert root.find(f"{SVG}desc").text == "No comparison groups."

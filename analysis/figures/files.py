"""Figures as files for papers and slides: SVG, and through typst PNG and PDF."""

import struct
import zlib

from .drawing import Figure, file_size, svg_file

POINTS_A_UNIT = 504 / 740  # 720 units and the margins are 7 inches: a page of two columns, its text of 9 points
PIXELS_AN_INCH = 300
AN_INCH_IN_METRES = 0.0254
HEADER = 33  # bytes of a PNG before its second chunk: signature and IHDR
FORMATS = {"svg": "image/svg+xml", "png": "image/png", "pdf": "application/pdf"}


def figure_file(figure: Figure, file_format: str) -> bytes:
    """The figure as it would stand in a paper: fixed light colours; the same bytes each time on one machine.

    file_format  a key of FORMATS. A PNG has 300 pixels an inch; text stays text in SVG and PDF
    Raises       KeyError for another format
    """
    svg = svg_file(figure).encode()
    if file_format == "svg":
        return svg
    if file_format not in FORMATS:
        raise KeyError(file_format)
    return _typeset(figure, svg, file_format)


def _typeset(figure: Figure, svg: bytes, file_format: str) -> bytes:
    """A page as large as the figure with the figure on it. Fonts of the machine, typst's own where it has none."""
    import typst  # 84 MB of compiled code: not before somebody asks for a file

    width, height = (POINTS_A_UNIT * length for length in file_size(figure))
    document = (
        f"#set page(width: {width:.2f}pt, height: {height:.2f}pt, margin: 0pt)\n"
        f"#set document(title: {_quoted(figure.title)}, date: none)\n"
        f'#set text(lang: "en")\n'
        f'#image(bytes({_quoted(svg.decode())}), format: "svg", width: {width:.2f}pt, '
        f"alt: {_quoted(figure.description)})\n"
    )
    made = typst.compile(
        document.encode(), format=file_format, ppi=PIXELS_AN_INCH, timestamp=0, package_path="", pdf_tags=True
    )
    return _with_density(bytes(made)) if file_format == "png" else bytes(made)


def _with_density(png: bytes) -> bytes:
    """Say in the file how many pixels are an inch: programs for texts take 72 where it is silent."""
    pixels = round(PIXELS_AN_INCH / AN_INCH_IN_METRES)
    chunk = b"pHYs" + struct.pack(">IIB", pixels, pixels, 1)
    said = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return png if b"pHYs" in png[:200] else png[:HEADER] + said + png[HEADER:]


def _quoted(text: str) -> str:
    """A string of typst: only the backslash and the quotation mark mean something in it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

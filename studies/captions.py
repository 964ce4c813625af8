"""What a speaker says as captions: the transcript in pieces that can be read, spread over the film. Pure."""

import re
import textwrap
from collections.abc import Iterator

# Two lines of this many characters: what the speaker's picture holds on a phone and on a low screen.
LINE, LINES = 28, 2


def cues(transcript: str, *, length_s: float) -> list[tuple[float, float, str]]:
    """Captions of a film, in order and without a gap: (from_s, to_s, text of one or two lines).

    A transcript says nothing of when a word was spoken, so each piece stands for the share of the film that it is of
    the text. Pieces end with sentences where they can. An empty transcript gives no captions.
    """
    pieces = list(_pieces(" ".join(transcript.split())))
    letters = sum(map(len, pieces))
    shown: list[tuple[float, float, str]] = []
    so_far = 0
    for piece in pieces:
        start, so_far = so_far, so_far + len(piece)
        lines = "\n".join(textwrap.wrap(piece, LINE))
        shown.append((round(length_s * start / letters, 3), round(length_s * so_far / letters, 3), lines))
    return shown


def _pieces(text: str) -> Iterator[str]:
    """Runs of whole sentences, or of whole words where one is longer, that fit into the lines of a caption."""
    piece = ""
    for sentence in re.split(r"(?<=[.!?…。！？؟])\s*", text):
        for part in _wrapped(sentence):
            longer = f"{piece} {part}".strip()
            if piece and len(textwrap.wrap(longer, LINE)) > LINES:
                yield piece
                piece = part
            else:
                piece = longer
    if piece:
        yield piece


def _wrapped(sentence: str) -> list[str]:
    lines = textwrap.wrap(sentence, LINE)
    return [" ".join(lines[at : at + LINES]) for at in range(0, len(lines), LINES)]

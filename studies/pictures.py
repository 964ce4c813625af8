"""Pictures and sound of a clip on a fixed timeline: upright, on one canvas, at one rate. Pure: PyAV and numpy."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from retrieval.video import DamagedVideo, open_video, seconds, shown_size, upright_turn

FPS = 25
SAMPLE_RATE = 48_000
# Timestamps are kept in thousandths by some containers: a picture due at 0.040 may be stamped 0.0405.
STAMP_TOLERANCE_S = Fraction(2, 1000)
# FFmpeg's number for "the file does not say which colour matrix".
UNSAID_MATRIX = 2
BLACK_LUMA, GREY_CHROMA = 16, 128


def pictures_on(path: Path, *, canvas: tuple[int, int], frames: int) -> Iterator[VideoFrame]:
    """Exactly `frames` pictures of a clip, FPS a second from its first picture on.

    canvas  width, height, both even; pictures are fitted in whole, never stretched, bars are black
    Each is the picture on screen at its moment; the last one is held where the clip ends early.
    Yields  yuv420p, limited range, BT.601, pts 0, 1, 2 ... in 1/FPS s
    Raises  VideoProblem if the file cannot be opened, DamagedVideo if it holds no picture
    """
    made = 0
    shown: np.ndarray | None = None
    for at, picture in _decoded(path):
        while shown is not None and made < frames and Fraction(made, FPS) + STAMP_TOLERANCE_S < at:
            yield _frame(shown, made)
            made += 1
        if made >= frames:
            return
        shown = _on_canvas(picture[0], canvas=canvas, pixel_aspect=picture[1])
    if shown is None:
        raise DamagedVideo("none of its pictures can be decoded: convert the file to H.264 in MP4")
    for number in range(made, frames):
        yield _frame(shown, number)


def sound_of(path: Path, *, samples: int) -> np.ndarray:
    """The sound of a clip from its first picture on: float32 (channels, samples), 1 or 2 channels, SAMPLE_RATE.

    Silence where the clip has no sound (then one channel), where it starts late or ends early.
    """
    with open_video(path) as (container, video):
        if not container.streams.audio:
            return np.zeros((1, samples), np.float32)
        stream = container.streams.audio[0]
        if stream.codec_context is None:
            raise DamagedVideo("its sound is in an unknown codec: convert the file to H.264 and AAC in MP4")
        layout = "mono" if stream.codec_context.layout.nb_channels == 1 else "stereo"
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=SAMPLE_RATE)
        origin = seconds(video.start_time, video.time_base) or Fraction(0)
        pieces: list[np.ndarray] = []
        begins: Fraction | None = None
        try:
            for frame in container.decode(stream):
                if begins is None:
                    begins = (seconds(frame.pts, frame.time_base) or origin) - origin
                pieces += [piece.to_ndarray() for piece in resampler.resample(frame)]
            pieces += [piece.to_ndarray() for piece in resampler.resample(None)]
        except FFmpegError as error:
            raise DamagedVideo("its sound cannot be decoded: copy or export the file again") from error
    sound = np.zeros((1 if layout == "mono" else 2, samples), np.float32)
    heard = np.concatenate(pieces, axis=1) if pieces else sound[:, :0]
    offset = round((begins or Fraction(0)) * SAMPLE_RATE)
    heard = heard[:, max(0, -offset) :]
    start = max(0, offset)
    room = max(0, min(heard.shape[1], samples - start))
    sound[:, start : start + room] = heard[:, :room]
    return sound


def _decoded(path: Path) -> Iterator[tuple[Fraction, tuple[VideoFrame, Fraction | None]]]:
    """Each picture with its moment, in seconds after the first, in the order of showing."""
    with open_video(path) as (container, stream):
        rate = Fraction(stream.average_rate or FPS)
        first: Fraction | None = None
        number = 0
        for packet in container.demux(stream):
            try:
                pictures = packet.decode()
            except FFmpegError:  # an import refuses such a file; here the picture before it stays on screen
                continue
            for picture in pictures:
                at = seconds(picture.pts, picture.time_base)
                at = number / rate if at is None else at
                first = at if first is None else first
                number += 1
                yield at - first, (picture, stream.sample_aspect_ratio)


def _on_canvas(frame: VideoFrame, *, canvas: tuple[int, int], pixel_aspect: Fraction | None) -> np.ndarray:
    """One picture on the canvas: uint8 (3/2 height, width), the three planes as PyAV's yuv420p arrays hold them."""
    turn = upright_turn(frame)
    inner = fitted(shown_size(frame, pixel_aspect=pixel_aspect), canvas)
    stored = inner[::-1] if turn in (90, 270) else inner
    small = frame.reformat(
        width=stored[0],
        height=stored[1],
        format="yuv420p",
        src_colorspace=_matrix(frame),
        dst_colorspace=Colorspace.ITU601,
        interpolation=Interpolation.BICUBIC,
        src_color_range=_range(frame),
        dst_color_range=ColorRange.MPEG,
    )
    planes = [np.rot90(plane, turn // 90) for plane in _planes(small.to_ndarray(), stored)]
    if inner == canvas:
        return _packed(planes)
    width, height = canvas
    left, top = ((width - inner[0]) // 4 * 2, (height - inner[1]) // 4 * 2)
    page = np.full((height * 3 // 2, width), GREY_CHROMA, np.uint8)
    page[:height] = BLACK_LUMA
    wide = _planes(page, canvas)
    for scale, whole, plane in zip((1, 2, 2), wide, planes, strict=True):
        y, x = top // scale, left // scale
        whole[y : y + plane.shape[0], x : x + plane.shape[1]] = plane
    return _packed(wide)


def fitted(size: tuple[int, int], canvas: tuple[int, int]) -> tuple[int, int]:
    """The largest even size with a picture's proportions inside a canvas; up to 2 pixels wider to leave no seam."""
    scale = min(Fraction(canvas[0], size[0]), Fraction(canvas[1], size[1]))
    sides = (min(room, max(2, round(side * scale / 2) * 2)) for side, room in zip(size, canvas, strict=True))
    width, height = (room if room - side <= 2 else side for side, room in zip(sides, canvas, strict=True))
    return width, height


def _planes(array: np.ndarray, size: tuple[int, int]) -> list[np.ndarray]:
    """Views of the luma and the two chroma planes in one packed yuv420p array."""
    width, height = size
    flat = array.reshape(-1)
    luma, chroma = width * height, (width // 2) * (height // 2)
    return [
        flat[:luma].reshape(height, width),
        flat[luma : luma + chroma].reshape(height // 2, width // 2),
        flat[luma + chroma : luma + 2 * chroma].reshape(height // 2, width // 2),
    ]


def _packed(planes: list[np.ndarray]) -> np.ndarray:
    height, width = planes[0].shape
    return np.concatenate([plane.reshape(-1) for plane in planes]).reshape(height * 3 // 2, width)


def _frame(picture: np.ndarray, number: int) -> VideoFrame:
    frame = VideoFrame.from_ndarray(picture, format="yuv420p")
    frame.pts = number
    frame.time_base = Fraction(1, FPS)
    return frame


def _matrix(frame: VideoFrame) -> Colorspace:
    """The colour matrix of a picture; where the file does not say, what players assume for its height."""
    if frame.format.is_rgb or frame.colorspace in (0, UNSAID_MATRIX):
        return Colorspace.ITU709 if frame.height >= 720 and not frame.format.is_rgb else Colorspace.ITU601
    try:
        return Colorspace(frame.colorspace)
    except ValueError:
        return Colorspace.ITU601


def _range(frame: VideoFrame) -> ColorRange:
    full = frame.format.is_rgb or frame.format.name.startswith("yuvj") or frame.color_range == ColorRange.JPEG
    return ColorRange.JPEG if full else ColorRange.MPEG

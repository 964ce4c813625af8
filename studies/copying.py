"""Pictures taken over as they are, where an item's rivals were encoded alike already. Pure: PyAV.

Encoding costs about a second a clip and loses a little quality. Neither is needed where all listeners of an item share
the encoder's parameters (the same SPS and PPS), the canvas and the timeline: what a system rendered in one run.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError

from retrieval.video import VideoProblem, open_video, seconds, upright_turn

from .pictures import FPS, STAMP_TOLERANCE_S

# An MP4's own form of the parameters (avcC) begins with this byte.
AVCC = 1
# The NAL unit type of supplemental enhancement information (ITU-T H.264, table 7-1).
SUPPLEMENTAL = 6
# Heavier pictures are encoded anew, or an evaluator would wait for them.
MOST_BYTES_A_SECOND = 400_000


def are_alike(paths: Iterable[Path], *, canvas: tuple[int, int], frames: int) -> bool:
    """Whether all these clips can be taken over as they are and differ in nothing but their pictures."""
    try:
        parameters = {copyable_parameters(path, canvas=canvas, frames=frames) for path in paths}
    except (VideoProblem, FFmpegError):  # encoding will meet it again and say of which clip it is
        return False
    return len(parameters) == 1 and None not in parameters


def copyable_parameters(path: Path, *, canvas: tuple[int, int], frames: int) -> bytes | None:
    """The encoder's parameters of a clip whose first `frames` pictures can be taken over, else None.

    They can be where they are upright H.264 of the canvas's size in 8-bit 4:2:0, limited range, one each 1/FPS s from
    the first on, none referring to a later one, and not too heavy.
    Raises  VideoProblem, FFmpegError if the file cannot be read
    """
    with open_video(path) as (container, stream):
        codec = stream.codec_context
        extradata = bytes(codec.extradata or b"")
        if codec.name != "h264" or codec.pix_fmt != "yuv420p" or not extradata or extradata[0] != AVCC:
            return None
        if (codec.width, codec.height) != canvas or stream.sample_aspect_ratio not in (None, 0, 1):
            return None
        begin: Fraction | None = None
        count = size = 0
        for packet in container.demux(stream):
            if not packet.size or count == frames:
                break
            at = seconds(packet.pts, packet.time_base)
            if at is None or packet.dts != packet.pts or packet.is_discard or packet.is_corrupt:
                return None
            begin = at if begin is None else begin
            if abs(at - begin - Fraction(count, FPS)) > STAMP_TOLERANCE_S:
                return None
            if count == 0 and not (packet.is_keyframe and all(upright_turn(f) == 0 for f in packet.decode())):
                return None
            count += 1
            size += packet.size
    light = size <= MOST_BYTES_A_SECOND * Fraction(frames, FPS)
    return extradata if count == frames and light else None


def copied_packets(path: Path, *, frames: int) -> Iterable[av.Packet]:
    """The first `frames` pictures, undecoded, without the encoder's name, timed 0, 1, 2 ... in 1/FPS s."""
    with open_video(path) as (container, stream):
        length_size = (stream.codec_context.extradata[4] & 3) + 1
        for number, packet in enumerate(container.demux(stream)):
            if number == frames or not packet.size:
                return
            copied = av.Packet(without_remarks(bytes(packet), length_size=length_size))
            copied.time_base = Fraction(1, FPS)
            copied.pts = copied.dts = number
            copied.duration = 1
            copied.is_keyframe = packet.is_keyframe
            yield copied


def without_remarks(picture: bytes, *, length_size: int) -> bytes:
    """One picture's NAL units without those of supplemental information, where x264 writes its name and settings.

    Each unit stays behind its length, as an MP4 has it (ISO/IEC 14496-15, 5.3.3). FFmpeg's own filter would put start
    codes there, which Chromium plays and Firefox refuses.
    """
    kept, at = [], 0
    while at + length_size < len(picture):
        end = at + length_size + int.from_bytes(picture[at : at + length_size], "big")
        if picture[at + length_size] & 31 != SUPPLEMENTAL:
            kept.append(picture[at:end])
        at = end
    return b"".join(kept)

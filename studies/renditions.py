"""Clips made alike for showing: an evaluator's rivals differ in nothing but the listener. Pure: PyAV.

A speaker and its listeners become H.264 of one rate and length. The listeners of an item share a canvas, the settings
of the encoder and, padded, the number of bytes; they have no sound. No file carries metadata.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from retrieval.video import VideoProblem, open_video

from .copying import SUPPLEMENTAL, are_alike, copied_packets
from .marking import BAND, LETTERS, MARK, marked
from .padding import PADDING_STEP, pad_file, padded_length
from .pictures import FPS, SAMPLE_RATE, pictures_on, sound_of

# Names how files are made; a change of anything below changes it, and prepared studies are made anew.
SETTINGS_VERSION = "2"  # 2: copied pictures stand behind their length, as an MP4 has them
LARGEST_SIDE = 640
# One thread and no B-frames: the same bytes on every machine with the same libraries, and no edit list.
X264 = {
    "preset": "veryfast",
    "crf": "20",
    "profile": "high",
    "x264-params": "threads=1:bframes=0:keyint=50:min-keyint=25:colormatrix=smpte170m:force-cfr=1",
}
AAC_BITS = 128_000
# On demo speech (2026-11): a third less time than the default coder, and nearer to the source (53 against 47 dB).
AAC = {"aac_coder": "fast"}
# x264 writes its name and settings there.
WITHOUT_ENCODER_NAME = f"filter_units=remove_types={SUPPLEMENTAL}"


class ListenerTooShort(ValueError):
    """Listeners that end before their speaker, where the study refuses that.

    lengths_s  of each such listener, by clip key; `speaker_s` is what they should reach
    """

    def __init__(self, lengths_s: Mapping[str, float], *, speaker_s: float) -> None:
        self.lengths_s = dict(lengths_s)
        self.speaker_s = speaker_s
        super().__init__("; ".join(f"'{key}' {self.sentence(key)}" for key in self.lengths_s))

    def sentence(self, key: str) -> str:
        """What is wrong with one listener, and what to do."""
        return (
            f"lasts {self.lengths_s[key]:.2f} s, the speaker {self.speaker_s:.2f} s: "
            "choose a longer listener, or freeze short listeners"
        )


class ClipUnusable(ValueError):
    """A clip that cannot be decoded after all: its `key`, and the `reason`, which goes on from "clip 'x'"."""

    def __init__(self, key: str, reason: str) -> None:
        self.key = key
        self.reason = reason
        super().__init__(f"'{key}' {reason}")


@dataclass(frozen=True)
class Source:
    """A clip to make a rendition of: where it is, what its content is, and what probing it found."""

    key: str
    path: Path
    sha256: str
    length_s: float
    width: int
    height: int


@dataclass(frozen=True)
class ItemPlan:
    """How the renditions of one item are made.

    frames     of every rendition of the item, at FPS
    moving     frames until every listener holds its picture; equal to `frames` where nothing is frozen
    canvas     width, height of the listeners; `speaker_canvas` of the speaker
    crf        x264's quality; a lower number is a better one
    is_marked  whether every listener's pictures bear the line of `studies.marking`; then none is taken over
    """

    speaker: Source
    listeners: tuple[Source, ...]
    frames: int
    moving: int
    canvas: tuple[int, int]
    speaker_canvas: tuple[int, int]
    crf: str = X264["crf"]
    is_marked: bool = False

    @property
    def recipe(self) -> str:
        """Hash of all that the item's files depend on: 64 hex digits."""
        parts = {
            "version": SETTINGS_VERSION,
            "settings": [X264 | {"crf": self.crf}, AAC, AAC_BITS, PADDING_STEP, FPS, SAMPLE_RATE],
            "speaker": self.speaker.sha256,
            "listeners": sorted(listener.sha256 for listener in self.listeners),
            "shape": [self.frames, self.moving, self.canvas, self.speaker_canvas],
        } | ({"mark": [MARK, BAND, LETTERS]} if self.is_marked else {})
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def may_copy(self) -> bool:
        """Whether the listeners' pictures can be taken over as they are."""
        if self.is_marked or self.moving != self.frames:
            return False
        return are_alike((one.path for one in self.listeners), canvas=self.canvas, frames=self.frames)


@dataclass(frozen=True)
class MadeRendition:
    """A finished file. `size_bytes` includes the padding; `sha256` is of the whole file."""

    path: Path
    sha256: str
    size_bytes: int
    frames: int
    width: int
    height: int
    has_audio: bool


def plan_item(speaker: Source, listeners: Sequence[Source], *, freeze: bool, is_marked: bool = False) -> ItemPlan:
    """One length, one canvas and one moment of freezing for an item.

    freeze  whether a listener shorter than the speaker holds its last picture; then all hold theirs from that
            moment on, so that stillness tells nothing
    Raises  ListenerTooShort naming every short listener, unless `freeze`; half a frame counts as long enough
    """
    frames = max(1, frames_of(speaker.length_s))
    short = {one.key: one.length_s for one in listeners if frames_of(one.length_s) < frames}
    if short and not freeze:
        raise ListenerTooShort(short, speaker_s=speaker.length_s)
    shortest = min((frames_of(one.length_s) for one in listeners), default=frames)
    return ItemPlan(
        speaker=speaker,
        listeners=tuple(listeners),
        frames=frames,
        moving=max(1, min(frames, shortest)),
        canvas=common_canvas((one.width, one.height) for one in listeners),
        speaker_canvas=common_canvas([(speaker.width, speaker.height)]),
        is_marked=is_marked,
    )


def frames_of(length_s: float) -> int:
    """Whole frames nearest to a length in seconds; a half counts up."""
    return int(Fraction(length_s).limit_denominator(1_000_000) * FPS + Fraction(1, 2))


def common_canvas(sizes: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """The smallest even canvas that holds every size, scaled down so that no side exceeds LARGEST_SIDE."""
    widths, heights = zip(*sizes, strict=True)
    scale = min(Fraction(1), Fraction(LARGEST_SIDE, max(*widths, *heights)))
    width, height = (max(16, round(max(sides) * scale / 2) * 2) for sides in (widths, heights))
    return width, height


def make_item(plan: ItemPlan, folder: Path) -> dict[str, MadeRendition]:
    """Make every file of an item in `folder`, the listeners padded to one byte length; by clip key.

    Raises  ClipUnusable naming the first clip that cannot be decoded
    """
    files = {plan.speaker.key: folder / "0.mp4"}
    with _naming(plan.speaker):
        make_speaker(plan, files[plan.speaker.key])
    copy = plan.may_copy
    for number, listener in enumerate(plan.listeners, start=1):
        files[listener.key] = folder / f"{number}.mp4"
        with _naming(listener):
            make_listener(plan, listener, files[listener.key], copy=copy)
    length = padded_length(files[listener.key].stat().st_size for listener in plan.listeners)
    for listener in plan.listeners:
        pad_file(files[listener.key], length=length)
    return {key: made_rendition(path, plan=plan, is_speaker=key == plan.speaker.key) for key, path in files.items()}


@contextmanager
def _naming(source: Source) -> Iterator[None]:
    try:
        yield
    except VideoProblem as problem:
        raise ClipUnusable(source.key, f"cannot be shown: {problem}") from problem


def make_speaker(plan: ItemPlan, target: Path) -> None:
    """The speaker with sound; a silent track where the clip has none, so that every speaker plays alike."""
    path, canvas = plan.speaker.path, plan.speaker_canvas
    sound = sound_of(path, samples=plan.frames * SAMPLE_RATE // FPS)
    copy = are_alike([path], canvas=canvas, frames=plan.frames)
    with _output(target) as out:
        if copy:
            _copy_pictures(out, path, frames=plan.frames, sound=sound)
        else:
            video = _video_stream(out, canvas, crf=plan.crf)
            _encode_sound(out, sound)
            pictures = pictures_on(path, canvas=canvas, frames=plan.frames)
            _encode_pictures(out, video, pictures, moving=plan.frames, frames=plan.frames)


def make_listener(plan: ItemPlan, listener: Source, target: Path, *, copy: bool) -> None:
    """One listener without sound, not padded yet; its pictures encoded, or taken over as they are."""
    with _output(target) as out:
        if copy:
            _copy_pictures(out, listener.path, frames=plan.frames, sound=None)
        else:
            video = _video_stream(out, plan.canvas, crf=plan.crf)
            pictures = pictures_on(listener.path, canvas=plan.canvas, frames=plan.moving)
            if plan.is_marked:
                pictures = map(marked, pictures)
            _encode_pictures(out, video, pictures, moving=plan.moving, frames=plan.frames)


def _output(target: Path) -> OutputContainer:
    # bitexact leaves out the muxer's name; faststart puts the index first, so that playing begins at once.
    return av.open(str(target), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"})


def _video_stream(out: OutputContainer, canvas: tuple[int, int], *, crf: str) -> VideoStream:
    stream = out.add_stream("libx264", rate=FPS, options=X264 | {"crf": crf})
    stream.width, stream.height = canvas
    stream.pix_fmt = "yuv420p"
    stream.time_base = stream.codec_context.time_base = Fraction(1, FPS)
    stream.codec_context.flags |= av.codec.context.Flags.bitexact
    return stream


def _encode_pictures(
    out: OutputContainer, stream: VideoStream, pictures: Iterable[VideoFrame], *, moving: int, frames: int
) -> None:
    """Encode `frames` pictures: these `moving` ones, the last of them held to the end."""
    nameless = BitStreamFilterContext(WITHOUT_ENCODER_NAME, stream)
    last = None
    for last in pictures:
        _mux(out, stream, stream.encode(last), nameless)
    for number in range(moving, frames):
        last.pts = number
        _mux(out, stream, stream.encode(last), nameless)
    _mux(out, stream, [*stream.encode(None), None], nameless)


def _copy_pictures(out: OutputContainer, path: Path, *, frames: int, sound: np.ndarray | None) -> None:
    with open_video(path) as (_, source):
        stream = out.add_stream_from_template(source, opaque=True)
        stream.metadata.clear()
        stream.time_base = Fraction(1, FPS)
        if sound is not None:
            _encode_sound(out, sound)
        for packet in copied_packets(path, frames=frames):
            packet.stream = stream
            out.mux(packet)


def _mux(
    out: OutputContainer, stream: VideoStream, packets: Iterable[av.Packet | None], nameless: BitStreamFilterContext
) -> None:
    """Write packets without the encoder's name; None at the end."""
    for packet in packets:
        for clean in nameless.filter(packet):
            clean.stream = stream
            out.mux(clean)


def _encode_sound(out: OutputContainer, sound: np.ndarray) -> None:
    layout = "mono" if sound.shape[0] == 1 else "stereo"
    stream = out.add_stream("aac", rate=SAMPLE_RATE, layout=layout, options=dict(AAC))
    stream.bit_rate = AAC_BITS
    stream.codec_context.flags |= av.codec.context.Flags.bitexact
    for start in range(0, sound.shape[1], 1024):
        piece = np.ascontiguousarray(sound[:, start : start + 1024])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=stream.layout.name)
        frame.sample_rate = SAMPLE_RATE
        frame.time_base = Fraction(1, SAMPLE_RATE)
        frame.pts = start
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def made_rendition(path: Path, *, plan: ItemPlan, is_speaker: bool) -> MadeRendition:
    """A finished file as it lies there."""
    width, height = plan.speaker_canvas if is_speaker else plan.canvas
    content = path.read_bytes()
    return MadeRendition(
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        frames=plan.frames,
        width=width,
        height=height,
        has_audio=is_speaker,
    )

"""Renditions: rivals that differ in nothing but the listener."""

import hashlib
import itertools
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.video import probe
from studies.copying import are_alike
from studies.pictures import fitted, pictures_on
from studies.renditions import (
    LARGEST_SIDE,
    ClipUnusable,
    ListenerTooShort,
    MadeRendition,
    Source,
    common_canvas,
    frames_of,
    make_item,
    plan_item,
)
from tests.videos import make_video, pictures_of, sound_of

SIZES = st.tuples(st.integers(16, 4000), st.integers(16, 4000))
PLANTED = "Condition-social-by-METHOD7"


def source(path: Path) -> Source:
    facts = probe(path)
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    return Source(path.stem, path, content, facts.length_s, facts.width, facts.height)


@pytest.fixture
def speaker(tmp_path) -> Source:
    return source(make_video(tmp_path / "speaker.mp4", frames=25, sound_s=1.0))


def make(speaker: Source, listeners: list[Source], folder: Path, *, freeze: bool = False) -> dict[str, MadeRendition]:
    folder.mkdir(parents=True)
    return make_item(plan_item(speaker, listeners, freeze=freeze), folder)


def boxes_of(path: Path) -> list[tuple[bytes, int]]:
    """The top boxes of an MP4 with their lengths; fails if they do not fill the file."""
    content, at, found = path.read_bytes(), 0, []
    while at < len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        assert length >= 8
        found.append((content[at + 4 : at + 8], length))
        at += length
    assert at == len(content)
    return found


@pytest.fixture
def strangers(tmp_path) -> list[Source]:
    """Listeners that have as little in common as videos can."""
    return [
        source(make_video(tmp_path / "vp9.webm", frames=40, codec="libvpx-vp9", shade=1, sound_s=1.2)),
        source(make_video(tmp_path / "turned.mp4", frames=40, shade=2, turned=90, metadata={"title": PLANTED})),
        source(make_video(tmp_path / "odd.mp4", frames=30, size=(97, 55), pix_fmt="yuv444p", shade=3)),
        source(make_video(tmp_path / "slow.avi", frames=15, fps=12, codec="mpeg4", size=(176, 144), shade=4)),
        source(
            make_video(tmp_path / "uneven.mp4", frames=6, shade=5, stamps_ms=[0, 100, 130, 500, 900, 1000])
        ),
    ]  # fmt: skip


def test_rivals_share_everything_but_their_pictures(speaker, strangers, tmp_path):
    made = make(speaker, strangers, tmp_path / "out")
    listeners = [made[one.key] for one in strangers]
    facts = [probe(one.path) for one in listeners]
    assert len(set(facts)) == 1
    assert (facts[0].codec, facts[0].fps, facts[0].frames, facts[0].length_s) == ("h264", 25.0, 25, 1.0)
    assert (facts[0].width, facts[0].height, facts[0].has_audio) == (176, 144, False)
    assert len({one.path.stat().st_size for one in listeners}) == 1
    assert {one.size_bytes for one in listeners} == {listeners[0].path.stat().st_size}
    assert len({one.sha256 for one in listeners}) == len(listeners)
    assert {tuple(kind for kind, _ in boxes_of(one.path)) for one in listeners} == {
        (b"ftyp", b"moov", b"free", b"mdat", b"free")
    }


def test_the_speaker_keeps_its_sound_and_length(speaker, strangers, tmp_path):
    made = make(speaker, strangers, tmp_path / "out")[speaker.key]
    facts = probe(made.path)
    assert (facts.codec, facts.frames, facts.has_audio) == ("h264", 25, True)
    sound = sound_of(made.path)
    assert sound.shape[1] == pytest.approx(48_000, abs=1024)
    assert 0.1 < np.abs(sound).max() < 0.5


def test_a_silent_speaker_gets_a_silent_track(strangers, tmp_path):
    silent = source(make_video(tmp_path / "silent.mp4", frames=25))
    made = make(silent, strangers, tmp_path / "out")[silent.key]
    assert np.abs(sound_of(made.path)).max() < 1e-3


def test_nothing_planted_is_left(tmp_path):
    words = {"title": PLANTED, "comment": PLANTED, "artist": PLANTED, "encoder": PLANTED, "handler_name": PLANTED}
    speaker = source(make_video(tmp_path / f"{PLANTED}-s.mp4", metadata=words, sound_s=1.0))
    listeners = [
        source(make_video(tmp_path / f"{PLANTED}-{n}.{kind}", shade=n, metadata=words))
        for n, kind in enumerate(["mp4", "mkv", "mp4"])
    ]
    for number, rivals in enumerate([listeners, listeners[::2]]):  # encoded anew, and taken over as they are
        made = make(speaker, rivals, tmp_path / f"out{number}")
        for one in made.values():
            content = one.path.read_bytes().lower()
            for word in (PLANTED, "x264", "lavf", "lavc", "libx264", str(tmp_path)):
                assert word.lower().encode() not in content
            with av.open(str(one.path)) as container:
                assert set(container.metadata) <= {"major_brand", "minor_version", "compatible_brands"}
                for stream in container.streams:
                    assert stream.metadata.get("handler_name") in ("VideoHandler", "SoundHandler")
                    assert set(stream.metadata) <= {"language", "handler_name", "vendor_id"}


def test_the_same_sources_give_the_same_bytes(speaker, strangers, tmp_path):
    first = make(speaker, strangers, tmp_path / "one")
    second = make(speaker, strangers, tmp_path / "two")
    assert {key: made.sha256 for key, made in first.items()} == {key: made.sha256 for key, made in second.items()}


def test_a_shorter_listener_is_refused_by_name(speaker, tmp_path):
    rivals = [
        source(make_video(tmp_path / "long.mp4", frames=25)),
        source(make_video(tmp_path / "short.mp4", frames=20)),
        source(make_video(tmp_path / "shorter.mp4", frames=5)),
    ]
    with pytest.raises(ListenerTooShort) as caught:
        plan_item(speaker, rivals, freeze=False)
    assert caught.value.lengths_s == {"short": 0.8, "shorter": 0.2}
    assert caught.value.sentence("short") == (
        "lasts 0.80 s, the speaker 1.00 s: choose a longer listener, or freeze short listeners"
    )


def test_short_listeners_freeze_alike_on_both_sides(speaker, tmp_path):
    rivals = [
        source(make_video(tmp_path / "short.mp4", frames=15)),
        source(make_video(tmp_path / "long.mp4", frames=60, shade=3)),
    ]
    made = make(speaker, rivals, tmp_path / "out", freeze=True)
    for one in rivals:
        pictures = [picture.astype(int) for picture in pictures_of(made[one.key].path)]
        assert len(pictures) == 25
        changes = [np.abs(b - a).max() > 40 for a, b in itertools.pairwise(pictures)]
        assert changes == [True] * 14 + [False] * 10


def test_half_a_frame_too_short_is_long_enough():
    assert (frames_of(2.98), frames_of(2.979), frames_of(3.0), frames_of(0.04)) == (75, 74, 75, 1)


@pytest.mark.parametrize("turned", [90, -90, 180])
def test_a_turned_picture_stands_upright(tmp_path, turned):
    path = make_video(tmp_path / "a.mp4", turned=turned)
    canvas = (64, 48) if turned == 180 else (48, 64)
    luma = next(pictures_on(path, canvas=canvas, frames=1)).to_ndarray()[: canvas[1]].astype(int)
    bright, dark = {
        90: (luma[40:], luma[:20]), -90: (luma[:20], luma[40:]), 180: (luma[:, 40:], luma[:, :20]),
    }[turned]  # fmt: skip
    assert np.median(bright) - np.median(dark) > 30


def test_a_picture_is_never_stretched(tmp_path):
    path = make_video(tmp_path / "a.mp4", size=(64, 48))
    luma = next(pictures_on(path, canvas=(128, 48), frames=1)).to_ndarray()[:48]
    assert np.all(luma[:, :30] == 16)
    assert np.all(luma[:, 98:] == 16)
    assert np.all(luma[2:, 34:62] > 60)


def test_each_moment_shows_the_picture_that_was_on_screen(tmp_path):
    path = make_video(tmp_path / "a.mp4", frames=4, stamps_ms=[0, 200, 240, 600])
    bars = [
        int(np.argmax(frame.to_ndarray()[:48].mean(axis=1))) for frame in pictures_on(path, canvas=(64, 48), frames=20)
    ]
    assert bars == [0] * 5 + [1] + [2] * 9 + [3] * 5


def test_a_fast_video_is_thinned_to_25_pictures_a_second(tmp_path):
    path = make_video(tmp_path / "a.mp4", frames=48, fps=50)
    bars = [
        int(np.argmax(frame.to_ndarray()[:48].mean(axis=1))) for frame in pictures_on(path, canvas=(64, 48), frames=24)
    ]
    assert bars == list(range(0, 48, 2))


def test_listeners_encoded_alike_are_taken_over_unchanged(speaker, tmp_path):
    rivals = [source(make_video(tmp_path / f"{n}.mp4", frames=40, shade=n)) for n in range(3)]
    assert are_alike([one.path for one in rivals], canvas=(64, 48), frames=25)
    made = make(speaker, rivals, tmp_path / "out")
    for one in rivals:
        before, after = pictures_of(one.path)[:25], pictures_of(made[one.key].path)
        assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert len({made[one.key].size_bytes for one in rivals}) == 1


def units_of(path) -> list[int]:
    """The types of all NAL units, each of which must stand behind its length: Firefox plays nothing else."""
    types = []
    with av.open(str(path)) as container:
        for packet in container.demux(container.streams.video[0]):
            picture, at = bytes(packet), 0
            while at < len(picture):
                types.append(picture[at + 4] & 31)
                at += 4 + int.from_bytes(picture[at : at + 4], "big")
            assert at == len(picture)
    return types


@pytest.mark.parametrize("shapes", [((64, 48), (64, 48)), ((64, 48), (96, 48))], ids=["copied", "encoded"])
def test_every_unit_stands_behind_its_length_and_none_names_the_encoder(speaker, tmp_path, shapes):
    rivals = [source(make_video(tmp_path / f"{n}.mp4", frames=40, shade=n, size=size)) for n, size in enumerate(shapes)]
    assert 6 in units_of(rivals[0].path)
    for made in make(speaker, rivals, tmp_path / "out").values():
        types = units_of(made.path)
        assert len(types) >= 25
        assert set(types) <= {1, 5, 7, 8}


@pytest.mark.parametrize(
    "other",
    [
        {"options": {"preset": "fast", "x264-params": "threads=1"}},
        {"size": (96, 48)},
        {"turned": 180},
        {"fps": 30},
        {"frames": 20},
        {"pix_fmt": "yuvj420p"},
        {"codec": "mpeg4"},
    ],
)
def test_listeners_encoded_otherwise_are_not_taken_over(tmp_path, other):
    plain = make_video(tmp_path / "plain.mp4", frames=40)
    odd = make_video(tmp_path / "odd.mp4", **{"frames": 40, **other})
    assert not are_alike([plain, odd], canvas=(64, 48), frames=25)


def test_a_clip_that_went_bad_is_named(speaker, tmp_path):
    good = source(make_video(tmp_path / "good.mp4", size=(80, 60)))
    bad = source(make_video(tmp_path / "bad.mp4"))
    bad.path.write_text("no film any more\n")
    with pytest.raises(ClipUnusable, match=r"'bad' cannot be shown: this is a text file") as caught:
        make(speaker, [good, bad], tmp_path / "out")
    assert caught.value.key == "bad"


@given(sizes=st.lists(SIZES, min_size=1, max_size=5))
def test_the_canvas_is_even_and_bounded_and_every_picture_fits(sizes):
    canvas = common_canvas(sizes)
    assert all(side % 2 == 0 and 16 <= side <= LARGEST_SIDE for side in canvas)
    for size in sizes:
        inner = fitted(size, canvas)
        assert all(side % 2 == 0 and 2 <= side <= room for side, room in zip(inner, canvas, strict=True))
        assert any(room - side <= 2 for side, room in zip(inner, canvas, strict=True))


def test_equal_sizes_fill_the_canvas():
    assert common_canvas([(480, 480)] * 3) == (480, 480)
    assert common_canvas([(1920, 1080)]) == (640, 360)
    assert common_canvas([(360, 288), (640, 480), (176, 144)]) == (640, 480)

"""What a video is, and what is said of a file that is none."""

import os
from pathlib import Path

import av
import numpy as np
import pytest

from retrieval.video import (
    DamagedVideo,
    EmptyVideo,
    MissingVideo,
    NoPictures,
    NotAVideo,
    TruncatedVideo,
    UnknownCodec,
    probe,
)
from tests.videos import make_video


def test_facts_of_a_plain_video(tmp_path):
    facts = probe(make_video(tmp_path / "a.mp4", frames=30, sound_s=1.0))
    assert (facts.length_s, facts.fps, facts.frames) == (1.2, 25.0, 30)
    assert (facts.width, facts.height, facts.rotation) == (64, 48, 0)
    assert (facts.codec, facts.has_audio) == ("h264", True)


@pytest.mark.parametrize(("turned", "size"), [(90, (48, 64)), (-90, (48, 64)), (180, (64, 48))])
def test_size_is_as_shown_after_rotation(tmp_path, turned, size):
    facts = probe(make_video(tmp_path / "a.mp4", turned=turned))
    assert (facts.width, facts.height) == size
    assert facts.rotation == turned % 360


def test_variable_frame_rate_counts_from_first_to_end_of_last(tmp_path):
    facts = probe(make_video(tmp_path / "a.mp4", frames=5, stamps_ms=[0, 40, 100, 500, 1000]))
    assert facts.frames == 5
    assert facts.length_s >= 1.0
    assert facts.fps == pytest.approx(5 / facts.length_s, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "seen_as"),
    [
        ("a.webm", "libvpx-vp9", "yuv420p", "vp9"),
        ("a.mkv", "libx264", "yuv420p", "h264"),
        ("a.avi", "mpeg4", "yuv420p", "mpeg4"),
        ("a.mpg", "mpeg2video", "yuv420p", "mpeg2video"),
        ("a.gif", "gif", "rgb8", "gif"),
    ],
)
def test_other_containers_and_codecs(tmp_path, name, codec, pix_fmt, seen_as):
    facts = probe(make_video(tmp_path / name, frames=50, codec=codec, pix_fmt=pix_fmt))
    assert (facts.codec, facts.frames, facts.length_s) == (seen_as, 50, 2.0)


def test_odd_sizes_are_told_as_they_are(tmp_path):
    facts = probe(make_video(tmp_path / "a.mp4", size=(65, 49), pix_fmt="yuv444p"))
    assert (facts.width, facts.height) == (65, 49)


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(MissingVideo, match="does not exist"):
        probe(tmp_path / "nothing.mp4")
    with pytest.raises(MissingVideo, match="folder"):
        probe(tmp_path)


def test_an_empty_file(tmp_path):
    (tmp_path / "a.mp4").touch()
    with pytest.raises(EmptyVideo, match="0 bytes"):
        probe(tmp_path / "a.mp4")


@pytest.mark.parametrize(
    "text", ["no video\n" * 9, "#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "ffconcat version 1.0\nfile a"]
)
def test_text_and_playlists_are_no_videos(tmp_path, text):
    (tmp_path / "a.mp4").write_text(text)
    with pytest.raises(NotAVideo, match="text file"):
        probe(tmp_path / "a.mp4")


def test_a_photograph_is_no_video(tmp_path):
    make_video(tmp_path / "a.jpg", frames=1, codec="mjpeg", pix_fmt="yuvj420p", container_format="image2")
    with pytest.raises(NotAVideo, match="not a video"):
        probe(tmp_path / "a.jpg")


def test_random_bytes(tmp_path):
    (tmp_path / "a.mp4").write_bytes(bytes(range(255, 0, -1)) * 9)
    with pytest.raises(NotAVideo, match="not a video"):
        probe(tmp_path / "a.mp4")


@pytest.mark.parametrize("kept", [0.05, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.webm"])
def test_a_file_cut_off_anywhere(tmp_path, name, kept):
    codec = "libvpx-vp9" if name == "a.webm" else "libx264"
    whole = make_video(tmp_path / name, frames=100, codec=codec)
    cut = tmp_path / f"cut-{name}"
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * kept)])
    with pytest.raises(TruncatedVideo, match="cut off"):
        probe(cut)


def test_an_mp4_without_its_index(tmp_path):
    whole = make_video(tmp_path / "a.mp4", frames=50).read_bytes()
    (tmp_path / "b.mp4").write_bytes(whole[: whole.index(b"moov") - 4])
    with pytest.raises(TruncatedVideo, match="moov"):
        probe(tmp_path / "b.mp4")


def test_sound_alone(tmp_path):
    path = tmp_path / "a.m4a"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48_000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with pytest.raises(NoPictures, match="no pictures"):
        probe(path)


def test_an_unknown_codec(tmp_path):
    known = make_video(tmp_path / "a.mp4").read_bytes()
    (tmp_path / "b.mp4").write_bytes(known.replace(b"avc1", b"zzzz").replace(b"avcC", b"zzzC"))
    with pytest.raises(UnknownCodec, match=r"convert the file to H\.264"):
        probe(tmp_path / "b.mp4")


def test_damaged_pictures(tmp_path):
    path = make_video(tmp_path / "a.mp4", frames=50, size=(160, 120))
    content = bytearray(path.read_bytes())
    begin = content.index(b"mdat") + 4
    content[begin : begin + 4000] = b"\xff" * 4000
    path.write_bytes(content)
    with pytest.raises((DamagedVideo, TruncatedVideo)):
        probe(path)


def test_pictures_too_small_to_show(tmp_path):
    with pytest.raises(DamagedVideo, match="16 pixels"):
        probe(make_video(tmp_path / "a.mp4", size=(64, 8)))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path):
    path: Path = make_video(tmp_path / "a.mp4")
    path.chmod(0)
    with pytest.raises(MissingVideo, match="permission"):
        probe(path)

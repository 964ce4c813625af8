"""What a face does through a clip."""

import numpy as np
import pytest

from retrieval.demo.expressions import EXPRESSIONS, INDEX
from retrieval.demo.motion import make_motion


def move(emotion: str, *, intensity: float = 1.0, seed: int = 3, length_s: float = 6.0):
    return make_motion(emotion, intensity=intensity, length_s=length_s, fps=25, rng=np.random.default_rng(seed))


def mean(motion, name: str) -> float:
    held = motion.poses[int(motion.peak_s * 25) : int(motion.peak_s * 25) + 40]
    return float(held[:, INDEX[name]].mean())


def test_a_face_is_at_rest_before_its_reaction_and_eases_off_after():
    motion = move("delight")
    smile = motion.poses[:, INDEX["smile_left"]]
    before, at, end = smile[: int(motion.onset_s * 25)].mean(), mean(motion, "smile_left"), smile[-10:].mean()
    assert abs(before) < 0.15
    assert at > 0.8
    assert before < end < at - 0.1


@pytest.mark.parametrize(
    ("warm", "rude", "name"),
    [("delight", "boredom", "smile_left"), ("delight", "boredom", "lid"), ("sorrow", "smirk", "brow_in"),
     ("sympathy", "mockery", "brow_in"), ("astonishment", "eye_roll", "open"), ("warmth", "cold_stare", "smile_right"),
     ("concern", "contempt", "lid")],
)  # fmt: skip
def test_fitting_and_rude_faces_differ_in_what_can_be_measured(warm, rude, name):
    assert mean(move(warm), name) - mean(move(rude), name) > 0.3


def test_every_two_expressions_end_in_poses_that_are_apart():
    held = {name: np.array([mean(move(name), p) for p in INDEX]) for name in EXPRESSIONS}
    assert min(np.abs(held[a] - held[b]).max() for a in held for b in held if a != b) > 0.25


def test_intensity_scales_the_reaction():
    assert mean(move("delight", intensity=0.4), "smile_left") < 0.6 * mean(move("delight"), "smile_left")


def test_eyes_blink_and_the_head_never_freezes():
    motion = move("attention")
    lids = motion.poses[:, INDEX["lid"]]
    assert 1 <= len(motion.blinks_s) <= 6
    assert all(lids[round(t * 25)] < 0.45 for t in motion.blinks_s)
    assert np.abs(np.diff(motion.poses[:, INDEX["yaw"]])).min() > 0


def test_a_nod_is_a_dip_of_the_head():
    motion = move("attention")
    assert motion.nods >= 4
    assert np.ptp(motion.poses[:, INDEX["pitch"]]) > 4


def test_a_roll_of_the_eyes_goes_up_and_across():
    motion = move("eye_roll")
    assert motion.poses[:, INDEX["gaze_y"]].min() < -0.8
    assert np.ptp(motion.poses[:, INDEX["gaze_x"]]) > 1.2


def test_a_speakers_mouth_follows_the_voice():
    loudness = np.tile([1.0] * 5 + [0.0] * 5, 15)
    motion = make_motion("attention", intensity=0.5, length_s=6.0, fps=25, rng=np.random.default_rng(0),
                         loudness=loudness, sharpness=np.zeros(150))  # fmt: skip
    opened = motion.poses[:, INDEX["open"]]
    assert opened[loudness > 0].mean() - opened[loudness == 0].mean() > 0.4


def test_nothing_moves_by_leaps_but_eyes_lids_and_mouths():
    for name in EXPRESSIONS:
        poses = move(name).poses
        for angle in ("yaw", "pitch", "roll"):
            assert np.abs(np.diff(poses[:, INDEX[angle]])).max() < 4.0

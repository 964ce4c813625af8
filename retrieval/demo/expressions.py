"""What a drawn face can do, and which of it makes which reaction.

Pure data. A pose is a row of the numbers named in PARAMETERS; an Expression says where that row goes at intensity 1
and which movements (nods, shakes, laughter, a roll of the eyes) go with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# Angles are degrees (yaw > 0 turns to the viewer's right, pitch > 0 looks down, roll > 0 tilts clockwise);
# `lean` is towards the viewer; the rest are about -1 to 1 with 0 at rest, except `lid`: 1 is at rest, 0 closed.
PARAMETERS = (
    "brow_in", "brow_out", "brow_knit", "brow_left", "brow_right", "lid", "squint", "gaze_x", "gaze_y",
    "smile_left", "smile_right", "wide", "open", "lip_raise", "press", "pucker", "lower_lip", "nose_wrinkle",
    "yaw", "pitch", "roll", "lean", "shoulders",
)  # fmt: skip
INDEX = {name: i for i, name in enumerate(PARAMETERS)}
REST = tuple(1.0 if name == "lid" else 0.0 for name in PARAMETERS)


@dataclass(frozen=True)
class Expression:
    """One reaction at intensity 1; `smile` in `pose` stands for both corners of the mouth."""

    name: str
    fits: frozenset[str]
    rude_to: frozenset[str] = frozenset()
    pose: dict[str, float] = field(default_factory=dict)
    nods: int = 0
    nod_degrees: float = 5.0
    shakes: int = 0
    laughs: bool = False
    rolls_eyes: bool = False
    looks_away: bool = False


GOOD = frozenset({"joy", "pride", "gratitude"})
HARD = frozenset({"sadness", "grief"})
UNEASY = frozenset({"worry", "fear"})
ALL = GOOD | HARD | UNEASY | {"anger", "embarrassment", "surprise", "amusement", "boredom", "disgust"}

_LISTED = (
    Expression("delight", GOOD, HARD | UNEASY, dict(brow_in=.45, brow_out=.6, smile=1.0, wide=.55, open=.28,
        lip_raise=.6, squint=.5, lid=1.05, pitch=-4, roll=4, lean=.7), nods=2, nod_degrees=4),
    Expression("warmth", GOOD | {"amusement"}, frozenset(), dict(brow_in=.35, brow_out=.15, smile=.8, wide=.3,
        squint=.4, lid=.95, roll=8, pitch=2, lean=.4), nods=3, nod_degrees=5),
    Expression("laughter", frozenset({"amusement"}), HARD | UNEASY | {"anger"}, dict(brow_in=.35, brow_out=.45,
        smile=1.05, wide=.7, open=.55, lip_raise=.85, squint=.95, lid=.72, pitch=-7, roll=-5, lean=.3),
        laughs=True),
    Expression("sorrow", HARD, frozenset(), dict(brow_in=1.0, brow_out=-.5, brow_knit=.5, smile=-.75, press=.3,
        lower_lip=.45, lid=.8, gaze_y=.2, pitch=6, roll=9, lean=.4), shakes=2),
    Expression("sympathy", HARD | UNEASY, frozenset(), dict(brow_in=.95, brow_out=-.3, brow_knit=.4, smile=-.25,
        press=.65, lid=.9, squint=.2, pitch=5, roll=10, lean=.6), nods=4, nod_degrees=5),
    Expression("concern", UNEASY | {"anger", "disgust"}, frozenset(), dict(brow_in=.55, brow_out=-.15,
        brow_knit=.9, smile=-.45, press=.15, open=.1, lid=1.12, pitch=3, roll=6, lean=1.0), nods=2, nod_degrees=4),
    Expression("astonishment", frozenset({"surprise"}), frozenset(), dict(brow_in=1.15, brow_out=1.2, lid=1.42,
        open=.72, wide=-.35, smile=.12, pitch=-5, lean=-.6, shoulders=.5), nods=1, nod_degrees=4),
    Expression("indignation", frozenset({"anger", "disgust"}), frozenset(), dict(brow_in=-.5, brow_out=.5,
        brow_knit=1.0, lid=1.18, smile=-.55, open=.22, lip_raise=.25, wide=.2, pitch=2, lean=.8, roll=-3),
        shakes=3),
    Expression("wince", frozenset({"embarrassment", "disgust"}), frozenset(), dict(brow_in=.5, brow_out=-.1,
        brow_knit=.75, squint=.95, lid=.55, smile=-.2, wide=1.05, open=.16, lip_raise=.8, lower_lip=-.4,
        nose_wrinkle=.45, yaw=9, roll=-9, pitch=2, lean=-.6, shoulders=.9)),
    Expression("fellow_feeling", frozenset({"embarrassment", "boredom"}), frozenset(), dict(brow_in=.85,
        brow_out=.1, brow_knit=.2, smile=.45, wide=.45, press=.45, lid=.95, squint=.3, roll=8, pitch=2, lean=.4),
        nods=3, nod_degrees=5),
    Expression("attention", frozenset(), frozenset(), dict(brow_in=.12, brow_out=.15, smile=.08, lid=1.02,
        pitch=1, roll=2, lean=.25), nods=4, nod_degrees=4),
    Expression("smirk", frozenset(), ALL - {"amusement"}, dict(brow_left=-.3, brow_right=.95, smile_right=1.0,
        smile_left=-.15, press=.25, lid=.68, squint=.45, yaw=-9, pitch=-6, roll=-6, lean=-.5)),
    Expression("eye_roll", frozenset(), ALL, dict(brow_in=.35, brow_out=.6, smile=-.5, press=.6, lid=.85, yaw=11,
        pitch=-6, roll=8, lean=-.5), rolls_eyes=True, looks_away=True),
    Expression("contempt", frozenset(), ALL, dict(brow_in=-.35, brow_out=.2, brow_right=.55, brow_knit=.35,
        smile_left=.9, smile_right=-.65, lip_raise=.3, lid=.62, squint=.35, nose_wrinkle=.5, pitch=-9, yaw=7,
        lean=-.7)),
    Expression("boredom", frozenset(), ALL, dict(brow_in=.1, brow_out=-.15, lid=.45, smile=-.4, press=.1,
        gaze_x=.75, gaze_y=-.15, yaw=16, roll=11, pitch=5, lean=-.5, shoulders=-.4), looks_away=True),
    Expression("mockery", frozenset(), HARD | UNEASY | {"anger", "embarrassment"}, dict(brow_in=.1, brow_out=.6,
        brow_right=.35, smile_left=.75, smile_right=1.05, wide=.5, open=.34, lip_raise=.75, squint=.75, lid=.75,
        pitch=-7, yaw=-8, roll=-7, lean=-.3), laughs=True),
    Expression("disdain", frozenset(), ALL - {"disgust"}, dict(brow_in=-.45, brow_out=-.1, brow_knit=.8,
        squint=.75, lid=.72, smile=-.65, lip_raise=.6, nose_wrinkle=1.0, lower_lip=.3, yaw=10, pitch=-4, roll=5,
        lean=-.8), shakes=1),
    Expression("cold_stare", frozenset(), GOOD | {"amusement", "surprise", "embarrassment"}, dict(brow_in=-.75,
        brow_out=.1, brow_knit=.9, lid=.78, squint=.55, smile=-.5, press=.85, pitch=4, lean=-.2)),
)  # fmt: skip
EXPRESSIONS = {expression.name: expression for expression in _LISTED}
FITTING = tuple(e.name for e in _LISTED if e.fits)
RUDE = tuple(e.name for e in _LISTED if not e.fits and e.rude_to)

# How a person looks who says something with this feeling.
SPOKEN = {
    "joy": "delight", "pride": "warmth", "gratitude": "warmth", "sadness": "sympathy", "grief": "sorrow",
    "worry": "concern", "fear": "concern", "anger": "indignation", "embarrassment": "fellow_feeling",
    "surprise": "astonishment", "amusement": "warmth", "boredom": "attention", "disgust": "disdain",
}  # fmt: skip


def misfits(name: str, feeling: str) -> bool:
    """Whether a listener with this expression is rude to somebody who says something with this feeling."""
    return feeling in EXPRESSIONS[name].rude_to


def fits(name: str, feeling: str) -> bool:
    """Whether a listener with this expression answers somebody who says something with this feeling."""
    return feeling in EXPRESSIONS[name].fits

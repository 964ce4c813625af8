"""Who is drawn: made-up looks, spread over skin, hair, age, build, glasses, clothes and rooms. Nobody's likeness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Colour = tuple[int, int, int]

# Ten steps from light to dark, after the idea of the Monk scale.
SKINS: tuple[Colour, ...] = (
    (247, 219, 198), (243, 208, 182), (236, 193, 162), (226, 176, 141), (212, 158, 120),
    (192, 136, 98), (168, 112, 78), (141, 91, 63), (114, 71, 50), (90, 56, 41),
)  # fmt: skip
HAIRS: dict[str, Colour] = {
    "black": (38, 33, 36), "dark brown": (66, 45, 37), "brown": (104, 70, 49), "auburn": (128, 62, 41),
    "blond": (205, 165, 104), "grey": (152, 150, 150), "white": (214, 211, 206),
}  # fmt: skip
EYES: tuple[Colour, ...] = ((74, 48, 33), (92, 62, 38), (58, 40, 32), (104, 116, 74), (84, 122, 148), (112, 128, 138))
CLOTHES: tuple[Colour, ...] = (
    (52, 84, 122), (148, 62, 66), (66, 112, 98), (214, 170, 88), (96, 82, 128), (62, 66, 78), (196, 112, 84),
    (222, 214, 200), (104, 132, 154), (128, 146, 104), (178, 138, 152), (40, 62, 74),
)  # fmt: skip
ROOMS: tuple[Colour, ...] = (
    (206, 196, 182), (182, 198, 202), (196, 188, 206), (190, 204, 184), (214, 192, 178), (172, 182, 198),
    (222, 212, 192), (162, 178, 176),
)  # fmt: skip
LOW_STYLES = ("crop", "side", "curls", "buzz", "bald", "quiff")
LONG_STYLES = ("long", "bob", "bun", "fringe", "afro", "waves", "scarf", "crop")
AGES = ("young", "middle", "older")


@dataclass(frozen=True)
class Look:
    """One made-up person; lengths are factors around 1."""

    key: str
    build: str
    age: str
    skin_step: int
    hair_name: str
    style: str
    eye: Colour
    width: float
    jaw: float
    chin: float
    eye_size: float
    eye_gap: float
    brow: float
    nose_width: float
    nose_length: float
    mouth: float
    lips: float
    glasses: str
    beard: str
    earrings: bool
    garment: str
    cloth: Colour
    room: Colour
    room_seed: int
    side: int

    @property
    def skin(self) -> Colour:
        return SKINS[self.skin_step]

    @property
    def hair(self) -> Colour:
        return HAIRS[self.hair_name]

    def attributes(self) -> dict[str, str]:
        """What the manifest declares about this person."""
        return {
            "attr_age": self.age,
            "attr_skin": str(self.skin_step + 1),
            "attr_hair": f"{self.hair_name} {self.style}" if self.style not in ("bald", "scarf") else self.style,
            "attr_glasses": "yes" if self.glasses != "none" else "no",
        }


def draw_look(key: str, *, number: int, rng: np.random.Generator) -> Look:
    """A look for person `number`: skin, build and age walk through their ranges, the rest is drawn."""
    build = ("soft", "strong")[number % 2]
    skin_step = (number * 7 + int(rng.integers(0, 2))) % len(SKINS)
    age = AGES[(number // 2) % 3] if rng.uniform() < 0.75 else "young"
    soft = build == "soft"
    styles = LONG_STYLES if soft else LOW_STYLES
    style = styles[(number // 2 + int(rng.integers(0, 3))) % len(styles)]
    if style == "afro" and skin_step < 5:
        style = "waves"
    if age == "older":
        hair = ("grey", "white", "grey")[int(rng.integers(0, 3))]
    elif skin_step >= 6:
        hair = ("black", "black", "dark brown")[int(rng.integers(0, 3))]
    else:
        hair = ("dark brown", "brown", "auburn", "blond", "black", "brown")[int(rng.integers(0, 6))]
    eye = EYES[int(rng.integers(0, 3 if skin_step >= 4 else len(EYES)))]
    room = ROOMS[int(rng.integers(0, len(ROOMS)))]
    return Look(
        key=key, build=build, age=age, skin_step=skin_step, hair_name=hair, style=style, eye=eye,
        width=float(rng.uniform(0.93, 1.03) + (0.0 if soft else 0.04)),
        jaw=float(rng.uniform(0.9, 1.0) + (0.0 if soft else 0.1)),
        chin=float(rng.uniform(0.94, 1.04) + (0.0 if soft else 0.03)),
        eye_size=float(rng.uniform(0.95, 1.08) + (0.06 if soft else 0.0)),
        eye_gap=float(rng.uniform(0.95, 1.05)),
        brow=float(rng.uniform(0.8, 1.0) + (0.0 if soft else 0.35)),
        nose_width=float(rng.uniform(0.88, 1.2)),
        nose_length=float(rng.uniform(0.9, 1.08)),
        mouth=float(rng.uniform(0.93, 1.1)),
        lips=float(rng.uniform(0.9, 1.2) + (0.15 if soft else -0.05)),
        glasses=("none", "none", "none", "round", "square")[int(rng.integers(0, 5))],
        beard="none" if soft else ("none", "none", "stubble", "full", "short", "moustache")[int(rng.integers(0, 6))],
        earrings=bool(soft and rng.uniform() < 0.5),
        garment=("crew", "shirt", "vee", "hoodie")[int(rng.integers(0, 4))],
        cloth=CLOTHES[int(rng.integers(0, len(CLOTHES)))],
        room=room, room_seed=int(rng.integers(0, 2**31)), side=int(rng.choice((-1, 1))),
    )  # fmt: skip

"""Who plays in a demo corpus: people, clips with their emotion, partners, and the stimuli of the demo study.

Pure and seeded: the same arguments give the same cast, so every process that draws can work it out for itself.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from retrieval.demo.expressions import EXPRESSIONS, FITTING, RUDE, SPOKEN, fits, misfits
from retrieval.demo.people import Look, draw_look
from retrieval.demo.transcripts import statement_for
from retrieval.demo.voices import ACCENTS, VARIANTS, Utterance


@dataclass(frozen=True)
class Order:
    """What somebody asked make_demo_corpus for; `processes` is not part of it, for it changes no byte."""

    speakers: int
    listeners: int
    train_speakers: int
    train_listeners: int
    length_s: float
    seed: int

    def __post_init__(self) -> None:
        if self.speakers < 1:
            raise ValueError(f"A demo corpus needs at least 1 speaker, not {self.speakers}.")
        for name in ("", "train_"):
            speakers, listeners = getattr(self, f"{name}speakers"), getattr(self, f"{name}listeners")
            if speakers < 0 or listeners < speakers:
                raise ValueError(
                    f"{name}listeners is {listeners} and {name}speakers {speakers}: each speaker has a true listener "
                    f"of their own, so ask for at least {max(speakers, 0)} {name}listeners."
                )
        if not 0.4 <= self.length_s <= 60:
            raise ValueError(f"length_s is {self.length_s}: clips are from 0.4 to 60 seconds long.")

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True)
class CastClip:
    """One clip to be drawn. `part` is why a listener is there: partner, rude, attentive or fitting."""

    key: str
    role: str
    split: str
    look: Look
    emotion: str
    intensity: float
    seed: tuple[int, ...]
    part: str = ""
    partner_key: str = ""
    feeling: str = ""
    transcript: str = ""
    utterance: Utterance | None = None


@dataclass(frozen=True)
class Stimulus:
    """One row of the stimulus manifest."""

    item: str
    condition: str
    clip_key: str
    kind: str
    correct_condition: str = ""


def cast_clips(order: Order) -> list[CastClip]:
    """Speakers then listeners of split test, then of split train; their people never meet."""
    clips = _cast_split(order, "test", order.speakers, order.listeners, first_statement=0)
    if order.train_listeners:
        clips += _cast_split(
            order, "train", order.train_speakers, order.train_listeners, first_statement=order.speakers
        )
    return clips


def _cast_split(order: Order, split: str, speakers: int, listeners: int, *, first_statement: int) -> list[CastClip]:
    stream = 0 if split == "test" else 1
    mark = "" if split == "test" else "t"
    digits = max(2, len(str(max(speakers, listeners))))
    people = max(8, (speakers + listeners) // 2, speakers + 1)
    looks = [
        draw_look(f"demo-{mark}p{i + 1:0{digits}}", number=i, rng=np.random.default_rng([order.seed, stream, 1, i]))
        for i in range(people)
    ]
    rng = np.random.default_rng([order.seed, stream, 2])
    numbers = rng.permutation(listeners) + 1  # a listener's number tells nothing about whose partner it is
    cast: list[CastClip] = []
    partners: list[CastClip] = []
    for i in range(speakers):
        told = statement_for(first_statement + i)
        key, partner = f"demo-{mark}s{i + 1:0{digits}}", f"demo-{mark}l{numbers[i]:0{digits}}"
        voices = VARIANTS[looks[i].build]
        utterance = Utterance(
            key=key, text=told.text, length_s=order.length_s,
            voice=f"{ACCENTS[int(rng.integers(0, len(ACCENTS)))]}+{voices[int(rng.integers(0, len(voices)))]}",
            pitch=int(rng.integers(38, 62)) - (6 if looks[i].age == "older" else 0), range=int(rng.integers(45, 75)),
        )  # fmt: skip
        cast.append(
            CastClip(
                key=key, role="speaker", split=split, look=looks[i], emotion=SPOKEN[told.feeling],
                intensity=_round(rng.uniform(0.6, 0.9)), seed=(order.seed, stream, 3, i), partner_key=partner,
                feeling=told.feeling, transcript=told.text, utterance=utterance,
            )
        )  # fmt: skip
        answers = [name for name in FITTING if fits(name, told.feeling)]
        partners.append(_listener(
            order, stream, split, partner, looks[(speakers + i) % people], part="partner",
            emotion=answers[int(rng.integers(0, len(answers)))], intensity=rng.uniform(0.75, 1.0), number=i,
        ))  # fmt: skip
    others = [
        _other_listener(
            order,
            stream,
            split,
            f"demo-{mark}l{numbers[i]:0{digits}}",
            looks[(speakers + i) % people],
            i,
            i - speakers,
            rng,
        )
        for i in range(speakers, listeners)
    ]
    return cast + sorted(partners + others, key=lambda clip: clip.key)


def _other_listener(order, stream, split, key, look, number, place, rng) -> CastClip:
    """Of six more listeners three are rude, two attentive at most, one shows a fitting emotion."""
    part = ("rude", "attentive", "rude", "fitting", "rude", "attentive")[place % 6]
    if part == "rude":
        emotion, intensity = RUDE[(place // 2) % len(RUDE)], rng.uniform(0.85, 1.05)
    elif part == "attentive":
        emotion = ("attention", "attention", "warmth", "concern")[int(rng.integers(0, 4))]
        intensity = rng.uniform(0.8, 1.0) if emotion == "attention" else rng.uniform(0.25, 0.4)
    else:
        emotion, intensity = FITTING[(place // 6 * 5) % len(FITTING)], rng.uniform(0.75, 1.0)
    return _listener(order, stream, split, key, look, part=part, emotion=emotion, intensity=intensity, number=number)


def _listener(order, stream, split, key, look, *, part, emotion, intensity, number) -> CastClip:
    return CastClip(
        key=key, role="listener", split=split, look=look, emotion=emotion, intensity=_round(intensity),
        seed=(order.seed, stream, 4, number), part=part,
    )  # fmt: skip


def _round(value: float) -> float:
    return round(float(value), 3)


CONDITIONS = {
    "main": ("social", "rude", "learning2listen", "random"),
    "practice": ("social", "rude"),
    "catch": ("ground_truth", "rude"),
}
CORRECT = {"main": "", "practice": "social", "catch": "ground_truth"}


def kinds_of(speakers: int) -> tuple[int, int, int]:
    """How many speakers are main items, practice and catch: 36 give 30, 2 and 4; under 4 all are main."""
    practice = 2 if speakers >= 4 else 0
    catch = (speakers - practice) // 8
    return speakers - practice - catch, practice, catch


def choose_stimuli(order: Order, cast: list[CastClip]) -> list[Stimulus]:
    """The listener of each condition for each item of split test.

    Never the speaker's own person, the true listener only where nobody else is left, no clip twice on an item, and of
    the clips that suit a condition equally the one used least. With fewer than about five listeners the last
    conditions of an item are left out.
    """
    rng = np.random.default_rng([order.seed, 5])
    speakers = [clip for clip in cast if clip.role == "speaker" and clip.split == "test"]
    listeners = [clip for clip in cast if clip.role == "listener" and clip.split == "test"]
    main, practice, _ = kinds_of(len(speakers))
    rows: list[Stimulus] = []
    uses = dict.fromkeys((clip.key for clip in listeners), 0)
    kind_at = {int(n): i for i, n in enumerate(rng.permutation(len(speakers)))}
    for number, speaker in enumerate(speakers):
        place = kind_at[number]
        kind = "main" if place < main else "practice" if place < main + practice else "catch"
        taken: set[str] = set()
        for condition in CONDITIONS[kind]:
            free = [c for c in listeners if c.look.key != speaker.look.key and c.key not in taken]
            if condition == "ground_truth":
                free = [c for c in free if c.key == speaker.partner_key]
            elif any(c.key != speaker.partner_key for c in free):
                free = [c for c in free if c.key != speaker.partner_key]
            if not free:
                continue
            lots = rng.permutation(len(free))
            chosen = min(
                zip(free, lots, strict=True),
                key=lambda pair: (
                    _unsuited(pair[0], condition, speaker.feeling, uses[pair[0].key]),
                    uses[pair[0].key],
                    pair[1],
                ),
            )[0]
            taken.add(chosen.key)
            uses[chosen.key] += 1
            rows.append(Stimulus(speaker.key, condition, chosen.key, kind, CORRECT[kind]))
    return rows


def _unsuited(clip: CastClip, condition: str, feeling: str, uses: int) -> int:
    """0 for a listener made for this condition, more for worse ones; a clip used three times comes last."""
    spent = 10 if uses >= 3 else 0
    if condition == "social":
        return spent + (
            0
            if fits(clip.emotion, feeling) and clip.part != "attentive"
            else 1 + 2 * bool(EXPRESSIONS[clip.emotion].rude_to)
        )
    if condition == "rude":
        return spent + (
            0 if misfits(clip.emotion, feeling) and clip.part == "rude" else 1 if misfits(clip.emotion, feeling) else 2
        )
    if condition == "learning2listen":
        return spent + (0 if clip.part == "attentive" else 1 if clip.part != "rude" else 2)
    return spent

"""The power formula against simulation, and the simulation against the real engine, printed as Markdown tables.

    python -m bench.power [--studies 4000] [--seed 1] [--courses 6] [--pilots 500] [--no-engine]

The first table: designs, their power by formula, by a plain noncentral t, and by simulated studies on lists dealt
as the study deals them. The second: what pilots of a known truth say of it. The third: a few designs with people who
come, leave and are set aside, played through the study's own services with database rows (in memory), beside the
simulation's own play. Who is dealt what does not depend on what is chosen, so that each course of people is voted on
many times over.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
from scipy.special import nctdtr, stdtrit

from analysis.power import Assumptions, Design, losses, power_of, powers
from analysis.power_simulation import Course, courses_of, latent_of, simulate_power, simulate_votes
from analysis.variances import variances

DESIGNS = (
    (Design(30, 12, 4, 3), Assumptions(0.5)),
    (Design(30, 12, 4, 3), Assumptions(0.65, 0.0, 0.0)),
    (Design(30, 12, 4, 3), Assumptions(0.65)),
    (Design(30, 12, 4, 3), Assumptions(0.65, 0.3, 0.1)),
    (Design(30, 12, 4, 3), Assumptions(0.65, ties=0.2)),
    (Design(30, 12, 4, 3), Assumptions(0.65, left_share=0.6)),
    (Design(30, 12, 4), Assumptions(0.65, left_share=0.75)),
    (Design(30, 12, 4), Assumptions(0.65, 0.05, 0.02, left_share=0.75)),
    (Design(30, 12, 4), Assumptions(0.7, left_share=0.65, ties=0.2, dropout=0.3)),
    (Design(30, 12, 4, 3), Assumptions(0.65, dropout=0.2, exclusions=0.1)),
    (Design(60, 12, 2), Assumptions(0.65)),
    (Design(60, 24, 2), Assumptions(0.65)),
    (Design(120, 24, 1), Assumptions(0.65)),
    (Design(20, 6, 6), Assumptions(0.7)),
    (Design(10, 12, 12), Assumptions(0.7)),
    (Design(12, 6, 2), Assumptions(0.8)),
    (Design(30, 4, 4), Assumptions(0.65)),
    (Design(100, 24, 4), Assumptions(0.6)),
    (Design(30, 12, 4), Assumptions(0.7, 0.9, 0.0)),
)
ENGINE_DESIGNS = (
    (Design(12, 6, 2), Assumptions(0.75)),
    (Design(15, 9, 3, 2), Assumptions(0.7, dropout=0.2, exclusions=0.1)),
    (Design(20, 8, 4), Assumptions(0.7, dropout=0.3)),
)
PILOTS = (
    (Design(12, 6, 4), Assumptions(0.65, 0.15, 0.05)),
    (Design(30, 12, 4), Assumptions(0.65, 0.15, 0.05)),
    (Design(30, 12, 4), Assumptions(0.6, 0.3, 0.1)),
    (Design(60, 24, 4), Assumptions(0.65, 0.15, 0.05)),
    (Design(30, 12, 4), Assumptions(0.65, 0.1, 0.05, left_share=0.75)),
)
RULE = "failed_catch"


def plain_noncentral_t(design: Design, a: Assumptions) -> float:
    """The textbook answer: a noncentral t whose variance is neither the largest of three nor capped."""
    lost = losses(slots=design.slots, trials=design.trials, contrasts=design.contrasts, assumptions=a)
    found = powers(
        speakers=design.speakers,
        votes=design.votes,
        evaluators=lost.evaluators,
        per_evaluator=lost.per_evaluator,
        assumptions=a,
    )
    df, variance = float(found.df), a.vote_variance * float(found.design_effect) / (design.speakers * design.votes)
    critical = stdtrit(df, 1 - a.level / 2) / (2 * np.sqrt(a.share * (1 - a.share)))
    far = abs(a.share - 0.5) / np.sqrt(variance)
    # The wrong direction counts too, at .5 as often; far from it scipy gives a NaN for next to nothing.
    wrong = 1 - nctdtr(df, -far, critical) if far < 1 else 0.0
    return float(1 - nctdtr(df, far, critical) + wrong)


def formula_table(*, studies: int, seed: int) -> Iterator[str]:
    yield "| design | assumed | formula | plain noncentral t | simulated | 95 % interval | recruits: least, simulated |"
    yield "|---|---|---|---|---|---|---|"
    for design, a in DESIGNS:
        checked = simulate_power(courses_of(design, a, seed=seed), a, seed=seed, studies=studies)
        least = losses(slots=design.slots, trials=design.trials, contrasts=design.contrasts, assumptions=a).recruits
        yield (
            f"| {design_words(design)} | {assumed_words(a)} | {power_of(design, a).power:.1%} | "
            f"{plain_noncentral_t(design, a):.1%} | {checked.power:.1%} | {checked.low:.1%} to {checked.high:.1%} | "
            f"{least:.0f}, {checked.recruits} |"
        )


def design_words(design: Design) -> str:
    groups = f", {design.contrasts} groups" if design.contrasts > 1 else ""
    return f"{design.speakers} speakers x {design.votes}, {design.evaluators} evaluators{groups}"


def assumed_words(a: Assumptions) -> str:
    words = [f"{a.preference:.0%}, {a.icc_speaker:g}, {a.icc_evaluator:g}"]
    words += [f"{a.ties:.0%} ties"] if a.ties else []
    words += [f"{a.left_share:.0%} left"] if a.heedless else []
    words += [f"{a.dropout:.0%} leave, {a.exclusions:.0%} set aside"] if a.dropout or a.exclusions else []
    return "; ".join(words)


def pilot_table(*, pilots: int, seed: int) -> Iterator[str]:
    yield "| pilot | true correlations | mean estimate (speaker, evaluator) | sd | interval holds the truth |"
    yield "|---|---|---|---|---|"
    for design, a in PILOTS:
        course = courses_of(design, a, seed=seed)[0]
        rng = np.random.Generator(np.random.PCG64(seed))
        votes = simulate_votes(course, a, latent_of(a), studies=pilots, rng=rng)
        labels = {"speakers": course.speaker, "evaluators": course.evaluator, "treatment_left": course.treatment_left}
        found = [variances(row.tolist(), **labels) for row in votes]
        kinds = [[each.speaker for each in found], [each.evaluator for each in found]]
        values = np.array([[each.value for each in kind] for kind in kinds])
        held = [
            np.mean([low <= truth <= high for low, high in (each.interval for each in kind)])
            for kind, truth in zip(kinds, (a.icc_speaker, a.icc_evaluator), strict=True)
        ]
        mean, sd = values.mean(axis=1), values.std(axis=1)
        left = f"; {a.left_share:.0%} left" if a.heedless else ""
        yield (
            f"| {design_words(design)} | {a.icc_speaker:g}, {a.icc_evaluator:g}{left} | {mean[0]:.3f}, {mean[1]:.3f} | "
            f"{sd[0]:.3f}, {sd[1]:.3f} | {held[0]:.1%}, {held[1]:.1%} |"
        )


def engine_table(*, courses: int, studies: int, seed: int) -> Iterator[str]:
    yield "| design | assumed | real engine | simulation | difference / error | people: engine, simulation |"
    yield "|---|---|---|---|---|---|"
    for number, (design, a) in enumerate(ENGINE_DESIGNS):
        played = [
            engine_course(design, a, key=f"power-{number}-{course}", seed=seed * 1000 + course)
            for course in range(courses)
        ]
        real = simulate_power(played, a, seed=seed, studies=studies)
        own = simulate_power(courses_of(design, a, seed=seed), a, seed=seed + 1, studies=studies)
        z = (real.power - own.power) / np.hypot(real.error, own.error)
        people = [sum(c.recruits for c in these) / len(these) for these in (played, courses_of(design, a, seed=seed))]
        yield (
            f"| {design_words(design)} | {assumed_words(a)} | {real.power:.1%} ± {real.error:.1%} | "
            f"{own.power:.1%} ± {own.error:.1%} | {z:+.1f} | {people[0]:.1f}, {people[1]:.1f} |"
        )


def engine_course(design: Design, a: Assumptions, *, key: str, seed: int) -> Course:
    """One study played by the study's own services; who votes what does not change who is dealt what.

    Each vote is cast at random; the layout of the votes that count in the first comparison group is returned.
    """
    from studies.models import Contrast
    from studies.services.exclusions import exclude_votes
    from studies.services.launches import open_study
    from tests.factories import START, make_study

    study = make_study(
        key=key,
        items=design.speakers,
        contrasts=tuple(f"method{n}:random" for n in range(design.contrasts)),
        votes_per_comparison=design.votes,
        trials_per_session=design.trials,
        exclusion_rules=(RULE,),
        seed=seed,
    )
    open_study(study.pk, at=START)
    rng = np.random.Generator(np.random.PCG64(seed))
    at, finished, recruits, played = START, 0, 0, 0
    while True:
        at += timedelta(hours=3)
        leaves_after = int(rng.integers(design.trials)) if rng.random() < a.dropout else design.trials
        session, answers, stage = play(study, rng, leaves_after=leaves_after, at=at)
        if not answers and stage != "trial":
            break
        if rng.random() < a.exclusions:
            exclude_votes(study.pk, rule=RULE, reason="simulated", at=at, sessions=[session])
        recruits, played, finished = recruits + 1, played + answers, finished + (stage == "thanks")
    first = Contrast.objects.filter(study=study).order_by("position").first()
    return layout_of(study, first, recruits=recruits, finished=finished, trials=played)


def play(study, rng: np.random.Generator, *, leaves_after: int, at: datetime):
    """One evaluator through the real services: (session, answers given, stage at the end)."""
    from studies.models import Choice
    from studies.services.sessions import Stage, begin_trials, start_session
    from studies.services.votes import Answer, View, cast_vote
    from tests.factories import LENGTH_S

    session = start_session(study.pk, at=at)
    place = begin_trials(session.pk, at=at)
    parts = ("speaker", "left", "right")
    view = View("p", {part: [[0.0, LENGTH_S]] for part in parts}, dict.fromkeys(parts, 1), shown_ago_ms=6500)
    answers = 0
    while place.stage == Stage.TRIAL and answers < leaves_after:
        at += timedelta(seconds=10)
        chosen = Choice.LEFT if rng.random() < 0.5 else Choice.RIGHT
        given = {"appropriate": Answer(chosen)}
        place = cast_vote(session.pk, place.assignment.key, given, at=at, rt_ms=6500, view=view)
        answers += 1
    return session, answers, str(place.stage)


def layout_of(study, contrast, *, recruits: int, finished: int, trials: int) -> Course:
    from analysis.records import counted_votes, primary_question

    rows = list(
        counted_votes(study, primary_question(study), rehearsal=False)
        .filter(assignment__slot__comparison__contrast=contrast)
        .order_by("pk")
        .values_list("assignment__item_id", "assignment__session_id", "assignment__slot__treatment_side")
    )
    items, sessions, sides = zip(*rows, strict=True)
    return Course(
        speaker=np.unique(items, return_inverse=True)[1],
        evaluator=np.unique(sessions, return_inverse=True)[1],
        treatment_left=np.array([side == "left" for side in sides]),
        recruits=recruits,
        finished=finished,
        trials=trials,
    )


def with_rows(arguments: argparse.Namespace) -> list[str]:
    """The engine's table, on a database in memory."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        os.environ["REALTALK_DATA"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "realtalk_site.settings"
        os.environ.pop("DATABASE_URL", None)
        import django
        from django.db import connection

        django.setup()
        connection.creation.create_test_db(verbosity=0)
        lines = engine_table(courses=arguments.courses, studies=arguments.studies, seed=arguments.seed)
        return list(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=4000, help="simulated studies a design (default 4000)")
    parser.add_argument("--courses", type=int, default=6, help="studies played through the engine a design (default 6)")
    parser.add_argument("--pilots", type=int, default=500, help="simulated pilots a design (default 500)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-engine", action="store_true", help="without the last table")
    arguments = parser.parse_args()
    began = time.monotonic()
    lines = list(formula_table(studies=arguments.studies, seed=arguments.seed))
    lines += ["", f"({time.monotonic() - began:.1f} s)", ""]
    began = time.monotonic()
    lines += [*pilot_table(pilots=arguments.pilots, seed=arguments.seed), "", f"({time.monotonic() - began:.1f} s)", ""]
    if not arguments.no_engine:
        began = time.monotonic()
        lines += [*with_rows(arguments), "", f"({time.monotonic() - began:.1f} s)"]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

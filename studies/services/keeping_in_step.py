"""Keeping in step with a platform by asking it: what it says of each submission, and places for slots that reopened."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from studies.models import (
    Assignment,
    Platform,
    Recruitment,
    StudyState,
    Submission,
    SubmissionStatus,
    TrialKind,
)
from studies.models.facts import HOLDS_SLOT
from studies.platforms import prolific_api
from studies.platforms.protocol import TAKEN_BACK, plain
from studies.queries import study_progress

from .crediting import credit_finished, to_credit
from .locks import locked_study
from .recruiting import follow, reference_hash

# The only columns of Prolific's export that are kept: more of them together would tell who somebody is.
DEMOGRAPHICS = ("Age", "Sex", "Ethnicity simplified", "Country of residence")
UNSAID = {"", "CONSENT_REVOKED", "DATA_EXPIRED", "CONSENT REVOKED", "DATA EXPIRED"}


@dataclass(frozen=True)
class InStep:
    """changed: submissions whose status is another now. places: asked for now, 0 where none had to be."""

    changed: int
    places: int


def keep_in_step(recruitment: Recruitment, *, at: datetime) -> InStep:
    """Ask Prolific for every submission, follow what it says, and ask for places where slots reopened; or tell SONA
    who has finished.

    Raises  NoCredentials, Refused, TryLater (studies.platforms.calling); what was followed before stays
    """
    if recruitment.platform == Platform.SONA:
        return InStep(credit_finished(recruitment, at=at), 0)
    changed = 0
    for listed in prolific_api.submissions_of(recruitment.external_study):
        said_at = listed.at or at
        outcome = follow(recruitment, listed.reference, listed.status, said_at=said_at, at=at, by="api")
        changed += outcome.startswith("now ")
    return InStep(changed, _top_up(recruitment))


def recruitments_to_ask() -> list[int]:
    """Those of studies that run, on Prolific, whose study there is known, with its token; and SONA's with finished
    sessions of which it was not told.
    """
    there = Recruitment.objects.filter(platform=Platform.PROLIFIC, ended_at__isnull=True).exclude(external_study="")
    running = there.exclude(study__state__in=[StudyState.DRAFT, StudyState.CLOSED])
    asked = Q(pk__in=to_credit().values("recruitment"))
    if settings.REALTALK_PROLIFIC_TOKEN:
        asked |= Q(pk__in=running.values("pk"))
    return list(Recruitment.objects.filter(asked).order_by("pk").values_list("pk", flat=True))


def places_wanted(recruitment: Recruitment) -> int:
    """Places that the study needs there in all: those that count, and the least number for the slots that are free.

    Whoever has arrived and holds no trial yet, as they read, will take some of these: they are not asked for again.
    """
    counted = recruitment.submissions.exclude(status__in=[*TAKEN_BACK, SubmissionStatus.SCREENED_OUT])
    held = Assignment.objects.filter(session=OuterRef("session"), kind=TrialKind.MAIN, state__in=HOLDS_SLOT)
    over = Q(session__finished_at__isnull=False) | Q(session__screened_out_at__isnull=False)
    reading = counted.exclude(over).filter(~Exists(held), session__returned_at__isnull=True).count()
    return counted.count() + max(0, study_progress(recruitment.study).sessions_needed - reading)


def keep_demographics(recruitment: Recruitment, rows: Iterable[Mapping[str, str]]) -> tuple[int, int]:
    """Keep what Prolific's demographic export says of our sessions, beside their answers before the first trial.

    rows     of the CSV, by column; only the columns of DEMOGRAPHICS are kept, as `prolific:Age` and so on: no
             question has a colon in its key
    Returns  how many rows were of our sessions, and how many of none
    """
    kept = unknown = 0
    with locked_study(recruitment.study_id):
        for row in rows:
            named = reference_hash(recruitment, (row.get("Submission id") or "").strip())
            submission = Submission.objects.filter(recruitment=recruitment, reference_hash=named).first()
            if submission is None:
                unknown += 1
                continue
            session = submission.session
            said = {name: plain((row.get(name) or "").strip().replace(";", ","), 100) for name in DEMOGRAPHICS}
            session.entry_answers |= {f"prolific:{name}": [text] for name, text in said.items() if text not in UNSAID}
            session.save(update_fields=["entry_answers"])
            kept += 1
    return kept, unknown


def _top_up(recruitment: Recruitment) -> int:
    """Ask for more places where slots reopened; never for more than `most_places`, without which for none.

    Of several that are on Prolific for one study, the newest asks: together they would ask for each slot twice.
    """
    others = Recruitment.objects.filter(study=recruitment.study_id, platform=Platform.PROLIFIC, ended_at__isnull=True)
    if others.filter(pk__gt=recruitment.pk).exists():
        return 0
    most = recruitment.options.get("most_places", 0)
    wanted = min(places_wanted(recruitment), most)
    if recruitment.study.state != StudyState.OPEN or wanted <= recruitment.places:
        return 0
    if wanted <= prolific_api.places_of(recruitment.external_study):
        return 0
    prolific_api.set_places(recruitment.external_study, wanted)
    Recruitment.objects.filter(pk=recruitment.pk).update(places=wanted)
    return wanted

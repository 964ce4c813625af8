"""What a study holds about whom, and until when: by pseudonym and kind, never an id or a word in clear."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce

from .models import (
    Assignment,
    Consent,
    ConsentVersion,
    Evaluator,
    Exclusion,
    Invitation,
    ListedEvaluator,
    Note,
    PlatformEvent,
    PlatformIdentity,
    Remark,
    Session,
    Study,
    Submission,
    Vote,
)

WITHDRAWN = "its evaluator withdraws"


@dataclass(frozen=True)
class KindHeld:
    """One kind of rows. sessions: how many they are about."""

    kind: str
    rows: int
    sessions: int
    until: str = WITHDRAWN


@dataclass(frozen=True)
class SessionHeld:
    """What is held about one session, by its pseudonym; numbers of rows. identity_until: None where no id is kept."""

    pseudonym: str
    platform: str
    arrived: datetime
    last_active: datetime
    votes: int
    comments: int
    notes: int
    entry_answers: int
    device_check: bool
    identity_until: datetime | None


@dataclass(frozen=True)
class Held:
    """All that `privacy_report` says. Rehearsals are counted apart: nobody is behind them.

    consents     (version, language, how many agreed), in order
    platforms    (platform, evaluators known by a keyed hash)
    withdrawals  when each was, in order
    """

    kinds: list[KindHeld]
    sessions: list[SessionHeld]
    consents: list[tuple[int, str, int]]
    platforms: list[tuple[str, int]]
    withdrawals: list[datetime]
    simulated: int


def held_about(study: Study) -> Held:
    """As many queries whatever the size."""
    own = Session.objects.filter(study=study, rehearsal=False)
    agreed = dict(
        Consent.objects.filter(session__in=own).order_by().values_list("version").annotate(n=Count("pk"))
    )
    platforms = Evaluator.objects.filter(sessions__in=own).order_by("platform").values_list("platform")
    return Held(
        kinds=[*_kinds(own), *_left_by_withdrawal(study, own)],
        sessions=_sessions(own),
        consents=[
            (row.version, row.language, agreed.get(row.pk, 0))
            for row in ConsentVersion.objects.filter(study=study).order_by("version", "language")
        ],
        platforms=list(platforms.annotate(n=Count("pk", distinct=True))),
        withdrawals=list(
            study.withdrawals.filter(rehearsal=False).order_by("at", "pk").values_list("at", flat=True)
        ),
        simulated=Session.objects.filter(study=study, rehearsal=True).count(),
    )


def _kinds(own: QuerySet[Session]) -> list[KindHeld]:
    trials = Assignment.objects.filter(session__in=own)
    remarks = Remark.objects.filter(assignment__in=trials)
    about = Exclusion.objects.filter(Q(session__in=own) | Q(assignment__session__in=own))
    tables = {
        "votes": (Vote.objects.filter(assignment__in=trials), "assignment__session"),
        "trials with what was watched": (trials, "session"),
        "comments": (remarks.exclude(comment=""), "assignment__session"),
        "reasons and moments": (remarks.exclude(reasons={}, decided_s__isnull=True), "assignment__session"),
        "notes to the researchers": (Note.objects.filter(session__in=own), "session"),
        "consents": (Consent.objects.filter(session__in=own), "session"),
        "exclusions": (about, Coalesce("session", "assignment__session")),
        "platform records": (Submission.objects.filter(session__in=own), "session"),
        "invitations used": (Invitation.objects.filter(session__in=own), "session"),
    }
    found = [
        KindHeld(kind, **rows.aggregate(rows=Count("pk"), sessions=Count(path, distinct=True)))
        for kind, (rows, path) in tables.items()
    ]
    answered = [len(answers) for answers in own.exclude(entry_answers={}).values_list("entry_answers", flat=True)]
    checked, grouped = own.filter(checked_at__isnull=False).count(), own.exclude(group="").count()
    ids = PlatformIdentity.objects.filter(evaluator__sessions__in=own)
    last = ids.order_by("delete_after").values_list("delete_after", flat=True).last()
    return [
        KindHeld("sessions: pseudonym, token, codes, times", own.count(), own.count()),
        *found,
        KindHeld("entry answers", sum(answered), len(answered)),
        KindHeld("declared groups", grouped, grouped),
        KindHeld("device checks", checked, checked),
        KindHeld(
            "platform ids, encrypted", ids.count(), ids.count(),
            f"each its own day, the last {last:%Y-%m-%d}" if last else "none is kept",
        ),
    ]  # fmt: skip


def _left_by_withdrawal(study: Study, own: QuerySet[Session]) -> list[KindHeld]:
    known = Evaluator.objects.filter(sessions__in=own)
    listed = ListedEvaluator.objects.filter(identity_hash__in=known.values("identity_hash")).count()
    events = PlatformEvent.objects.filter(recruitment__study=study).count()
    return [
        KindHeld("places on lists of evaluators, by keyed hash", listed, listed, "the list is changed"),
        KindHeld("platforms' messages, by keyed hash", events, 0, "the study is deleted"),
    ]


def _sessions(own: QuerySet[Session]) -> list[SessionHeld]:
    def per_session(rows: QuerySet, path: str) -> dict[int, int]:
        return dict(rows.order_by().values_list(path).annotate(n=Count("pk")))

    votes = per_session(Vote.objects.filter(assignment__session__in=own), "assignment__session")
    remarks = Remark.objects.filter(assignment__session__in=own).exclude(comment="")
    comments = per_session(remarks, "assignment__session")
    notes = per_session(Note.objects.filter(session__in=own), "session")
    return [
        SessionHeld(
            pseudonym=session.pseudonym,
            platform=session.evaluator.platform,
            arrived=session.started_at,
            last_active=session.last_active_at,
            votes=votes.get(session.pk, 0),
            comments=comments.get(session.pk, 0),
            notes=notes.get(session.pk, 0),
            entry_answers=len(session.entry_answers),
            device_check=session.checked_at is not None,
            identity_until=identity.delete_after if (identity := _identity(session)) else None,
        )
        for session in own.select_related("evaluator__identity").order_by("started_at", "pk")
    ]


def _identity(session: Session) -> PlatformIdentity | None:
    return getattr(session.evaluator, "identity", None)

"""Recruiting: who arrives from where, and what a platform says of their session afterwards."""

import json
import secrets
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from studies.codes import LETTERS
from studies.models import (
    Evaluator,
    Platform,
    PlatformEvent,
    Recruitment,
    Session,
    Study,
    Submission,
    SubmissionStatus,
)
from studies.platforms import ADAPTERS, adapter_of
from studies.platforms.protocol import CLOCK_SKEW, TAKEN_BACK, Arrival, NotThisWay, Word
from studies.platforms.sona import credit_problem
from studies.platforms.sona_api import server_credit_problem

from .identities import identity_of, keep_identity, keeps_identities
from .leases import return_session
from .locks import locked_study
from .sessions import keyed_hash, start_session

CODES = ("completion_code", "screen_out_code", "failed_check_code")
CODE_LETTERS = 8
# Of two words of one second, the later in a submission's life stands.
LIFE = {SubmissionStatus.ACTIVE: 0, SubmissionStatus.AWAITING: 1}
LAST = 2
GIVEN_BACK = (SubmissionStatus.RETURNED, SubmissionStatus.TIMED_OUT)
HANDED_IN = (SubmissionStatus.AWAITING, SubmissionStatus.APPROVED)
DUPLICATE = "sent again: nothing done"
UNKNOWN = "about no submission that is known"
OLDER = "older than what is known: nothing changed"


class TookPart(Exception):
    """Who comes with a further submission has finished before, by one that the platform still counts."""


class CannotRecruit(ValueError):
    """Nothing was written; the message says why and what to do."""


def create_recruitment(study: Study, platform: str, *, at: datetime, key: str = "", **fields: Any) -> Recruitment:
    """One way in which a study recruits. Codes that the platform takes and that are not given are made.

    key      empty for the study's key and the platform's name
    fields   as `Recruitment` has them
    Raises   CannotRecruit
    """
    if platform not in ADAPTERS:
        known = ", ".join(ADAPTERS)
        raise CannotRecruit(f"There is nothing that speaks to '{platform}' (there is: {known}).")
    adapter = adapter_of(platform)
    if adapter.needs_identities and not keeps_identities():
        raise CannotRecruit(
            f"{Platform(platform).label} is told at the end who took part, and no key is set to keep that with: "
            "set REALTALK_IDENTITY_KEYS (`manage.py identities --new-key` makes one)."
        )
    if adapter.makes_codes:
        for name in ("completion_code", "screen_out_code"):
            fields[name] = fields.get(name) or "".join(secrets.choice(LETTERS) for _ in range(CODE_LETTERS))
    elif any(fields.get(name) for name in CODES):
        raise CannotRecruit(f"{Platform(platform).label} knows no codes: leave them out.")
    if platform == Platform.SONA and (problem := _credit_problem(fields.get("options", {}))):
        raise CannotRecruit(problem)
    _refuse_same_codes(fields)
    fields["key"] = key or f"{study.key}-{platform}"
    if Recruitment.objects.filter(key=fields["key"]).exists():
        raise CannotRecruit(
            f"There is a way in called '{fields['key']}' already: give another --name, or leave --platform out to "
            "change it or to invite further people."
        )
    recruitment = Recruitment(study=study, platform=platform, created_at=at, **fields)
    return _keep(recruitment)


def change_recruitment(recruitment: Recruitment, **fields: Any) -> Recruitment:
    """What is told of it afterwards, such as its reward. fields: as `Recruitment` has them; codes stay as they are.

    Raises  CannotRecruit
    """
    options = {**recruitment.options, **fields.pop("options", {})}
    if recruitment.platform == Platform.SONA and (problem := _credit_problem(options)):
        raise CannotRecruit(problem)
    for name, value in {**fields, "options": options}.items():
        setattr(recruitment, name, value)
    return _keep(recruitment)


def _keep(recruitment: Recruitment) -> Recruitment:
    try:
        recruitment.full_clean()
    except ValidationError as refusal:
        raise CannotRecruit(" ".join(refusal.messages)) from None
    with locked_study(recruitment.study_id):
        recruitment.save()
    return recruitment


def recruitment_named(study: Study, name: str) -> Recruitment:
    """The study's way in with this key; without one, its only one. Raises CannotRecruit."""
    there = list(study.recruitments.order_by("pk"))
    found = [one for one in there if one.key == name] if name else there
    if len(found) == 1:
        return found[0]
    known = ", ".join(one.key for one in there) or "none yet"
    said = f"'{study.key}' has no way in called '{name}'" if name else "Which way in? Add --name"
    raise CannotRecruit(f"{said} (there is: {known}).")


def newest_recruitment(study_id: int, platform: str) -> Recruitment | None:
    """The last way in of a study on this platform; None where it has none there."""
    return Recruitment.objects.filter(study=study_id, platform=platform).order_by("-pk").first()


def end_recruitment(recruitment: Recruitment, *, at: datetime) -> Recruitment:
    """Nobody new comes this way any more; who came goes on. The first end stands."""
    if recruitment.ended_at is None:
        recruitment.ended_at = at
        recruitment.save(update_fields=["ended_at"])
    return recruitment


def arrive(recruitment: Recruitment, arrival: Arrival, *, at: datetime, language: str = "") -> Session:
    """The session of someone whom the platform sends: a new one, or their own.

    Who gave a submission back and comes with a new one goes on where they were.
    Raises  NotThisWay where the submission is another person's; TookPart, StudyNotOpen, NotListed
    """
    with locked_study(recruitment.study_id):
        identity = arrival.identity
        session = start_session(
            recruitment.study_id, at=at, platform=recruitment.platform, identity=identity, language=language
        )
        if arrival.reference:
            _keep_submission(recruitment, session, arrival, at=at)
        if identity is not None and recruitment.platform in (Platform.PROLIFIC, Platform.MTURK, Platform.SONA):
            kept = {"participant": identity, "submission": arrival.reference, "address": arrival.address}
            keep_identity(session.evaluator, json.dumps(kept), at=at)
    return session


def hear(recruitment: Recruitment, word: Word, *, at: datetime, by: str = "webhook") -> str:
    """Take one message of the platform, once, and do what it asks for.

    Returned, timed out and rejected free the session's trials at once. An older word changes nothing.
    by       through what it was heard: kept in the submission's history
    Returns  what came of it, in words without anybody's id
    """
    with locked_study(recruitment.study_id):
        event_key = keyed_hash(f"event:{word.key}")  # the platform's name for it may lead to a person
        if recruitment.events.filter(event_key=event_key).exists():
            return DUPLICATE
        outcome = follow(recruitment, word.reference, word.status, said_at=word.sent_at, at=at, by=by)
        PlatformEvent.objects.create(
            recruitment=recruitment,
            event_key=event_key,
            kind=word.kind,
            sent_at=word.sent_at,
            received_at=at,
            outcome=outcome,
        )
        return outcome


def follow(
    recruitment: Recruitment,
    reference: str,
    status: SubmissionStatus | None,
    *,
    said_at: datetime,
    at: datetime,
    by: str,
) -> str:
    """Keep a submission in step with what was said of it. As `hear`; saying the same twice changes nothing.

    said_at  by the platform's clock; of one that is far ahead no more is believed than of any
    """
    said_at = min(said_at, at + CLOCK_SKEW)
    with locked_study(recruitment.study_id):
        found = recruitment.submissions.filter(reference_hash=reference_hash(recruitment, reference))
        submission = found.first() if reference else None
        if submission is None or status is None:
            return UNKNOWN if submission is None else "a word that is not known: nothing changed"
        was = SubmissionStatus(submission.status)
        if status == was:
            if said_at > submission.status_at:  # it still says so: what it said before is older than this
                submission.status_at = said_at
                submission.save(update_fields=["status_at"])
            return f"still {status}"
        if (said_at, LIFE.get(status, LAST)) < (submission.status_at, LIFE.get(was, LAST)):
            return OLDER
        submission.late = submission.late or (was in GIVEN_BACK and status in HANDED_IN)
        _say(submission, status, said_at=said_at, at=at, by=by)
        if status in TAKEN_BACK:
            return_session(submission.session_id, at=at)
        elif status == SubmissionStatus.ACTIVE:
            _go_on(submission.session)
        return f"now {status}"


def note_ending(session_id: int, *, which: str, at: datetime) -> None:
    """Remember which code a session was shown, and whether it ended after the platform had taken it back."""
    submission = Submission.objects.filter(session=session_id).select_related("session").first()
    if submission is None or submission.code_given == which:
        return
    with locked_study(submission.session.study_id):
        submission.refresh_from_db()
        submission.code_given = which
        submission.late = submission.late or submission.status in TAKEN_BACK
        submission.save(update_fields=["code_given", "late"])


def told_of(evaluator: Evaluator, *, at: datetime) -> dict[str, str]:
    """What the platform calls this evaluator: participant, submission, address. Empty where it is not kept."""
    try:
        kept = json.loads(identity_of(evaluator, at=at) or "{}")
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}


def _keep_submission(recruitment: Recruitment, session: Session, arrival: Arrival, *, at: datetime) -> None:
    named = reference_hash(recruitment, arrival.reference)
    known = Submission.objects.filter(recruitment=recruitment, reference_hash=named).first()
    if known is not None:
        if known.session_id != session.pk:
            raise NotThisWay("The link belongs to somebody else.")
        return
    submission = Submission.objects.filter(session=session).first() or Submission(session=session)
    if submission.pk:
        if (session.finished_at or session.screened_out_at) and submission.status not in TAKEN_BACK:
            raise TookPart
        _go_on(session)
    submission.recruitment, submission.reference_hash = recruitment, named
    # The platform has said nothing yet: whatever it says, by a clock that may be behind ours, is newer.
    _say(submission, SubmissionStatus.ACTIVE, said_at=at - CLOCK_SKEW, at=at, by="arrival")


def _go_on(session: Session) -> None:
    """A session that was given back is its evaluator's again."""
    if session.returned_at and not session.finished_at:
        session.returned_at = None
        session.save(update_fields=["returned_at"])


def _say(submission: Submission, status: SubmissionStatus, *, said_at: datetime, at: datetime, by: str) -> None:
    submission.status, submission.status_at = status, said_at
    heard = {"status": str(status), "at": said_at.isoformat(), "heard_at": at.isoformat(), "by": by}
    submission.history = [*submission.history, heard]
    submission.save()


def reference_hash(recruitment: Recruitment, reference: str) -> str:
    """What a submission is known by: the keyed hash of its id on the platform."""
    return keyed_hash(f"submission:{recruitment.platform}:{reference}")


def _credit_problem(options: dict[str, Any]) -> str:
    server = options.get("server_credit_address")
    return credit_problem(options.get("credit_address", "")) or (server_credit_problem(server) if server else "")


def _refuse_same_codes(fields: dict[str, Any]) -> None:
    codes = [fields.get(name, "") for name in CODES]
    given = [code for code in codes if code]
    if len(given) != len(set(given)):
        raise CannotRecruit("Two of the codes are the same: the platform could not tell them apart.")

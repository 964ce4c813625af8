"""What each evaluator's page is given: frozen, and without a field that could hold a condition."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from math import ceil

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from .captions import cues
from .check_queries import right_side
from .checks import instruction_at
from .coverage import PARTS
from .entry_pages import Language, debriefing_of, languages_for, support_of
from .media import media_address
from .models import Assignment, AssignmentState, EntryKind, ItemKind, QuestionForm, Session, Study, TrialKind
from .queries import check_items, practice_items, speakers_have_sound, timeline_s, worked_trials
from .services.deals import PRACTICE_TRIALS
from .services.withdrawals import receipt_for
from .texts import language_of, title_of, translations

RETRY_S = 30
SECONDS_TO_DECIDE = 6
CHOICES = {
    QuestionForm.FORCED: ["left", "right"],
    QuestionForm.TIE: ["left", "tie", "right"],
    QuestionForm.STRENGTH: ["left2", "left1", "tie", "right1", "right2"],
}


@dataclass(frozen=True)
class CheckPage:
    """counts: the numbers of tones that may be answered, beside none."""

    title: str
    token: str
    has_sound: bool
    has_captions: bool
    support: str
    counts: tuple[int, ...] = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class InstructionsPage:
    """pass_mark: of the practice trials, 0 for none. has_questions: some about the task come next."""

    title: str
    token: str
    questions: list[str]
    asks_when: bool
    instructions: str
    practice_trials: int
    pass_mark: int
    has_attention_checks: bool
    may_skip: bool
    has_questions: bool
    trials: int
    minutes: int
    support: str
    languages: list[Language]


@dataclass(frozen=True)
class TrialQuestion:
    """One question as the browser gets it.

    choices  the answers it takes, from left to right: of five points, left2 is clearly left and left1 slightly
    reasons  {"key": ..., "text": ...}, for ticking once it is answered
    """

    key: str
    text: str
    choices: list[str]
    reasons: list[dict[str, str]]


@dataclass(frozen=True)
class Trial:
    """One trial as the browser gets it.

    practice  its round, 1 or 2; 0 for all other trials
    number    of total, from 1: in its round of practice, or among all other trials
    watched   what earlier loads of the page reported, merged: [from_s, to_s] by part
    captions  of the speaker: (from_s, to_s, text); empty where the study shows none
    instruction  of an attention check: [at_s, text], shown from that moment of the clip on; empty for all others
    """

    assignment: str
    practice: int
    number: int
    total: int
    questions: list[TrialQuestion]
    asks_comment: bool
    asks_when: bool
    length_s: float
    elapsed_s: float
    watched: dict[str, list[list[float]]]
    captions: list[tuple[float, float, str]]
    instruction: list
    media: dict[str, str]


@dataclass(frozen=True)
class TrialPage:
    """may_skip: whether a trial may be left out, for what it may stir up; support: where to turn then."""

    title: str
    token: str
    may_skip: bool = False
    support: str = ""
    trial: dict = field(default_factory=dict)

    @property
    def number(self) -> int:
        return self.trial["number"]

    @property
    def total(self) -> int:
        return self.trial["total"]

    @property
    def practice(self) -> bool:
        return self.trial["practice"]

    @property
    def question(self) -> str:
        return self.trial["questions"][0]["text"]


@dataclass(frozen=True)
class WaitingPage:
    title: str
    token: str
    retry_s: int
    support: str


@dataclass(frozen=True)
class ThanksPage:
    """debriefing: in paragraphs. return_address: a platform's own, by which the evaluator goes back to it."""

    title: str
    token: str
    answered: int
    debriefing: list[str]
    support: str
    completion_code: str = ""
    return_address: str = ""
    receipt: str = ""


@dataclass(frozen=True)
class MessagePage:
    title: str
    heading: str
    text: str
    remedy: str
    completion_code: str = ""
    return_address: str = ""


def check_page(session: Session) -> CheckPage:
    has_sound = speakers_have_sound(session.study)
    return CheckPage(
        _title(session),
        session.token,
        has_sound=has_sound,
        has_captions=session.study.shows_captions,
        support=support_of(session.study, session.language),
    )


def instructions_page(session: Session) -> InstructionsPage:
    study = session.study
    said = translations(study, session.language)
    practice = min(practice_items(study).count(), PRACTICE_TRIALS)
    trials = study.trials_per_session + check_items(study).count() + study.retests_per_session
    return InstructionsPage(
        title=said.get("title", study.title),
        token=session.token,
        questions=[asked.text for asked in _questions(study, said)],
        asks_when=study.asks_when,
        instructions=said.get("instructions", study.instructions),
        practice_trials=practice,
        pass_mark=min(study.practice_pass_mark, practice),
        has_attention_checks=check_items(study).filter(kind=ItemKind.ATTENTION).exists(),
        may_skip=bool(study.content_warning),
        has_questions=study.entry_questions.filter(kind=EntryKind.COMPREHENSION).exists(),
        trials=trials,
        minutes=_minutes(study, practice + trials),
        support=said.get("support", study.support),
        languages=_languages_of(session),
    )


def trial_page(session: Session, assignment: Assignment, *, at: datetime) -> TrialPage:
    return TrialPage(
        _title(session), session.token, may_skip=bool(session.study.content_warning),
        support=support_of(session.study, session.language), trial=asdict(trial_of(session, assignment, at=at)),
    )  # fmt: skip


def waiting_page(session: Session) -> WaitingPage:
    return WaitingPage(_title(session), session.token, RETRY_S, support_of(session.study, session.language))


def thanks_page(session: Session, *, code: str, address: str) -> ThanksPage:
    return ThanksPage(
        title=_title(session),
        token=session.token,
        answered=worked_trials(session).count(),
        debriefing=debriefing_of(session.study, session.language),
        support=support_of(session.study, session.language),
        completion_code=code,
        return_address=address,
        receipt=receipt_for(session),
    )


def trial_of(session: Session, assignment: Assignment, *, at: datetime) -> Trial:
    study = session.study
    practice, number, total = _count(session, assignment)
    began = assignment.began_at or at
    return Trial(
        assignment=str(assignment.key),
        practice=practice,
        number=number,
        total=total,
        questions=_questions(study, translations(study, session.language)),
        asks_comment=study.asks_comment,
        asks_when=study.asks_when,
        length_s=timeline_s(assignment.item),
        elapsed_s=max(0.0, (at - began).total_seconds()),
        watched=merged_watched(assignment.views),
        captions=_captions(study, assignment),
        instruction=_instruction(assignment),
        media=media_of(assignment, at=at),
    )


def _questions(study: Study, said: dict[str, str]) -> list[TrialQuestion]:
    """In order, in the words of `said` where it has them."""
    return [
        TrialQuestion(
            asked.key,
            said.get(f"question:{asked.key}", asked.text),
            CHOICES[QuestionForm(asked.form)],
            [
                {"key": reason["key"], "text": said.get(f"reason:{asked.key}:{reason['key']}", reason["text"])}
                for reason in asked.reasons
            ],
        )
        for asked in study.questions.order_by("position")
    ]


def _title(session: Session) -> str:
    return title_of(session.study, session.language)


def _languages_of(session: Session) -> list[Language]:
    return languages_for(session.study, language_of(session))


def _captions(study: Study, assignment: Assignment) -> list[tuple[float, float, str]]:
    if not study.shows_captions:
        return []
    return cues(assignment.item.speaker.transcript, length_s=timeline_s(assignment.item))


def _instruction(assignment: Assignment) -> list:
    if assignment.kind != TrialKind.ATTENTION:
        return []
    said = {
        "left": _("This checks that you are watching: choose the listener on the left now, whatever you think."),
        "right": _("This checks that you are watching: choose the listener on the right now, whatever you think."),
    }
    at_s = instruction_at(assignment.key, length_s=timeline_s(assignment.item))
    side = right_side(assignment)
    return [at_s, said[side]] if side else []


def media_of(assignment: Assignment, *, at: datetime) -> dict[str, str]:
    return {part: media_address(assignment.key, part, at=at) for part in PARTS}


def merged_watched(views: dict) -> dict[str, list[list[float]]]:
    """Every interval that any load of the page reported, by part, in seconds, in order of start."""
    return {
        part: sorted(span for view in views.values() for span in view["watched"].get(part, []))
        for part in PARTS
    }


def _count(session: Session, assignment: Assignment) -> tuple[int, int, int]:
    """(round of practice or 0, number in it, total), as `Trial` has them."""
    gone = [AssignmentState.EXPIRED, AssignmentState.RETURNED]
    is_practice = Q(kind=TrialKind.PRACTICE)
    own = session.assignments.exclude(state__in=gone)
    if assignment.kind != TrialKind.PRACTICE:
        counted = own.exclude(is_practice).aggregate(before=_before(assignment), total=Count("pk"))
        return 0, counted["before"] + 1, counted["total"]
    counted = own.filter(is_practice).aggregate(before=_before(assignment), items=Count("item", distinct=True))
    rounds, before = divmod(counted["before"], max(1, counted["items"]))
    return rounds + 1, before + 1, counted["items"]


def _before(assignment: Assignment) -> Count:
    return Count("pk", filter=Q(position__lt=assignment.position))


def _minutes(study: Study, trials: int) -> int:
    lengths = list(study.items.values_list("speaker__length_s", flat=True))
    mean_s = sum(lengths) / len(lengths) if lengths else 0
    return max(1, ceil(trials * (mean_s + SECONDS_TO_DECIDE) / 60))

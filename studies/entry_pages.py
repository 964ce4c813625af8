"""The pages before a trial and after the last one: what they are given, frozen, without a word of conditions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from .entry import AGE, PRACTICE
from .entry_queries import questions_due, tries_of
from .models import EntryKind, EntryQuestion, Session, Study
from .queries import has_worked
from .services.withdrawals import receipt_for
from .texts import consent_in_force, language_of, languages_offered, translations


@dataclass(frozen=True)
class Language:
    """One that the study is offered in; `name_local` is what its speakers call it."""

    code: str
    name_local: str
    bidi: bool
    is_current: bool


@dataclass(frozen=True)
class LandingPage:
    title: str
    intro: str
    warning: str
    support: str
    languages: list[Language]


@dataclass(frozen=True)
class ConsentPage:
    """least_age: 0 where nobody is asked. missing: which ticks were not there when it was sent: agree, age.

    may_end: whoever has worked and does not agree to a text that has changed may end with thanks
    """

    title: str
    token: str
    version: int
    language: str
    text_paragraphs: list[str]
    is_new_text: bool
    warning: str
    support: str
    least_age: int
    may_end: bool
    languages: list[Language]
    ticked: Collection[str] = ()
    missing: Collection[str] = ()


@dataclass(frozen=True)
class ShownOption:
    key: str
    text: str
    is_chosen: bool


@dataclass(frozen=True)
class ShownQuestion:
    """told: why the answer before was not right. is_missing: sent without an answer."""

    key: str
    text: str
    options: list[ShownOption]
    told: str = ""
    is_missing: bool = False


@dataclass(frozen=True)
class EntryPage:
    """tries: how often these questions were answered before."""

    title: str
    token: str
    tries: int
    is_comprehension: bool
    questions: list[ShownQuestion]
    support: str
    languages: list[Language]

    @property
    def missing(self) -> list[ShownQuestion]:
        return [question for question in self.questions if question.is_missing]


@dataclass(frozen=True)
class ScreenedOutPage:
    """why: of the rule; explanation: the researchers' own words, empty where there are none.

    debriefing  for whoever has seen videos, in paragraphs
    """

    title: str
    token: str
    why: str
    explanation: str
    debriefing: list[str]
    support: str
    completion_code: str = ""
    return_address: str = ""
    receipt: str = ""


def landing_page(study: Study, language: str) -> LandingPage:
    said = translations(study, language)
    return LandingPage(
        title=said.get("title", study.title),
        intro=said.get("introduction", study.introduction),
        warning=said.get("content_warning", study.content_warning),
        support=said.get("support", study.support),
        languages=languages_for(study, language),
    )


def consent_page(session: Session, *, ticked: Collection[str] = (), missing: Collection[str] = ()) -> ConsentPage:
    study, said = session.study, translations(session.study, session.language)
    text = consent_in_force(study, session.language)
    return ConsentPage(
        title=said.get("title", study.title),
        token=session.token,
        version=text.version,
        language=text.language,
        text_paragraphs=_paragraphs(text.text),
        is_new_text=session.consents.exists(),
        warning=said.get("content_warning", study.content_warning),
        support=said.get("support", study.support),
        least_age=study.least_age or 0,
        may_end=has_worked(session),
        languages=languages_for(study, language_of(session)),
        ticked=ticked,
        missing=missing,
    )


def entry_page(
    session: Session, *, chosen: Mapping[str, str] | None = None, missing: Collection[str] = ()
) -> EntryPage:
    """The questions that are due. chosen, missing: of one that was sent with questions left out."""
    study, said = session.study, translations(session.study, session.language)
    due = questions_due(session)
    return EntryPage(
        title=said.get("title", study.title),
        token=session.token,
        tries=len(tries_of(session, due[0])),
        is_comprehension=due[0].kind == EntryKind.COMPREHENSION,
        questions=[_shown(session, row, said, chosen or {}, row.key in missing) for row in due],
        support=said.get("support", study.support),
        languages=languages_for(study, language_of(session)),
    )


def screened_out_page(session: Session, *, code: str, address: str) -> ScreenedOutPage:
    study, said = session.study, translations(session.study, session.language)
    why, explanation = _why(session, said)
    return ScreenedOutPage(
        title=said.get("title", study.title),
        token=session.token,
        why=why,
        explanation=explanation,
        debriefing=debriefing_of(study, session.language) if session.screened_out_why == PRACTICE else [],
        support=said.get("support", study.support),
        completion_code=code,
        return_address=address,
        receipt=receipt_for(session),
    )


def debriefing_of(study: Study, language: str) -> list[str]:
    """What the study was about, in paragraphs; none where nothing is written."""
    return _paragraphs(translations(study, language).get("debriefing", study.debriefing))


def _paragraphs(text: str) -> list[str]:
    return [part.strip() for part in text.split("\n\n") if part.strip()]


def support_of(study: Study, language: str) -> str:
    return translations(study, language).get("support", study.support)


def languages_for(study: Study, current: str) -> list[Language]:
    return [
        Language(info["code"], info["name_local"], info["bidi"], info["code"] == current)
        for info in map(get_language_info, languages_offered(study))
    ]


def _shown(
    session: Session, row: EntryQuestion, said: Mapping[str, str], chosen: Mapping[str, str], is_missing: bool
) -> ShownQuestion:
    was_wrong = bool(tries_of(session, row))
    return ShownQuestion(
        row.key,
        said.get(f"entry:{row.key}", row.text),
        [
            ShownOption(
                one["key"],
                said.get(f"entry_option:{row.key}:{one['key']}", one["text"]),
                chosen.get(row.key) == one["key"],
            )
            for one in row.options
        ],
        said.get(f"entry_explanation:{row.key}", row.explanation) if was_wrong else "",
        is_missing,
    )


def _why(session: Session, said: Mapping[str, str]) -> tuple[str, str]:
    """Why the session was screened out: our sentence, and the researchers' explanation."""
    why = session.screened_out_why
    if why == PRACTICE:
        return _("Too few of the practice trials were answered in the way that this study needs."), ""
    if why == AGE:
        return _("You are younger than those whom this study may ask."), ""
    row = session.study.entry_questions.filter(key=why).first()
    if row is None:
        return _("This study needs other people just now."), ""
    if row.kind == EntryKind.GROUP:
        return _("As many people of your group as the study needs have taken part already."), ""
    explanation = said.get(f"entry_explanation:{row.key}", row.explanation)
    if row.kind == EntryKind.COMPREHENSION:
        return _("A question about the task was answered in another way than it is meant, twice."), explanation
    return _("One of your answers is not among those with which one can take part."), explanation

"""A study's texts in several languages: what evaluators read, what is translated, and which languages are offered."""

from collections.abc import Iterable

from django.conf import settings
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

from .models import ConsentVersion, Session, Study, StudyText

CONSENT = "consent"


def original_texts(study: Study) -> dict[str, str]:
    """All that evaluators read in the study's own language, by field (`studies.models.StudyText`, and consent)."""
    texts = {"title": study.title, "introduction": study.introduction, "instructions": study.instructions}
    for question in study.questions.order_by("position"):
        texts[f"question:{question.key}"] = question.text
        texts |= {f"reason:{question.key}:{reason['key']}": reason["text"] for reason in question.reasons}
    consent = consent_in_force(study)
    if consent is not None:
        texts[CONSENT] = consent.text
    return {field: text for field, text in texts.items() if text.strip()}


def translations(study: Study, language: str) -> dict[str, str]:
    """The texts in this language, by field; nothing of the study's own language, whose texts are the originals."""
    if language in ("", study.language):
        return {}
    return dict(StudyText.objects.filter(study=study, language=language).values_list("field", "text"))


def missing_texts(study: Study, language: str) -> list[str]:
    """The fields that keep the study from being offered in this language."""
    there = set(translations(study, language))
    consent = consent_in_force(study, language)
    if consent is not None and consent.language == language:
        there.add(CONSENT)
    return [field for field in original_texts(study) if field not in there]


def languages_offered(study: Study) -> list[str]:
    """The study's own language, then each in which every text is there: a page in two languages helps nobody."""
    begun = set(StudyText.objects.filter(study=study).values_list("language", flat=True))
    others = [code for code, _ in settings.LANGUAGES if code in begun and code != study.language]
    return [study.language, *(code for code in others if not missing_texts(study, code))]


def chosen_language(study: Study, *, asked: str, accepted: str) -> str:
    """The language for someone who arrives: the one asked for by name, else the first the browser accepts."""
    offered = languages_offered(study)
    if asked in offered:
        return asked
    return next((code for code in _supported(accepted) if code in offered), study.language)


def consent_in_force(study: Study, language: str = "") -> ConsentVersion | None:
    """The newest wording: in this language if it is there, else in the study's own."""
    rows = list(ConsentVersion.objects.filter(study=study).order_by("-version"))
    newest = [row for row in rows if row.version == rows[0].version]
    by_language = {row.language: row for row in newest}
    return by_language.get(language) or by_language.get(study.language) or next(iter(newest), None)


def language_of(session: Session) -> str:
    return session.language or session.study.language


def _supported(accepted: str) -> Iterable[str]:
    """The languages of an Accept-Language header that these pages have, in its order."""
    for code, _ in parse_accept_lang_header(accepted.lower()):
        try:
            yield get_supported_language_variant(code)
        except LookupError:
            continue

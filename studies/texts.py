"""A study's texts in several languages: what evaluators read, what is translated, and which languages are offered."""

from collections import defaultdict
from collections.abc import Iterable

from django.conf import settings
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

from .models import ConsentVersion, Session, Study, StudyText

CONSENT = "consent"
WRITTEN = ("title", "introduction", "instructions", "content_warning", "support", "debriefing")


def original_texts(study: Study) -> dict[str, str]:
    """All that evaluators read in the study's own language, by field (`studies.models.StudyText`, and consent)."""
    texts = {name: getattr(study, name) for name in WRITTEN}
    for question in study.questions.order_by("position"):
        texts[f"question:{question.key}"] = question.text
        texts |= {f"reason:{question.key}:{reason['key']}": reason["text"] for reason in question.reasons}
    for asked in study.entry_questions.order_by("position"):
        texts[f"entry:{asked.key}"] = asked.text
        texts |= {f"entry_option:{asked.key}:{option['key']}": option["text"] for option in asked.options}
        texts[f"entry_explanation:{asked.key}"] = asked.explanation
    consent = consent_in_force(study)
    if consent is not None:
        texts[CONSENT] = consent.text
    return {field: text for field, text in texts.items() if text.strip()}


def translations(study: Study, language: str) -> dict[str, str]:
    """The texts in this language, by field; nothing of the study's own language, whose texts are the originals."""
    if language in ("", study.language):
        return {}
    return dict(StudyText.objects.filter(study=study, language=language).values_list("field", "text"))


def title_of(study: Study, language: str) -> str:
    return translations(study, language).get("title", study.title)


def translated_texts(study: Study, language: str) -> dict[str, str]:
    """All that is there in another language than the study's own: the translations, and consent."""
    texts = translations(study, language)
    consent = consent_in_force(study, language)
    if consent is not None and consent.language == language:
        texts[CONSENT] = consent.text
    return texts


def missing_texts(study: Study, language: str) -> list[str]:
    """The fields that keep the study from being offered in this language."""
    there = translated_texts(study, language)
    return [field for field in original_texts(study) if field not in there]


def languages_offered(study: Study) -> list[str]:
    """The study's own language, then each in which every text is there: a page in two languages helps nobody.

    As many queries whatever the number of languages, and one where nothing is translated.
    """
    there = defaultdict(set)
    for language, field in StudyText.objects.filter(study=study).values_list("language", "field"):
        there[language].add(field)
    if not there:
        return [study.language]
    for version in _newest_consents(study):
        there[version.language].add(CONSENT)
    needed = original_texts(study).keys()
    others = [code for code, _ in settings.LANGUAGES if code != study.language and needed <= there[code]]
    return [study.language, *others]


def chosen_language(study: Study, *, asked: str, accepted: str) -> str:
    """The language for someone who arrives: the one asked for by name, else the first the browser accepts."""
    offered = languages_offered(study)
    if asked in offered:
        return asked
    return next((code for code in _supported(accepted) if code in offered), study.language)


def consent_in_force(study: Study, language: str = "") -> ConsentVersion | None:
    """The newest wording: in this language if it is there, else in the study's own."""
    newest = _newest_consents(study)
    by_language = {row.language: row for row in newest}
    return by_language.get(language) or by_language.get(study.language) or next(iter(newest), None)


def _newest_consents(study: Study) -> list[ConsentVersion]:
    """The wordings of the newest version, one a language."""
    rows = list(ConsentVersion.objects.filter(study=study).order_by("-version"))
    return [row for row in rows if row.version == rows[0].version]


def language_of(session: Session) -> str:
    return session.language or session.study.language


def _supported(accepted: str) -> Iterable[str]:
    """The languages of an Accept-Language header that these pages have, in its order."""
    for code, _ in parse_accept_lang_header(accepted.lower()):
        try:
            yield get_supported_language_variant(code)
        except LookupError:
            continue

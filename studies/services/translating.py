"""Translations: a draft's texts in further languages, whole or not at all."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.conf import settings

from studies.default_texts import DEFAULT_TEXTS
from studies.models import ConsentVersion, Study, StudyState, StudyText
from studies.texts import CONSENT, consent_in_force, original_texts

from .consenting import wording
from .locks import locked_study


class CannotTranslate(ValueError):
    """Nothing was written; the message says why and what to do."""


def translate_study(study_id: int, language: str, texts: Mapping[str, str], *, at: datetime) -> Study:
    """Keep texts in another language, by field as `original_texts` names them; earlier ones of a field give way.

    Raises  CannotTranslate
    """
    with locked_study(study_id) as study:
        _check_language(study, language)
        known = original_texts(study)
        if strange := sorted(set(texts) - set(known)):
            raise CannotTranslate(f"Study '{study.key}' has no text {', '.join(strange)} (it has: {', '.join(known)}).")
        if empty := sorted(field for field, text in texts.items() if not text.strip()):
            raise CannotTranslate(f"There is nothing written for {', '.join(empty)}: write it, or leave it out.")
        for field, text in texts.items():
            if field != CONSENT:
                StudyText.objects.update_or_create(
                    study=study, language=language, field=field, defaults={"text": text}
                )
        if CONSENT in texts:
            ConsentVersion.objects.update_or_create(
                study=study, version=consent_in_force(study).version, language=language,
                defaults=wording(texts[CONSENT], at=at),
            )  # fmt: skip
        return study


def forget_translations(study_id: int, fields: Iterable[str]) -> None:
    """Of texts that were written anew the translations say something else: they are to be made again."""
    StudyText.objects.filter(study=study_id, study__state=StudyState.DRAFT, field__in=list(fields)).delete()


def default_translation(study: Study, language: str) -> dict[str, str]:
    """What can be said in this language because the study says the project's default; its title is taken as it is."""
    _check_language(study, language)
    own, other = DEFAULT_TEXTS[study.language], DEFAULT_TEXTS[language]
    same = {own.question: other.question, own.introduction: other.introduction, own.consent: other.consent}
    originals = original_texts(study)
    return {"title": originals["title"]} | {
        field: same[text] for field, text in originals.items() if text in same
    }


def _check_language(study: Study, language: str) -> None:
    codes = [code for code, _ in settings.LANGUAGES]
    if language not in codes:
        raise CannotTranslate(f"Evaluators' pages are not in '{language}': choose one of {', '.join(codes)}.")
    if language == study.language:
        raise CannotTranslate(f"Study '{study.key}' is written in '{language}': choose another language.")
    if study.state != StudyState.DRAFT:
        raise CannotTranslate(
            f"Study '{study.key}' is {study.state}: what evaluators read is fixed at launch. Translate a draft."
        )

"""What evaluators agree to: its versions, and a text that is written anew while the study runs."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser

from studies.entry import LONGEST_TEXT
from studies.models import ConsentVersion, Study, StudyState
from studies.texts import consent_in_force, languages_offered

from .locks import locked_study
from .planning import write_deviation


class CannotRevise(ValueError):
    """The text in force stays; the message says why and what to do."""


def revise_consent(
    study_id: int, texts: Mapping[str, str], *, reason: str, by: AbstractBaseUser | None, at: datetime
) -> ConsentVersion:
    """Let evaluators agree to another text from now on: each is asked again before the next trial that begins.

    texts    by language: the study's own and, once it was launched, every other in which it is offered
    reason   written into the deviation that this is in a launched study; a draft needs none
    Returns  the version in the study's own language
    Raises   CannotRevise; then nothing has changed
    """
    with locked_study(study_id) as study:
        _check(study, texts, reason)
        before = consent_in_force(study)
        number = before.version + 1 if before else 1
        for language, text in texts.items():
            write_consent(study, number, language, text.strip(), at=at)
        if study.state != StudyState.DRAFT:
            languages = ", ".join(sorted(texts))
            what = f"Consent text: version {number} takes the place of {number - 1 or 'none'} ({languages})."
            write_deviation(study, what=f"{what} Reason: {reason.strip()}", by=by, at=at)
        return ConsentVersion.objects.get(study=study, version=number, language=study.language)


def write_consent(study: Study, version: int, language: str, text: str, *, at: datetime) -> ConsentVersion:
    """One wording as a row. Call under the study's lock, or as it is made."""
    return ConsentVersion.objects.create(study=study, version=version, language=language, **wording(text, at=at))


def wording(text: str, *, at: datetime) -> dict[str, Any]:
    """The columns of a ConsentVersion that follow from its text."""
    return {"text": text, "sha256": hashlib.sha256(text.encode()).hexdigest(), "created_at": at}


def _check(study: Study, texts: Mapping[str, str], reason: str) -> None:
    codes = [code for code, _ in settings.LANGUAGES]
    if study.state == StudyState.CLOSED:
        raise CannotRevise(f"Study '{study.key}' is closed: nobody is asked any more.")
    if strange := sorted(set(texts) - set(codes)):
        raise CannotRevise(f"Evaluators' pages are not in {', '.join(strange)}: use {', '.join(codes)}.")
    for language, text in texts.items():
        if not text.strip():
            raise CannotRevise(f"There is no word in the text for '{language}': write down what one agrees to.")
        if len(text) > LONGEST_TEXT:
            raise CannotRevise(f"The text for '{language}' has {len(text)} characters: at most {LONGEST_TEXT} fit.")
    needed = [study.language] if study.state == StudyState.DRAFT else languages_offered(study)
    if missing := [language for language in needed if language not in texts]:
        raise CannotRevise(
            f"Study '{study.key}' is offered in {', '.join(needed)}, and there is no text for {', '.join(missing)}: "
            "half of its evaluators would read what is no longer agreed to. Give one for each."
        )
    if study.state != StudyState.DRAFT and not reason.strip():
        raise CannotRevise("The study is launched, so another text is a deviation: give a reason.")
    now = {language: consent_in_force(study, language) for language in texts}
    if all(row and row.language == code and row.text == texts[code].strip() for code, row in now.items()):
        raise CannotRevise("That is the text in force, word for word: nothing would change.")

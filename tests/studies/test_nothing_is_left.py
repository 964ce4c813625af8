"""What is planted about an evaluator, over HTTP, is found while they take part, and nowhere once they withdrew."""

import io
import json
import logging
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as site_settings
from django.db import connection
from django.utils import timezone

from analysis.bundle.writing import write_bundle
from analysis.exports import trials_csv, votes_csv
from analysis.reports import build_report
from analysis.services.stored_reports import report_marks, store_report
from realtalk_site.masking import MaskingFormatter
from studies.asking import one_question
from studies.models import Assignment, EntryQuestion, ListedAs, Note, Session, Study
from studies.services.exclusions import exclude_votes
from studies.services.identities import identity_of
from studies.services.launches import open_study
from studies.services.listing import list_evaluators
from studies.services.recruiting import create_recruitment
from studies.services.withdrawals import receipt_for
from tests.factories import make_study

PLATFORM_ID, SUBMISSION_ID = "5f1cplantedidc0ffee", "6a2dplantedsubmission"
ANSWER = "planted-option"


@dataclass(frozen=True)
class Said:
    """What one person says and sends; nothing of it is in anything else."""

    identity: str
    submission: str
    comment: str
    note: str
    page_load: str
    width: int
    rt_ms: int

    @property
    def texts(self) -> list[str]:
        return [self.comment, self.note, self.page_load, str(self.width), str(self.rt_ms)]


GOES = Said(
    PLATFORM_ID, SUBMISSION_ID, "planted: my cousin spoke", "planted: deaf on the left", "plantedLoad", 12347, 98765431
)
STAYS = Said("another", "anothers", "They nod.", "Thank you!", "anotherLoad", 23456, 1234567)


def make_asking_study(key: str) -> Study:
    """One that asks all there is to ask before and beside its one trial."""
    asking = one_question("Which listener reacts better?")
    study = make_study(
        key=key, items=1, contrasts=("social:random",), votes_per_comparison=2, with_consent=True, asking=asking
    )
    Study.objects.filter(pk=study.pk).update(asks_comment=True)
    EntryQuestion.objects.create(
        study=study, kind="screener", key="asked", text="Do you?", accepted=[ANSWER, "other"],
        explanation="Because.", options=[{"key": key, "text": key} for key in (ANSWER, "other", "no")],
    )  # fmt: skip
    create_recruitment(study, "prolific", at=timezone.now(), external_study="there")
    return open_study(study.pk, at=timezone.now())


def take_part(client, study: Study, said: Said, *, answer: str) -> Session:
    """Every page from consent to thanks, with something to find on each. Returns the session."""
    ids = {"PROLIFIC_PID": said.identity, "STUDY_ID": "there", "SESSION_ID": said.submission}
    address = client.get(f"/r/{study.key}-prolific/", ids)["Location"]
    session = Session.objects.get(token=address.split("/")[2])
    client.post(address + "consent", {"version": 1, "agree": "yes", "language": "en"})
    client.post(address + "entry", {"tries": 0, "q-asked": answer})
    screen = {"width": said.width, "height": 700, "pixel_ratio": 1, "fits": "true", "plays": "true"}
    client.post(address + "check", {"sound": "heard", "tries": 1, **screen})
    client.post(address + "begin")
    Assignment.objects.filter(session=session).update(began_at=timezone.now() - timedelta(minutes=1))
    trial = session.assignments.get()
    report = {
        "assignment": str(trial.key), "answers": {"appropriate": {"choice": "left"}}, "comment": said.comment,
        "page": said.page_load, "rt_ms": said.rt_ms,
        "watched": {part: [[0, 6]] for part in ("speaker", "left", "right")},
    }  # fmt: skip
    reply = client.post(address + "vote", json.dumps(report), content_type="application/json")
    assert reply.json() == {"outcome": "accepted", "stage": "thanks", "next": None, "found": ""}
    Note.objects.create(session=session, assignment=trial, text=said.note, at=timezone.now())
    assert "Your receipt" in client.get(address).content.decode()
    assert identity_of(session.evaluator, at=timezone.now())
    session.refresh_from_db()
    return session


def rows_with(value: str) -> list[str]:
    """The tables of the whole database with a cell that holds this text, in whatever column."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - names from the database itself
            cells = (_text(cell) for row in cursor.fetchall() for cell in row)
            found += [table] if any(value in cell for cell in cells) else []
    return found


def _text(cell: object) -> str:
    return bytes(cell).decode("latin-1") if isinstance(cell, bytes | memoryview) else str(cell)


def everything_outside(study: Study, logged: str) -> str:
    """A fresh export of each kind with comments, the media folder, and what was logged, as one text."""
    bundle = io.BytesIO()
    write_bundle(study, bundle, rehearsal=False)
    with zipfile.ZipFile(bundle) as archive:
        inside = [archive.read(name).decode("latin-1") for name in archive.namelist()]
    kept = [file for file in Path(site_settings.REALTALK_DATA).rglob("*") if file.is_file()]
    media = [file.read_bytes().decode("latin-1") for file in kept]
    votes = votes_csv(study, with_rehearsal=True, with_comments=True)
    return "\n".join([*votes, *trials_csv(study, with_rehearsal=True), *inside, *media, logged])


@pytest.fixture
def logged():
    """All that the site logs, as its handlers would write it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(MaskingFormatter("%(name)s %(message)s"))
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


@pytest.mark.django_db(transaction=True)
@pytest.mark.data_layer
def test_nothing_is_found_of_who_withdrew(client, settings, logged):
    settings.REALTALK_IDENTITY_KEYS = ["k" * 42 + "w="]
    study = make_asking_study("s")
    session = take_part(client, study, GOES, answer=ANSWER)
    stays = take_part(client, study, STAYS, answer="other")
    exclude_votes(study.pk, sessions=[session], rule="by hand", reason="asked to", at=timezone.now())
    shouted = session.pseudonym.upper()
    list_evaluators(ListedAs.BLOCK, ["0" * 64], reason=f"as {shouted} was", at=timezone.now(), study=study)
    store_report(study, build_report(study, at=timezone.now()), marks=report_marks(study))
    receipt = receipt_for(session)
    never_in_clear = [PLATFORM_ID, SUBMISSION_ID, receipt, receipt.replace("-", "")]
    keys = [str(key) for key in session.assignments.values_list("key", flat=True)]
    own = [
        session.token, session.pseudonym, shouted, session.completion_code, session.receipt_hash,
        session.evaluator.identity_hash, session.submission.reference_hash, *(key.replace("-", "") for key in keys),
    ]  # fmt: skip
    assert [value for value in never_in_clear if rows_with(value)] == []
    unseen = [value for value in (*own, *GOES.texts) if not (rows_with(value) or rows_with(_dashed(value)))]
    assert unseen == [], "the search finds what is there"
    assert set(rows_with(session.pseudonym)) >= {"studies_session", "studies_deviation", "analysis_report"}
    assert set(rows_with(ANSWER)) > {"studies_session"}
    assert GOES.comment in everything_outside(study, "")

    asked = client.post("/withdraw/", {"code": receipt})
    done = client.post("/withdraw/", {"code": receipt, "confirm": "yes"})
    certificate = client.get(done["Location"]).content.decode()
    client.get(f"/s/{session.token}/")
    assert "Encrypted ids of the recruitment platform" in asked.content.decode()

    outside = everything_outside(study, logged.getvalue()) + certificate
    assert "Not Found: /s/***/" in outside
    for value in (*own, *keys, *never_in_clear, *GOES.texts):
        assert (rows_with(value), value in outside) == ([], False), value
    assert "studies_session" not in rows_with(ANSWER)
    assert [value for value in STAYS.texts if not rows_with(value)] == []
    assert Session.objects.get() == stays
    if connection.vendor == "sqlite":
        _require_overwritten([*own, *keys, *never_in_clear, *GOES.texts[:3]])


def _dashed(value: str) -> str:
    """A UUID as PostgreSQL gives it."""
    return f"{value[:8]}-{value[8:12]}-{value[12:16]}-{value[16:20]}-{value[20:]}" if len(value) == 32 else value


def _require_overwritten(values: list[str]) -> None:
    """The database's own file holds nothing of it either, in no page that is free."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = Path(connection.settings_dict["NAME"]).read_bytes()
    assert [value for value in values if value.encode() in content] == []

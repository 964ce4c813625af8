"""On a study with a content warning a trial may be left out: for others it is still there, and it costs nothing."""

import pytest

from studies.models import Session, Study
from studies.services.launches import open_study
from studies.services.leases import NotThisSessionsTrial, skip_trial
from studies.services.sessions import Stage, resume
from tests.factories import START, make_study

from .invariants import check_study
from .test_checks import Taking

pytestmark = [pytest.mark.django_db, pytest.mark.data_layer]
WARNING = "Somebody tells of an illness."


@pytest.fixture
def study() -> Study:
    study = make_study(items=3, contrasts=("social:random",), votes_per_comparison=1, practice=1)
    Study.objects.update(content_warning=WARNING, support="Call 116 123.")
    return open_study(study.pk, at=START)


def skip(taking: Taking) -> None:
    skip_trial(taking.session.pk, taking.trial.key, at=taking.at)
    taking.seen.append(taking.trial)
    taking.place = resume(taking.session.pk, at=taking.at)


def test_it_goes_to_others_and_never_comes_back_to_who_left_it_out(study):
    taking = Taking(study)
    skip(taking)  # practice
    skipped = taking.trial
    skip(taking)
    taking.answer_all()
    assert [trial.item for trial in taking.seen].count(skipped.item) == 1
    assert taking.place.stage == Stage.THANKS
    assert [trial.slot for trial in Taking(study, "p2").answer_all().seen if trial.slot] == [skipped.slot]
    assert not study.stimuli.filter(held_at__isnull=False).exists()
    check_study(study)


def test_without_a_warning_and_of_others_nothing_is_skipped(study):
    taking, other = Taking(study), Taking(study, "p2")
    with pytest.raises(NotThisSessionsTrial):
        skip_trial(other.session.pk, taking.trial.key, at=START)
    Study.objects.update(content_warning="")
    skip_trial(taking.session.pk, taking.trial.key, at=START)
    assert resume(taking.session.pk, at=START).assignment == taking.trial


def test_the_page_offers_it_with_where_to_turn_and_a_press_leads_on(study, client):
    taking = Taking(study)
    address = f"/s/{taking.session.token}/"
    page = client.get(address).content.decode()
    assert "Skip this one" in page
    assert "Call 116 123." in page
    for wrong in ("", "x", str(taking.session.pk)):
        assert client.post(address + "skip", {"assignment": wrong}).status_code == 303
    assert resume(taking.session.pk, at=START).assignment == taking.trial
    assert client.post(address + "skip", {"assignment": str(taking.trial.key)}).status_code == 303
    assert resume(taking.session.pk, at=START).assignment != taking.trial
    Study.objects.update(content_warning="")
    assert "Skip this one" not in client.get(address).content.decode()


def test_who_skips_everything_ends_with_thanks_and_the_code(client, study):
    taking = Taking(study)
    while taking.place.stage == Stage.TRIAL:
        skip(taking)
    assert taking.place.stage == Stage.THANKS
    page = client.get(f"/s/{taking.session.token}/").content.decode()
    assert Session.objects.get(pk=taking.session.pk).completion_code in page
    assert "answers are saved" not in page
    main = taking.session.assignments.filter(kind="main")
    assert {(trial.state, trial.failure_reason) for trial in main} == {("returned", "skipped")}

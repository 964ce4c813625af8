"""The plan in the admin: a form while the study is a draft; afterwards read, downloaded, and departed from."""

import hashlib

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from studies.admin.plans import PlanInline
from studies.models import Deviation, Plan, Slot
from studies.plans import plan_in_force
from studies.services.launches import open_study
from tests.factories import START, make_study

pytestmark = pytest.mark.django_db
PLAN = {
    "hypotheses": "social wins.", "primary": "social:rude", "votes_per_comparison": "3",
    "exclusion_rules": "coverage under 0.8\nlooked_tired by hand", "applies_rules_itself": "on",
    "equivalence_margin": "0.1", "stopping_rule": "fixed",
}  # fmt: skip


def staff(client, django_user_model, name: str, *permissions: str):
    user = django_user_model.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return user


@pytest.fixture
def researcher(client, django_user_model):
    """May change studies, and nothing else."""
    return staff(client, django_user_model, "researcher", "view_study", "change_study")


@pytest.fixture
def onlooker(client, django_user_model):
    return staff(client, django_user_model, "onlooker", "view_study")


def posted(study, plan=PLAN, planned=("random", "rude")) -> dict:
    contrasts = list(study.contrasts.all())
    data = {
        "title": "T", "introduction": "", "instructions": "",
        "questions-TOTAL_FORMS": 0, "questions-INITIAL_FORMS": 0,
        "plan-TOTAL_FORMS": 1, "plan-INITIAL_FORMS": 1, "plan-0-id": study.plan.pk, "plan-0-study": study.pk,
        "contrasts-TOTAL_FORMS": len(contrasts), "contrasts-INITIAL_FORMS": len(contrasts),
    }  # fmt: skip
    data |= {f"plan-0-{name}": value for name, value in plan.items()}
    for number, contrast in enumerate(contrasts):
        data |= {f"contrasts-{number}-id": contrast.pk, f"contrasts-{number}-study": study.pk}
        if contrast.control in planned:
            data[f"contrasts-{number}-is_planned"] = "on"
    return data


def address(study, rest: str = "change/") -> str:
    return f"/admin/studies/study/{study.pk}/{rest}"


def test_a_drafts_plan_is_written_on_its_page(client, researcher):
    study = make_study()
    page = client.get(address(study)).content.decode()
    assert "failed_catch more_than 0" in page
    assert "coverage under 0.9" in page  # how to write one
    assert client.post(address(study), posted(study, planned=("rude",))).status_code == 302
    plan = plan_in_force(study)
    assert (plan.hypotheses, plan.primary, plan.equivalence_margin) == ("social wins.", "social:rude", 0.1)
    assert plan.exclusion_rules == ({"rule": "coverage", "under": 0.8}, "looked_tired")
    assert plan.applies_rules_itself
    study.refresh_from_db()
    assert study.votes_per_comparison == 3
    assert [c.is_planned for c in study.contrasts.all()] == [False, True]


@pytest.mark.parametrize(("wrong", "said"), [
    ({"exclusion_rules": "covrage under 0.9"}, "no rule is called"), ({"equivalence_margin": "0.6"}, "less than 0.5"),
    ({"votes_per_comparison": "99999999"}, "at most 100000"), ({"primary": "social:nobody"}, "Select a valid choice"),
])  # fmt: skip
def test_what_is_no_plan_is_said_at_its_field_and_nothing_kept(client, researcher, wrong, said):
    study = make_study()
    response = client.post(address(study), posted(study, PLAN | wrong))
    assert response.status_code == 200
    assert said in response.content.decode()
    assert plan_in_force(study).hypotheses == ""


def test_a_frozen_plan_is_shown_and_no_post_changes_it(client, researcher):
    study = open_study(make_study().pk, at=START)
    page = client.get(address(study)).content.decode()
    plan = Plan.objects.get(study=study)
    assert plan.sha256 in page
    assert "plan-0-hypotheses" not in page
    assert client.post(address(study), posted(study)).status_code == 302
    assert Plan.objects.get(study=study).hypotheses == ""
    assert all(contrast.is_planned for contrast in study.contrasts.all())
    study.refresh_from_db()
    assert study.votes_per_comparison == 2


def test_a_page_loaded_before_the_launch_changes_nothing_after_it(client, researcher, monkeypatch):
    """As if the launch came between the permission check and the saving."""
    study = make_study()
    form = posted(study)
    open_study(study.pk, at=START)
    monkeypatch.setattr(PlanInline, "has_change_permission", lambda *_: True)
    monkeypatch.setattr("studies.admin.studies.StudyAdmin.get_inlines", lambda *_: [PlanInline])
    response = client.post(address(study), form, follow=True)
    assert "its plan is frozen" in response.content.decode()
    assert Plan.objects.get(study=study).hypotheses == ""


def test_an_onlooker_reads_the_plan_and_may_not_write_or_depart(client, onlooker):
    study = make_study()
    page = client.get(address(study)).content.decode()
    assert "plan-0-hypotheses" not in page
    assert client.post(address(study), posted(study)).status_code == 403
    open_study(study.pk, at=START)
    assert client.get(address(study, "plan.md")).status_code == 200
    for method in (client.get, client.post):
        assert method(address(study, "amend/"), {"step": "record", "record-what": "x"}).status_code == 403
    assert plan_in_force(study).hypotheses == ""
    assert not Deviation.objects.exists()


def test_strangers_get_no_plan(client, django_user_model):
    study = open_study(make_study().pk, at=START)
    for rest in ("amend/", "plan.md", "plan.json"):
        assert "/login/" in client.get(address(study, rest))["Location"]
    staff(client, django_user_model, "clerk")
    for rest in ("amend/", "plan.md", "plan.json"):
        assert client.get(address(study, rest)).status_code == 403


def test_the_plan_is_downloaded_to_register_and_to_check(client, researcher):
    study = open_study(make_study().pk, at=START)
    text = client.get(address(study, "plan.md"))
    assert (text["Content-Type"], text["Content-Disposition"]) == (
        "text/markdown; charset=utf-8", 'attachment; filename="s-plan.md"',
    )  # fmt: skip
    assert text.content.decode().startswith("# Study s\n")
    frozen = client.get(address(study, "plan.json")).content
    assert hashlib.sha256(frozen).hexdigest() == Plan.objects.get(study=study).sha256
    assert client.get(address(study, "plan.exe")).status_code == 404
    assert client.get("/admin/studies/study/999/plan.md").status_code == 404


def test_a_launched_plan_changes_by_a_press_with_a_reason(client, researcher):
    study = open_study(make_study().pk, at=START)
    page = client.get(address(study, "amend/")).content.decode()
    assert "failed_catch more_than 0" in page
    change = {
        "step": "change", "change-hypotheses": "", "change-primary": "", "change-stopping_rule": "fixed",
        "change-exclusion_rules": "failed_catch more_than 0", "change-equivalence_margin": "0.05",
    }  # fmt: skip
    unreasoned = client.post(address(study, "amend/"), change)
    assert unreasoned.status_code == 200
    assert "This field is required" in unreasoned.content.decode()
    assert not Deviation.objects.exists()
    assert client.post(address(study, "amend/"), change | {"change-reason": "A slip."}).status_code == 302
    row = Deviation.objects.get()
    # The rule stands as it was frozen, without a number, and nobody changed it.
    assert (row.what, row.change, row.who) == (
        "Equivalence margin: none -> 0.05. Reason: A slip.", {"equivalence_margin": 0.05}, "researcher",
    )  # fmt: skip
    page = client.get(address(study)).content.decode()
    assert "Equivalence margin: none -&gt; 0.05. Reason: A slip." in page
    again = client.post(address(study, "amend/"), change | {"change-reason": "A slip."})
    assert "nothing would change" in again.content.decode()


def test_a_target_is_raised_and_an_event_recorded(client, researcher):
    study = open_study(make_study().pk, at=START)
    raised = {"step": "raise", "raise-votes_per_comparison": "4", "raise-reason": "Power."}
    assert client.post(address(study, "amend/"), raised).status_code == 302
    assert Slot.objects.filter(comparison__contrast__study=study).count() == 4 * 2 * 4
    lower = client.post(address(study, "amend/"), raised | {"raise-votes_per_comparison": "3"})
    assert "only be raised" in lower.content.decode()
    client.post(address(study, "amend/"), {"step": "record", "record-what": "A holiday."})
    assert [row.what for row in study.deviations.all()][1] == "A holiday."
    assert client.post(address(study, "amend/"), {"step": "delete"}).status_code == 404


def test_a_draft_is_not_amended_but_edited(client, researcher):
    study = make_study()
    response = client.get(address(study, "amend/"), follow=True)
    assert response.redirect_chain
    assert "A draft&#x27;s plan is edited" in response.content.decode()


def test_deviations_are_neither_edited_nor_deleted(client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("root"))
    study = open_study(make_study().pk, at=timezone.now())
    row = Deviation.objects.create(study=study, what="This.", at=timezone.now())
    there = f"/admin/studies/deviation/{row.pk}/"
    assert "This." in client.get(there + "change/").content.decode()
    assert client.post(there + "change/", {"what": "That."}).status_code == 403
    assert client.post(there + "delete/", {"post": "yes"}).status_code == 403
    assert client.get("/admin/studies/deviation/add/").status_code == 403
    row.refresh_from_db()
    assert row.what == "This."


def test_the_form_takes_an_adaptive_share_where_there_is_something_to_rank(client, researcher):
    two = make_study(key="two")
    three = make_study(key="three", contrasts=("social:random", "social:rude", "random:rude"))
    page = client.post(address(two), posted(two, PLAN | {"adaptive_share": "0.3"})).content.decode()
    assert "Adaptive votes rank at least 3 conditions, compared in at least 3 groups; this study has 3 and 2" in page
    assert client.post(address(three), posted(three, PLAN | {"adaptive_share": "0.3"})).status_code == 302
    assert (plan_in_force(two).adaptive_share, plan_in_force(three).adaptive_share) == (0.0, 0.3)
    assert client.post(address(three), posted(three, PLAN | {"adaptive_share": ""})).status_code == 302
    assert plan_in_force(three).adaptive_share == 0.0

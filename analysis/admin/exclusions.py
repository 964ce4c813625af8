"""Exclusions in the admin: what the plan's rules find, the press that sets it aside, and the ledger with its undoing.

Studies are `studies`' own; the statistics behind the rules live here. So the study's admin grows by this page here,
where both are known, and `studies` knows nothing of it.
"""

from collections import Counter
from collections.abc import Callable

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from analysis.flow import flow_of
from analysis.records import NoQuestion, primary_question
from analysis.results import excluded_by_rule
from analysis.services.exclusions import (
    NOT_ANEW,
    RulesRefused,
    apply_rules,
    exclude_by_hand,
    exclude_same_person,
    preview_rules,
)
from analysis.vote_records import votes_of
from studies.admin.studies import StudyAdmin
from studies.models import Exclusion, Session, Study
from studies.plan_rules import rule_names
from studies.plans import plan_in_force
from studies.queries import active_exclusions
from studies.services.exclusions import CannotExclude, undo_exclusion

from .looks import StopNoticeOnPage

MOST_ROWS = 200
Step = Callable[[HttpRequest, Study, bool], str]

admin.site.unregister(Study)


@admin.register(Study)
class StudyWithExclusionsAdmin(StopNoticeOnPage, StudyAdmin):
    """The study's admin and, beside it, its exclusions."""

    @admin.display(description="Set aside")
    def set_aside(self, study: Study) -> str:
        by_rule = Counter(active_exclusions(study).values_list("rule", flat=True))
        context = {"study": study, "rules": sorted(by_rule.items()), "plan": plan_in_force(study)}
        return render_to_string("admin/analysis/set_aside.html", context)

    def get_fieldsets(self, request: HttpRequest, obj: Study | None = None) -> list:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets
        after_plan = [name for name, _ in fieldsets].index("Plan") + 1
        return [*fieldsets[:after_plan], ("Exclusions", {"fields": ["set_aside"]}), *fieldsets[after_plan:]]

    def get_readonly_fields(self, request: HttpRequest, obj: Study | None = None) -> list[str]:
        return [] if obj is None else [*super().get_readonly_fields(request, obj), "set_aside"]

    def get_urls(self) -> list[URLPattern]:
        page = path(
            "<int:pk>/exclusions/", self.admin_site.admin_view(self.exclusions), name="studies_study_exclusions"
        )
        return [page, *super().get_urls()]

    def exclusions(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The preview and the ledger; a POST applies the rules, undoes a row, or sets someone aside by hand."""
        study = Study.objects.filter(pk=pk).first()
        if study is None:
            raise Http404
        may_act = self.has_change_permission(request, study)
        if not (may_act or self.has_view_permission(request, study)):
            raise PermissionDenied
        rehearsal = request.GET.get("include-rehearsal") == "1"
        if request.method == "POST":
            step = STEPS.get(request.POST.get("step", ""))
            if not may_act:
                raise PermissionDenied
            if step is None:
                raise Http404
            return self._take(request, study, step, rehearsal=rehearsal)
        try:
            context = _page_context(study, rehearsal=rehearsal)
        except NoQuestion as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:studies_study_change", args=[pk]))
        title = f"Exclusions of {study.key}" + (", rehearsal" if rehearsal else "")
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, "may_act": may_act}
        return TemplateResponse(request, "admin/analysis/exclusions.html", shared | context)

    def _take(self, request: HttpRequest, study: Study, step: Step, *, rehearsal: bool) -> HttpResponse:
        try:
            said = step(request, study, rehearsal)
        except (RulesRefused, CannotExclude, NoQuestion) as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, said, messages.SUCCESS)
            self.log_change(request, study, f"exclusions: {said}")
        address = reverse("admin:studies_study_exclusions", args=[study.pk])
        return HttpResponseRedirect(address + ("?include-rehearsal=1" if rehearsal else ""))


def _apply(request: HttpRequest, study: Study, rehearsal: bool) -> str:
    applied = apply_rules(study, rehearsal=rehearsal, by=request.user, at=timezone.now())
    return (
        f"{applied.excluded} set aside by the plan's rules; {applied.already} were aside already, and "
        f"{applied.covered} count under another rule."
    )


def _undo(request: HttpRequest, study: Study, rehearsal: bool) -> str:
    number = request.POST.get("exclusion", "")
    row = Exclusion.objects.filter(study=study, pk=int(number) if number.isdecimal() else 0).first()
    if row is None:
        raise CannotExclude("This study has no such exclusion.")
    undo_exclusion(row.pk, reason=request.POST.get("reason", ""), by=request.user, at=timezone.now())
    return f"'{row.rule}' sets this aside no more. It counts again unless another rule finds it too."


def _by_hand(request: HttpRequest, study: Study, rehearsal: bool) -> str:
    given = {name: request.POST.get(name, "").strip() for name in ("session", "rule", "reason", "same_as")}
    now = {"by": request.user, "at": timezone.now()}
    if given["same_as"]:
        made = exclude_same_person(
            study, earlier=given["same_as"], later=given["session"], reason=given["reason"], **now
        )
    else:
        session = Session.objects.filter(study=study, rehearsal=rehearsal, pseudonym=given["session"]).first()
        if session is None:
            raise CannotExclude(f"This study has no session '{given['session']}'.")
        made = exclude_by_hand(study, session=session, rule=given["rule"], reason=given["reason"], **now)
    names = ", ".join(row.session.pseudonym for row in made)
    return f"Set aside: session {names}." if names else "It is set aside by this rule already."


STEPS = {"apply": _apply, "undo": _undo, "by_hand": _by_hand}


def _page_context(study: Study, *, rehearsal: bool) -> dict[str, object]:
    rows = Exclusion.objects.filter(study=study)
    of_these = rows.filter(session__rehearsal=rehearsal) | rows.filter(assignment__session__rehearsal=rehearsal)
    ledger = of_these.select_related("session", "assignment__session", "undoes", "undone_by", "by").order_by("-pk")
    plan, votes = plan_in_force(study), votes_of(study, primary_question(study), rehearsal=rehearsal)
    return {
        "study": study,
        "rehearsal": rehearsal,
        "plan": plan,
        "applied": preview_rules(study, rehearsal=rehearsal, at=timezone.now()),
        "flow": flow_of(study, votes, rehearsal=rehearsal),
        "analysed_votes": int(votes.counted.sum()),
        "aside": excluded_by_rule(votes, rules=rule_names(plan.exclusion_rules)),
        "ledger": ledger[:MOST_ROWS],
        "more": max(0, ledger.count() - MOST_ROWS),
        "surplus": Exclusion.SURPLUS,
        "not_anew": NOT_ANEW,
    }

"""The plan in the admin: written while the study is a draft, then read, downloaded, and departed from with a reason."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms import BaseInlineFormSet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.admin import StackedInline, TabularInline

from retrieval.admin import ReadOnlyAdmin
from studies.adaptive_lists import share_sentence
from studies.models import Contrast, Deviation, Plan, Study, StudyState
from studies.plan_forms import (
    ChangePlanForm,
    DraftContrastForm,
    DraftPlanForm,
    PlanFields,
    RaiseTargetForm,
    RecordDeviationForm,
)
from studies.plan_rules import rule_name, rule_sentence
from studies.plans import plan_changes, plan_in_force, plan_warnings, registration_of
from studies.preregistration import preregistration
from studies.services.amendments import change_plan, raise_target, record_deviation
from studies.services.launches import frozen_text
from studies.services.planning import PlanRefused, plan_problems
from studies.stopping_rules import stopping_sentence

CHANGE_STUDY = "studies.change_study"


class DraftInline:
    """Rows that whoever may change studies edits while the study is a draft; none is added or deleted here."""

    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Study | None = None) -> bool:
        return request.user.has_perm("studies.view_study") or request.user.has_perm(CHANGE_STUDY)

    def has_change_permission(self, request: HttpRequest, obj: Study | None = None) -> bool:
        return (obj is None or obj.state == StudyState.DRAFT) and request.user.has_perm(CHANGE_STUDY)

    def has_add_permission(self, request: HttpRequest, obj: Study | None = None) -> bool:
        return False


class ContrastInline(DraftInline, TabularInline):
    model = Contrast
    form = DraftContrastForm
    verbose_name_plural = "comparison groups"
    fields = ["treatment", "control", "is_planned"]
    readonly_fields = ["treatment", "control"]


class PlanInline(DraftInline, StackedInline):
    model = Plan
    form = DraftPlanForm
    verbose_name_plural = "plan"
    fields = DraftPlanForm.field_order


class PlanPages:
    """What `StudyAdmin` shows of a plan, and the pages beside it."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/amend/", view(self.amend), name="studies_study_amend"),
            path("<int:pk>/plan.<str:form>", view(self.plan_file), name="studies_study_plan"),
            *super().get_urls(),
        ]

    @admin.display(description="Plan")
    def plan_panel(self, study: Study) -> str:
        return render_to_string("admin/studies/plan.html", _panel_context(study))

    def save_formset(self, request: HttpRequest, form: object, formset: BaseInlineFormSet, change: bool) -> None:
        """The services behind plan and comparison groups refuse a study that was launched since the page came."""
        try:
            super().save_formset(request, form, formset, change)
        except PlanRefused as refusal:
            formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
            for problem in refusal.problems:
                self.message_user(request, problem, messages.ERROR)

    def plan_file(self, request: HttpRequest, pk: int, form: str) -> HttpResponse:
        """The plan to register (Markdown) or the bytes that its hash is of (JSON)."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        study = _study(pk)
        if form not in FILES:
            raise Http404
        kind, text = FILES[form]
        response = HttpResponse(text(study), content_type=f"{kind}; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{study.key}-plan.{form}"'
        return response

    def amend(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Depart from a frozen plan: change it, raise its target, or write down what happened."""
        study = _study(pk)
        if not self.has_change_permission(request, study):
            raise PermissionDenied
        if study.state == StudyState.DRAFT:
            self.message_user(request, "A draft's plan is edited on its own page.", messages.INFO)
            return _to_study(pk)
        step = request.POST.get("step") if request.method == "POST" else None
        if step is not None and step not in AMENDMENTS:
            raise Http404
        forms = {name: _form(name, study, request.POST if name == step else None) for name in AMENDMENTS}
        problems: list[str] = []
        if step and forms[step].is_valid():
            try:
                row = AMENDMENTS[step](study, forms[step], {"by": request.user, "at": timezone.now()})
            except PlanRefused as refusal:
                problems = refusal.problems
            else:
                self.log_change(request, study, f"deviation: {row.what}")
                self.message_user(request, "Kept as a deviation, with your name and the time.", messages.SUCCESS)
                return _to_study(pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Depart from the plan of {study.key}",
            "study": study,
            "is_closed": study.state == StudyState.CLOSED,
            "forms": forms,
            "problems": problems,
        }
        return TemplateResponse(request, "admin/studies/amend.html", context)


@admin.register(Deviation)
class DeviationAdmin(ReadOnlyAdmin):
    """To be read; a deviation is never edited or deleted."""

    list_display = ["study", "what", "who", "at"]
    list_filter = ["study"]
    list_select_related = ["study"]
    fields = ["study", "what", "change", "who", "at"]

    class Media:
        css = {"all": ["admin_pages/plans.css"]}

    def has_view_permission(self, request: HttpRequest, obj: Deviation | None = None) -> bool:
        return request.user.has_perm("studies.view_study") or request.user.has_perm(CHANGE_STUDY)


FILES = {
    "md": ("text/markdown", lambda study: preregistration(registration_of(study))),
    "json": ("application/json", frozen_text),
}


def _change(study: Study, form: ChangePlanForm, who_and_when: dict) -> Deviation:
    return change_plan(study.pk, changes=form.changes(), reason=form.cleaned_data["reason"], **who_and_when)


def _raise(study: Study, form: RaiseTargetForm, who_and_when: dict) -> Deviation:
    return raise_target(study.pk, **form.cleaned_data, **who_and_when)


def _record(study: Study, form: RecordDeviationForm, who_and_when: dict) -> Deviation:
    return record_deviation(study.pk, **form.cleaned_data, **who_and_when)


AMENDMENTS = {"change": _change, "raise": _raise, "record": _record}


def _form(name: str, study: Study, data: object) -> PlanFields | RaiseTargetForm | RecordDeviationForm:
    if name == "change":
        return ChangePlanForm(data, study=study, prefix=name)
    if name == "raise":
        return RaiseTargetForm(data, prefix=name, initial={"votes_per_comparison": study.votes_per_comparison})
    return RecordDeviationForm(data, prefix=name)


def _panel_context(study: Study) -> dict[str, object]:
    plan = plan_in_force(study)
    is_draft = study.state == StudyState.DRAFT
    return {
        "study": study,
        "plan": plan,
        "changed": plan_changes(study),
        "is_draft": is_draft,
        "rules": [(rule_name(rule), rule_sentence(rule)) for rule in plan.exclusion_rules],
        "stopping": stopping_sentence(plan.stopping_rule),
        "adaptive": share_sentence(plan.adaptive_share),
        "contrasts": study.contrasts.all(),
        "remarks": [*plan_problems(study), *plan_warnings(study)] if is_draft else [],
        "deviations": study.deviations.all(),
    }


def _study(pk: int) -> Study:
    study = Study.objects.select_related("corpus").filter(pk=pk).first()
    if study is None:
        raise Http404
    return study


def _to_study(pk: int) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:studies_study_change", args=[pk]))

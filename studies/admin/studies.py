"""Studies for researchers: their design, how full they are, and the buttons that open, pause and close them."""

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import BaseModelFormSet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.admin import ModelAdmin, TabularInline

from retrieval.admin import ReadOnlyAdmin
from retrieval.jobs import enqueue_job
from retrieval.models import Job
from retrieval.tasks import send_job
from studies.entry_queries import group_progress
from studies.forms import NewStudyForm
from studies.models import Exclusion, Item, Note, Question, Session, Stimulus, Study, StudyState
from studies.pay_queries import pay_of_study
from studies.queries import replaced_stimuli, study_progress, unprepared_stimuli
from studies.services.designs import delete_draft
from studies.services.launches import CannotLaunch, close_study, launch_problems, open_study, pause_study
from studies.services.releases import CannotRelease, release_stimulus
from studies.services.translating import forget_translations
from studies.text_forms import DraftQuestionForm

from .entry import ConsentShown, EntryInline
from .plans import ContrastInline, PlanInline, PlanPages
from .replacing import ReplacingPage
from .translating import TranslatingPage, languages_beside

WRITABLE = ["title", "introduction", "instructions", "content_warning", "support", "debriefing"]


class DesignInline(TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Study | None = None) -> bool:
        return False


class QuestionInline(DesignInline):
    model = Question
    form = DraftQuestionForm
    readonly_fields = ["key", "form", "offered"]

    @admin.display(description="reasons")
    def offered(self, question: Question) -> str:
        return "; ".join(reason["text"] for reason in question.reasons) or "–"

    def get_fields(self, request: HttpRequest, obj: Study | None = None) -> list[str]:
        is_written = self.has_change_permission(request, obj)
        return ["key", "form", "text", "reasons" if is_written else "offered"]

    def has_change_permission(self, request: HttpRequest, obj: Study | None = None) -> bool:
        is_draft = obj is None or obj.state == StudyState.DRAFT
        return is_draft and super().has_change_permission(request, obj)


@admin.register(Study)
class StudyAdmin(ConsentShown, PlanPages, ReplacingPage, TranslatingPage, ModelAdmin):
    list_display = ["key", "title", "state", "corpus", "votes", "created_at"]
    list_filter = ["state", "corpus"]
    list_select_related = ["corpus"]
    search_fields = ["key", "title"]
    inlines = [QuestionInline, EntryInline, ContrastInline, PlanInline]
    design = [
        "key", "state", "corpus", "selection", "votes_per_comparison", "trials_per_session", "short_listeners",
        "shows_captions", "checks_devices", "least_age", "gives_feedback", "practice_pass_mark",
        "retests_per_session", "marks_listeners", "allows_met_stimuli", "asks_comment", "asks_when",
        "lease_minutes", "seed", "created_at",
        "opened_at", "closed_at",
    ]  # fmt: skip

    class Media:
        js = ["admin_pages/progress.js"]
        css = {"all": ["admin_pages/progress.css", "admin_pages/plans.css"]}

    @admin.display(description="votes")
    def votes(self, study: Study) -> str:
        figures = study_progress(study)
        return f"{figures.valid} of {figures.target}" if figures.target else "–"

    @admin.display(description="Languages")
    def languages(self, study: Study) -> str:
        """Those offered, and links to write the others."""
        context = {"study": study, "own": dict(settings.LANGUAGES)[study.language], "others": languages_beside(study)}
        return render_to_string("admin/studies/languages.html", context)

    @admin.display(description="Progress")
    def progress(self, study: Study) -> str:
        return render_to_string("admin/studies/progress.html", _progress_context(study))

    @admin.display(description="Chosen by rankings")
    def shown(self, study: Study) -> str:
        return render_to_string("admin/studies/shown.html", _shown_context(study))

    def get_form(self, request: HttpRequest, obj: Study | None = None, **kwargs) -> type:
        if obj is None:
            return NewStudyForm
        return super().get_form(request, obj, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Study | None = None) -> list:
        if obj is None:
            return [(None, {"fields": list(NewStudyForm.base_fields)})]
        return [
            ("Now", {"fields": ["progress"]}),
            ("What evaluators see", {"fields": [*WRITABLE, "consent", "languages"]}),
            ("Plan", {"fields": ["plan_panel"]}),
            ("Design", {"fields": self.design}),
            ("Listeners", {"fields": ["shown"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Study | None = None) -> list[str]:
        if obj is None:
            return []
        fixed = ["progress", "plan_panel", "shown", "consent", "languages", *self.design]
        return fixed if obj.state == StudyState.DRAFT else [*fixed, *WRITABLE]

    def get_inlines(self, request: HttpRequest, obj: Study | None = None) -> list:
        """The plan is a form while it can be written; what was frozen is read in its panel. No table without rows."""
        if obj is None:
            return []
        is_written = obj.state == StudyState.DRAFT and self.has_change_permission(request, obj)
        left_out = [] if is_written else [PlanInline]
        left_out += [] if obj.entry_questions.exists() else [EntryInline]
        return [inline for inline in self.inlines if inline not in left_out]

    def save_model(self, request: HttpRequest, obj: Study, form: object, change: bool) -> None:
        if not change:
            obj.owner = request.user
        # Only what the page may change: the state may have moved on since it was loaded.
        obj.save(update_fields=WRITABLE if change else ["owner"])
        forget_translations(obj.pk, set(form.changed_data) & set(WRITABLE) if change else ())

    def save_formset(self, request: HttpRequest, form: object, formset: BaseModelFormSet, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        if formset.model is Question:
            forget_translations(form.instance.pk, set().union(*(row.worded_anew() for row in formset.forms)))

    def delete_model(self, request: HttpRequest, obj: Study) -> None:
        delete_draft(obj.pk)

    def get_deleted_objects(self, objs: list[Study], request: HttpRequest) -> tuple[list, dict, set, list]:
        """A draft goes with its whole design; the rows of that are nobody's to keep."""
        return [f"{study}, with its design and its rehearsal" for study in objs], {"study": len(objs)}, set(), []

    def get_actions(self, request: HttpRequest) -> dict:
        """Studies are deleted one at a time, on a page that says what goes."""
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def has_delete_permission(self, request: HttpRequest, obj: Study | None = None) -> bool:
        if obj is not None and obj.state != StudyState.DRAFT:
            return False
        return super().has_delete_permission(request, obj)

    def render_change_form(self, request: HttpRequest, context: dict, **kwargs) -> HttpResponse:
        study = kwargs.get("obj")
        if study is not None and study.state != StudyState.DRAFT:
            # Nothing can be edited any more, so nothing offers to save it.
            context |= {"show_save": False, "show_save_and_continue": False, "show_save_and_add_another": False}
        return super().render_change_form(request, context, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        return [
            path("<int:pk>/progress/", self.admin_site.admin_view(self.show_progress), name="studies_study_progress"),
            path("<int:pk>/to/<str:step>/", self.admin_site.admin_view(self.take_step), name="studies_study_step"),
            *super().get_urls(),
        ]

    def show_progress(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The figures alone, for the page to fetch again while it is open."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return render(request, "admin/studies/progress.html", _progress_context(_study(pk)))

    def take_step(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        """Prepare, open, pause or close, by POST; then back to the study with what came of it."""
        study = _study(pk)
        if request.method != "POST" or not self.has_change_permission(request, study):
            raise PermissionDenied
        if step not in STEPS:
            raise Http404
        try:
            self.message_user(request, STEPS[step](study), messages.SUCCESS)
            self.log_change(request, study, f"{step}: {study.key}")
        except CannotLaunch as refusal:
            for problem in refusal.problems:
                self.message_user(request, problem, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:studies_study_change", args=[pk]))


@admin.register(Stimulus)
class StimulusAdmin(ReadOnlyAdmin):
    actions = ["release"]
    list_display = ["item", "condition", "version", "clip", "study", "is_prepared", "problem", "held_reason"]
    list_filter = ["study", "condition"]
    list_select_related = ["item__speaker", "clip", "study"]

    @admin.action(description="Release: it plays again, open its slots", permissions=["release"])
    def release(self, request: HttpRequest, stimuli: QuerySet[Stimulus]) -> None:
        held = stimuli.filter(held_at__isnull=False)
        released = 0
        for stimulus in held:
            try:
                release_stimulus(stimulus.pk, at=timezone.now())
                released += 1
            except CannotRelease as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
        if released:
            self.message_user(request, f"{released} released.", messages.SUCCESS)

    def has_release_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("studies.change_study")

    @admin.display(boolean=True)
    def is_prepared(self, stimulus: Stimulus) -> bool:
        return stimulus.rendition_id is not None


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    """Sessions by pseudonym. The token is a key to the session, so it is not shown."""

    list_display = ["pseudonym", "study", "rehearsal", "started_at", "last_active_at", "finished_at"]
    list_filter = ["study", "rehearsal"]
    list_select_related = ["study"]
    fields = [
        "pseudonym", "study", "rehearsal", "deals", "started_at", "last_active_at", "device_checks", "instructed_at",
        "returned_at", "finished_at", "entry_answers", "group", "screened_out_at", "screened_out_why",
    ]  # fmt: skip


@admin.register(Exclusion)
class ExclusionAdmin(ReadOnlyAdmin):
    list_display = ["rule", "reason", "session", "assignment", "undoes", "replaces_votes", "author", "at"]
    list_filter = ["study", "rule"]
    list_select_related = ["session", "assignment__session", "undoes", "by"]

    class Media:
        css = {"all": ["admin_pages/plans.css"]}


def _study(pk: int) -> Study:
    study = Study.objects.filter(pk=pk).first()
    if study is None:
        raise Http404
    return study


def _prepare(study: Study) -> str:
    if study.state == StudyState.CLOSED:
        raise CannotLaunch(["The study is closed: nothing is shown any more."])
    send_job(enqueue_job("prepare_study", arguments={"study_id": study.pk}, at=timezone.now()))
    return "A worker prepares the videos now; progress is shown below."


def _open(study: Study) -> str:
    open_study(study.pk, at=timezone.now())
    return f"The study is open at /study/{study.key}/"


def _pause(study: Study) -> str:
    pause_study(study.pk, at=timezone.now())
    return "The study is paused. Who is in the middle of a trial may still answer it."


def _close(study: Study) -> str:
    close_study(study.pk, at=timezone.now())
    return "The study is closed."


STEPS = {"prepare": _prepare, "open": _open, "pause": _pause, "close": _close}


def _shown_context(study: Study) -> dict[str, object]:
    """What each condition shows beside each speaker, with its rank; and by which run each condition ranked."""
    stimuli = list(
        study.stimuli.select_related("clip", "item__speaker", "ranking").defer("ranking__order")
        .order_by("item__position", "condition", "version")
    )  # fmt: skip
    conditions = sorted({stimulus.condition for stimulus in stimuli})
    beside: dict[Item, dict[str, Stimulus]] = {}
    for stimulus in stimuli:
        beside.setdefault(stimulus.item, {})[stimulus.condition] = stimulus
    runs = {stimulus.condition: stimulus.ranking for stimulus in stimuli if stimulus.ranking}
    return {
        "conditions": conditions,
        "rows": [(item, [shown.get(condition) for condition in conditions]) for item, shown in beside.items()],
        "runs": sorted(runs.items()),
    }


def _progress_context(study: Study) -> dict[str, object]:
    is_draft = study.state == StudyState.DRAFT
    held = study.stimuli.filter(held_at__isnull=False).exclude(pk__in=replaced_stimuli(study))
    return {
        "study": study,
        "figures": study_progress(study),
        "groups": group_progress(study),
        "rehearsal": study_progress(study, rehearsal=True),
        "problems": launch_problems(study) if is_draft else [],
        "held": held.select_related("item__speaker__person", "clip__person"),
        "needs_preparing": is_draft and unprepared_stimuli(study).exists(),
        "pay": pay_of_study(study),
        "unread_notes": Note.objects.filter(session__study=study, read_at__isnull=True).count(),
        "job": Job.objects.filter(kind="prepare_study", arguments={"study_id": study.pk}).first(),
    }

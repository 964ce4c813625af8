"""Who is shown or held no more: people of a corpus who were taken down, evaluators who withdrew."""

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from retrieval.admin import ReadOnlyAdmin
from studies.models import TakeDown, Withdrawal
from studies.services.takedowns import CannotTakeDown, delete_files, take_down
from studies.takedown_forms import TakeDownForm

WHAT_HAPPENS = (
    "From the moment you save, nobody is shown this person any more. Trials that show them end, slots that nobody has "
    "answered are closed, and drafts with their clips cannot open. Votes stay. It cannot be undone."
)


@admin.register(TakeDown)
class TakeDownAdmin(ReadOnlyAdmin):
    """Adding one takes the person down; a record never changes."""

    form = TakeDownForm
    list_display = ["person_key", "corpus", "reason", "clips", "trials_ended", "slots_closed", "at", "files_deleted_at"]
    list_filter = ["corpus"]
    list_select_related = ["corpus"]
    search_fields = ["person_key", "reason"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("studies.add_takedown")

    def get_fieldsets(self, request: HttpRequest, obj: TakeDown | None = None) -> list:
        told = ["corpus", "person_key", "reason"]
        if obj is None:
            return [(None, {"fields": [*told, "deletes_files"], "description": WHAT_HAPPENS})]
        counted = ["clips", "studies", "trials_ended", "slots_closed", "by", "at", "files_deleted_at"]
        return [(None, {"fields": [*told, *counted]})]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        try:
            return super().add_view(request, form_url, extra_context)
        except CannotTakeDown as reason:  # somebody else was quicker
            self.message_user(request, str(reason), messages.ERROR)
            return HttpResponseRedirect(request.path)

    def save_model(self, request: HttpRequest, obj: TakeDown, form: TakeDownForm, change: bool) -> None:
        record = take_down(form.person.pk, reason=obj.reason, by=request.user, at=timezone.now())
        if form.cleaned_data["deletes_files"]:
            record = delete_files(record.pk, at=timezone.now())
        obj.pk = record.pk
        self.message_user(request, record.sentence, messages.SUCCESS)


@admin.register(Withdrawal)
class WithdrawalAdmin(ReadOnlyAdmin):
    """That somebody withdrew, and how much went; nothing says who. A certificate that is shown is found here."""

    list_display = ["at", "study", "rehearsal", "certificate"]
    list_filter = ["study", "rehearsal"]
    list_select_related = ["study"]
    search_fields = ["certificate"]
    fields = ["at", "study", "rehearsal", "certificate", "deleted"]

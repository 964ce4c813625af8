"""What a study's stopping rule tells its owner, on the study's page."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html

from analysis.stopping_records import standing_notice
from studies.models import Study


class StopNoticeOnPage:
    """Above everything else, while there is something to decide."""

    @admin.display(description="Stopping rule")
    def may_stop(self, study: Study) -> str:
        return format_html('<p class="planned problems" role="status">{}</p>', standing_notice(study))

    def get_fieldsets(self, request: HttpRequest, obj: Study | None = None) -> list:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or standing_notice(obj) is None:
            return fieldsets
        return [("To decide", {"fields": ["may_stop"]}), *fieldsets]

    def get_readonly_fields(self, request: HttpRequest, obj: Study | None = None) -> list[str]:
        fields = super().get_readonly_fields(request, obj)
        return fields if obj is None else [*fields, "may_stop"]

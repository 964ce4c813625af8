"""Replacing a stimulus of a paused study in the admin: which, by what video, and why."""

import tempfile
from pathlib import Path

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from studies.models import Study
from studies.replacement_forms import ReplacementForm
from studies.services.planning import PlanRefused
from studies.services.preparing import BeingPrepared
from studies.services.replacements import Replacement, replace_stimulus


class ReplacingPage:
    """The page beside a study on which one of its stimuli is replaced."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [path("<int:pk>/replace/", view(self.replace), name="studies_study_replace"), *super().get_urls()]

    def replace(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the form, or replace by POST; the study must be paused, and the page says so where it is not."""
        study = Study.objects.filter(pk=pk).first()
        if study is None:
            raise Http404
        if not self.has_change_permission(request, study):
            raise PermissionDenied
        given = (request.POST, request.FILES) if request.method == "POST" else ()
        form = ReplacementForm(*given, study=study, initial={"stimulus": request.GET.get("stimulus")})
        problems: list[str] = []
        if given and form.is_valid():
            try:
                done = _replace(study, form, request)
            except PlanRefused as refusal:
                problems = refusal.problems
            except BeingPrepared as refusal:
                problems = [str(refusal)]
            else:
                self.log_change(request, study, f"deviation: {done.deviation}")
                self.message_user(request, f"Replaced, and kept as a deviation. {done.sentence}", messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:studies_study_change", args=[pk]))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Replace a stimulus of {study.key}",
            "study": study,
            "form": form,
            "problems": problems,
        }
        return TemplateResponse(request, "admin/studies/replace.html", context)


def _replace(study: Study, form: ReplacementForm, request: HttpRequest) -> Replacement:
    upload: UploadedFile = form.cleaned_data["video"]
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / f"video{Path(upload.name).suffix.lower()[:6]}"
        with video.open("wb") as file:
            for chunk in upload.chunks():
                file.write(chunk)
        return replace_stimulus(
            study.pk,
            item=form.chosen.item.speaker.key,
            condition=form.chosen.condition,
            video=video,
            person=form.cleaned_data["person"],
            reason=form.cleaned_data["reason"],
            by=request.user,
            at=timezone.now(),
        )

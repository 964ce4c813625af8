"""The researcher's report and downloads: signed in, of the staff, and allowed to view studies."""

from collections.abc import Callable, Iterator
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from studies.models import Study

from .exports import trials_csv, votes_csv
from .pages import report_page
from .records import NoQuestion, StudyMissing, study_with_key
from .reports import build_report, report_as_json

PERMISSION = "studies.view_study"


def for_researchers(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Sign in first; without the permission 403, and only then 404: outsiders learn no study's name."""

    @never_cache
    @require_GET
    @wraps(view)
    def guarded(request: HttpRequest, key: str) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not (request.user.is_staff and request.user.has_perm(PERMISSION)):
            remedy = "Ask whoever runs this site for staff status and the permission 'Can view study'."
            return _refused(request, 403, "This account may not see reports", remedy)
        try:
            return view(request, study_with_key(key))
        except (StudyMissing, NoQuestion) as missing:
            return _refused(request, 404, "There is no report here", str(missing))

    return guarded


@for_researchers
def show_report(request: HttpRequest, study: Study) -> HttpResponse:
    report = build_report(study, rehearsal=_wants_rehearsal(request), at=timezone.now())
    return render(request, "analysis/report.html", {"page": report_page(report)})


@for_researchers
def download_report(request: HttpRequest, study: Study) -> HttpResponse:
    report = build_report(study, rehearsal=_wants_rehearsal(request), at=timezone.now())
    return HttpResponse(report_as_json(report), content_type="application/json; charset=utf-8")


@for_researchers
def download_votes(request: HttpRequest, study: Study) -> StreamingHttpResponse:
    return _csv(votes_csv(study, with_rehearsal=_wants_rehearsal(request)), f"{study.key}-votes.csv")


@for_researchers
def download_trials(request: HttpRequest, study: Study) -> StreamingHttpResponse:
    return _csv(trials_csv(study, with_rehearsal=_wants_rehearsal(request)), f"{study.key}-trials.csv")


def _wants_rehearsal(request: HttpRequest) -> bool:
    return request.GET.get("include-rehearsal") == "1"


def _csv(lines: Iterator[str], name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _refused(request: HttpRequest, status: int, heading: str, text: str) -> HttpResponse:
    return render(request, "analysis/refused.html", {"heading": heading, "text": text}, status=status)

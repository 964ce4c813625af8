"""The researcher's report and downloads: signed in, of the staff, and allowed to view studies."""

from collections.abc import Callable, Iterator
from functools import wraps
from tempfile import TemporaryFile

from django.contrib.auth.views import redirect_to_login
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from retrieval.csv_lines import csv_lines
from studies.models import Question, Study

from .bundle.writing import write_bundle
from .exports import VOTE_COLUMNS, blind_trials_csv, trials_csv, vote_rows, votes_csv
from .figures.files import FORMATS, figure_file
from .figures.gallery import NoFigure, figure_named
from .latex import latex_methods, latex_table
from .methods_text import methods_paragraph
from .pages.comments import comments_table
from .pages.questions import question_links
from .pages.report import report_page
from .pages.sealed import sealed_page
from .pages.votes import votes_page
from .peeking import HIDDEN, look_anyway, may_read_comments, may_see_results
from .records import NoQuestion, StudyMissing, question_of, study_with_key
from .report_json import report_as_json
from .report_parts import Report
from .report_rows import report_rows_csv
from .reports import build_report
from .services.stored_reports import stored_report
from .standalone import report_page as report_html
from .vote_lists import VotesWanted

PERMISSION = "studies.view_study"
LATEX, TEXT = "application/x-tex; charset=utf-8", "text/plain; charset=utf-8"
CSV, JSON, HTML = "text/csv; charset=utf-8", "application/json; charset=utf-8", "text/html; charset=utf-8"


def for_researchers(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Sign in first; without the permission 403, and only then 404: outsiders learn no study's name."""

    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, key: str, **named: str) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not (request.user.is_staff and request.user.has_perm(PERMISSION)):
            remedy = "Ask whoever runs this site for staff status and the permission 'Can view study'."
            return _refused(request, 403, "This account may not see reports", remedy)
        try:
            return view(request, study_with_key(key), **named)
        except (StudyMissing, NoQuestion, NoFigure) as missing:
            return _refused(request, 404, "There is no report here", str(missing))

    return guarded


def with_results(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Not for those whose results are hidden while the study takes votes; a rehearsal's never are."""

    @wraps(view)
    def guarded(request: HttpRequest, study: Study, **named: str) -> HttpResponseBase:
        if not _wants_rehearsal(request) and not may_see_results(study, request.user):
            return _hidden(request, study)
        return view(request, study, **named)

    return guarded


@require_GET
@for_researchers
def show_report(request: HttpRequest, study: Study) -> HttpResponse:
    _question(request, study)
    sealed = not may_see_results(study, request.user)
    if sealed and not _wants_rehearsal(request):
        return render(request, "analysis/sealed.html", {"page": sealed_page(study), "study": study})
    # A bundle of a rehearsal holds evaluators' votes too.
    page = report_page(_report(request, study))
    content = {"page": page, "study": study, "formats": tuple(FORMATS), "has_bundle": not sealed}
    if may_read_comments(study, request.user):
        content["comments"] = comments_table(study, rehearsal=page.rehearsal)
    content["questions"] = question_links(study, page.query, rehearsal=page.rehearsal)
    return render(request, "analysis/report.html", content)


@require_POST
@for_researchers
def look_at_results(request: HttpRequest, study: Study) -> HttpResponse:
    look_anyway(study, by=request.user, at=timezone.now())
    return redirect("analysis:report", study.key)


@require_GET
@for_researchers
@with_results
def show_votes(request: HttpRequest, study: Study) -> HttpResponse:
    wanted = VotesWanted(**{name: request.GET.get(name, "") for name in VotesWanted.__dataclass_fields__})
    page = votes_page(
        study,
        _question(request, study),
        wanted,
        rehearsal=_wants_rehearsal(request),
        page=request.GET.get("page", "1"),
        aside_page=request.GET.get("aside-page", "1"),
        ranked_page=request.GET.get("ranked-page", "1"),
    )
    return render(request, "analysis/votes.html", {"page": page, "study": study})


@require_GET
@for_researchers
@with_results
def download_figure(request: HttpRequest, study: Study, name: str, file_format: str) -> HttpResponse:
    if file_format not in FORMATS:
        raise NoFigure(f"Figures come as {', '.join(FORMATS)}, not as '{file_format}'.")
    report = _report(request, study)
    figure = figure_named(report, name, contrast=request.GET.get("contrast", ""))
    return _file(figure_file(figure, file_format), f"{_name(report)}-{name}.{file_format}", FORMATS[file_format])


def _download(name: str, content_type: str, make: Callable[[Report], str]) -> Callable[..., HttpResponseBase]:
    """A view that sends the report in one form, as a file named after the study."""

    @require_GET
    @for_researchers
    @with_results
    def download(request: HttpRequest, study: Study) -> HttpResponse:
        report = _report(request, study)
        return _file(make(report), f"{_name(report)}-{name}", content_type)

    return download


download_table = _download("report.csv", CSV, lambda report: "".join(report_rows_csv(report)))
download_latex = _download("report.tex", LATEX, latex_table)
download_methods = _download("methods.txt", TEXT, lambda report: f"{methods_paragraph(report)}\n")
download_latex_methods = _download("methods.tex", LATEX, latex_methods)
download_page = _download("report.html", HTML, report_html)


@require_GET
@for_researchers
@with_results
def download_report(request: HttpRequest, study: Study) -> HttpResponse:
    return HttpResponse(report_as_json(_report(request, study)), content_type=JSON)


@require_GET
@for_researchers
def download_votes(request: HttpRequest, study: Study) -> HttpResponseBase:
    rehearsal = _wants_rehearsal(request)
    if may_see_results(study, request.user):
        comments = request.GET.get("include-comments") == "1" and may_read_comments(study, request.user)
        lines = votes_csv(study, with_rehearsal=rehearsal, with_comments=comments)
        return _csv(lines, f"{study.key}-votes.csv")
    if not rehearsal:
        return _hidden(request, study)
    simulated = (row for row in vote_rows(study, with_rehearsal=True) if row["rehearsal"])
    return _csv(csv_lines(VOTE_COLUMNS, simulated), f"{study.key}-rehearsal-votes.csv")


@require_GET
@for_researchers
def download_bundle(request: HttpRequest, study: Study) -> HttpResponseBase:
    if not may_see_results(study, request.user):
        return _hidden(request, study)
    whole = TemporaryFile()  # noqa: SIM115 - the response closes it
    write_bundle(study, whole, rehearsal=_wants_rehearsal(request))
    whole.seek(0)
    return FileResponse(whole, as_attachment=True, filename=f"{study.key}-bundle.zip", content_type="application/zip")


@require_GET
@for_researchers
def download_trials(request: HttpRequest, study: Study) -> StreamingHttpResponse:
    lines = trials_csv if may_see_results(study, request.user) else blind_trials_csv
    return _csv(lines(study, with_rehearsal=_wants_rehearsal(request)), f"{study.key}-trials.csv")


def _report(request: HttpRequest, study: Study) -> Report:
    rehearsal, question = _wants_rehearsal(request), _question(request, study)
    kept = None if rehearsal else stored_report(study)
    if kept is not None and kept.question == question.key:
        return kept
    return build_report(study, question=question.key, rehearsal=rehearsal, at=timezone.now())


def _question(request: HttpRequest, study: Study) -> Question:
    """The one asked for, else the primary one. Raises  NoQuestion"""
    return question_of(study, request.GET.get("question", ""))


def _name(report: Report) -> str:
    """What a file of the report is called after."""
    return report.study if report.secondary_to is None else f"{report.study}-{report.question}"


def _wants_rehearsal(request: HttpRequest) -> bool:
    return request.GET.get("include-rehearsal") == "1"


def _csv(lines: Iterator[str], name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type=CSV)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _file(content: str | bytes, name: str, content_type: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _hidden(request: HttpRequest, study: Study) -> HttpResponse:
    return _refused(request, 403, "Results are hidden while votes come in", HIDDEN.format(key=study.key), study=study)


def _refused(request: HttpRequest, status: int, heading: str, text: str, *, study: Study | None = None) -> HttpResponse:
    return render(request, "analysis/refused.html", {"heading": heading, "text": text, "study": study}, status=status)

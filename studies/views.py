"""The evaluator's pages. The token in the address is the only authority: no cookie is read or set."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language_from_request, override
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from . import entry_pages, messages, pages
from .api import DeviceReport, FailureReport, ViewReport, VoteReport
from .check_queries import feedback_on
from .ending import NO_ENDING, STOPPED, Ending, ending_of
from .models import Assignment, AssignmentState, Session, Study
from .queries import current_assignment, waits_for_repair
from .services.entering import EntryIncomplete, answer_entry
from .services.leases import HELD, NotThisSessionsTrial, fail_trial, skip_trial
from .services.sessions import (
    AgeNotConfirmed,
    ConsentChanged,
    NotListed,
    Place,
    Stage,
    StudyNotOpen,
    agree,
    begin_trials,
    decline,
    keep_device_check,
    may_take_arrivals,
    resume,
    set_language,
    start_session,
)
from .services.votes import AlreadyAnswered, VoteRefused, cast_vote, record_view
from .texts import chosen_language, language_of, languages_offered
from .throttling import seconds_to_wait

SEE_OTHER = 303
INCOMPLETE = 422


def with_session(view: Callable) -> Callable:
    """Give the view the session that the address names, in its language; a page that says so where there is none."""

    @wraps(view)
    def wrapped(request: HttpRequest, token: str) -> HttpResponse:
        if seconds := seconds_to_wait(request, token):
            response = _refuse_in_their_language(request, messages.TOO_OFTEN)
            response["Retry-After"] = str(seconds)
            return response
        session = Session.objects.select_related("study").filter(token=token).first()
        if session is None:
            return _refuse_in_their_language(request, messages.UNKNOWN_ADDRESS)
        try:
            with override(language_of(session)):
                return view(request, session)
        except (Session.DoesNotExist, Assignment.DoesNotExist):  # withdrawn while this request waited for its turn
            return _refuse_in_their_language(request, messages.UNKNOWN_ADDRESS)

    return never_cache(csrf_exempt(wrapped))


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def landing(request: HttpRequest, key: str) -> HttpResponse:
    study = Study.objects.filter(key=key).first()
    if study is None:
        return refuse(request, messages.UNKNOWN_STUDY)
    language = language_asked(request, study)
    with override(language):
        response = _landing(request, study, language)
    patch_vary_headers(response, ["Accept-Language"])
    return response


def _landing(request: HttpRequest, study: Study, language: str) -> HttpResponse:
    has_places, is_held = may_take_arrivals(study), waits_for_repair(study, reason=HELD)
    if problem := messages.why_no_arrivals(study, has_places=has_places, is_held=is_held):
        return refuse(request, problem)
    if request.method != "POST":
        return render(request, "studies/landing.html", {"page": entry_pages.landing_page(study, language)})
    return started(request, lambda at: start_session(study.pk, at=at, language=language))


def language_asked(request: HttpRequest, study: Study) -> str:
    accepted = request.headers.get("Accept-Language", "")
    return chosen_language(study, asked=request.GET.get("lang", ""), accepted=accepted)


def started(request: HttpRequest, start: Callable[[datetime], Session]) -> HttpResponse:
    """On to the session, or a page that says why there is none."""
    try:
        return see(start(timezone.now()))
    except StudyNotOpen as reason:
        return refuse(request, messages.NOT_OPEN[reason.state])
    except NotListed:
        return refuse(request, messages.NOT_LISTED)


@require_safe
@with_session
def session_page(request: HttpRequest, session: Session) -> HttpResponse:
    asked = request.GET.get("lang", "")
    if asked and asked in languages_offered(session.study):
        set_language(session.pk, asked)
        return see(session)
    at = timezone.now()
    place = resume(session.pk, at=at)
    session.refresh_from_db()
    match place.stage:
        case Stage.CONSENT:
            return render(request, "studies/consent.html", {"page": entry_pages.consent_page(session)})
        case Stage.ENTRY:
            return render(request, "studies/entry.html", {"page": entry_pages.entry_page(session)})
        case Stage.CHECK:
            return render(request, "studies/check.html", {"page": pages.check_page(session)})
        case Stage.INSTRUCTIONS:
            return render(request, "studies/instructions.html", {"page": pages.instructions_page(session)})
        case Stage.TRIAL:
            page = pages.trial_page(session, place.assignment, at=at)
            return render(request, "studies/trial.html", {"page": page})
        case Stage.WAITING:
            return render(request, "studies/waiting.html", {"page": pages.waiting_page(session)})
        case Stage.THANKS:
            ending = ending_of(session, at=at)
            page = pages.thanks_page(session, code=ending.code, address=ending.address)
            return render(request, "studies/thanks.html", {"page": page})
        case Stage.SCREENED_OUT:
            ending = ending_of(session, at=at)
            page = entry_pages.screened_out_page(session, code=ending.code, address=ending.address)
            return render(request, "studies/screened_out.html", {"page": page})
    ending = ending_of(session, at=at, is_stopped=True) if place.stage in STOPPED else NO_ENDING
    return refuse(request, messages.STOPPED[place.stage], session, ending)


@require_POST
@with_session
def consent(request: HttpRequest, session: Session) -> HttpResponse:
    version, age = request.POST.get("version", ""), request.POST.get("age", "")
    agreed = request.POST.get("agree") == "yes"
    if request.POST.get("decline") == "yes":
        decline(session.pk, at=timezone.now())
        return see(session)
    try:
        if agreed and is_number(version):
            told_age = int(age) if is_number(age) else None
            language = request.POST.get("language")
            agree(session.pk, version=int(version), at=timezone.now(), language=language, age=told_age)
    except ConsentChanged:
        pass  # The page that follows shows the text now in force.
    except AgeNotConfirmed:
        return _ticks_missing(request, session, {"agree"}, {"age"})
    if not agreed and resume(session.pk, at=timezone.now()).stage == Stage.CONSENT:
        missing = {"agree"} if age or not session.study.least_age else {"agree", "age"}
        return _ticks_missing(request, session, {"age"} - missing, missing)
    return see(session)


def _ticks_missing(request: HttpRequest, session: Session, ticked: set[str], missing: set[str]) -> HttpResponse:
    page = entry_pages.consent_page(session, ticked=ticked, missing=missing)
    return render(request, "studies/consent.html", {"page": page}, status=INCOMPLETE)


@require_POST
@with_session
def entry(request: HttpRequest, session: Session) -> HttpResponse:
    """Answers to entry questions; with some left out the page comes again, with those that were given."""
    chosen = {name.removeprefix("q-"): key for name, key in request.POST.items() if name.startswith("q-")}
    tries = request.POST.get("tries", "")
    try:
        answer_entry(session.pk, chosen, tries=int(tries) if is_number(tries) else 0, at=timezone.now())
    except EntryIncomplete as refusal:
        page = entry_pages.entry_page(session, chosen=chosen, missing=refusal.missing)
        return render(request, "studies/entry.html", {"page": page}, status=INCOMPLETE)
    return see(session)


@require_POST
@with_session
def check(request: HttpRequest, session: Session) -> HttpResponse:
    report = DeviceReport(data=request.POST)
    if report.is_valid():  # Of anything else the check is shown again.
        keep_device_check(session.pk, report.validated_data, at=timezone.now())
    return see(session)


@require_POST
@with_session
def begin(request: HttpRequest, session: Session) -> HttpResponse:
    begin_trials(session.pk, at=timezone.now())
    return see(session)


@with_session
@api_view(["POST"])
def progress(request: Request, session: Session) -> Response:
    report = ViewReport(data=request.data)
    if not report.is_valid():
        return _invalid(report)
    view = report.view()
    if view:
        try:
            record_view(session.pk, report.validated_data["assignment"], view, at=timezone.now())
        except NotThisSessionsTrial:
            return Response({"message": str(messages.NOT_YOUR_TRIAL)}, status=404)
    return Response(status=204)


@with_session
@api_view(["POST"])
def vote(request: Request, session: Session) -> HttpResponse:
    report = VoteReport(data=request.data)
    if not report.is_valid():
        return _invalid(report)
    key = report.validated_data["assignment"]
    at = timezone.now()
    try:
        place = cast_vote(
            session.pk,
            key,
            report.validated_data["answers"],
            added=report.added(),
            at=at,
            rt_ms=report.validated_data.get("rt_ms"),
            view=report.view(),
            must_be_seen=True,
        )
    except NotThisSessionsTrial:
        return Response({"message": str(messages.NOT_YOUR_TRIAL)}, status=404)
    except AlreadyAnswered as reason:
        return Response({"message": str(reason)}, status=409)
    except VoteRefused as reason:
        return Response({"message": str(reason)}, status=400)
    trial = session.assignments.select_related("item", "left", "right").get(key=key)
    return _next(
        session, place, outcome="late" if trial.state == AssignmentState.LATE else "accepted",
        known=report.validated_data.get("ahead"), found=feedback_on(trial),
    )  # fmt: skip


@require_POST
@with_session
def skip(request: HttpRequest, session: Session) -> HttpResponse:
    try:
        skip_trial(session.pk, str(UUID(request.POST.get("assignment", ""))), at=timezone.now())
    except (ValueError, NotThisSessionsTrial):
        pass  # The page that follows shows where the session is.
    return see(session)


@with_session
@api_view(["POST"])
def failed(request: Request, session: Session) -> HttpResponse:
    report = FailureReport(data=request.data)
    if not report.is_valid():
        return _invalid(report)
    data = report.validated_data
    at = timezone.now()
    try:
        fail_trial(session.pk, data["assignment"], part=data["part"], reason=data["reason"], at=at)
    except NotThisSessionsTrial:
        return Response({"message": str(messages.NOT_YOUR_TRIAL)}, status=404)
    return _next(session, resume(session.pk, at=at), outcome="failed")


@require_safe
@with_session
@api_view(["GET", "HEAD"])
def ahead(request: Request, session: Session) -> Response:
    """The trial after this one, to be loaded while this one plays. Begins nothing."""
    current = current_assignment(session)
    following = None
    if current is not None:
        following = (
            session.assignments.filter(state=AssignmentState.LIVE, position__gt=current.position)
            .order_by("position")
            .first()
        )
    if following is None:
        return Response({"next": None})
    return Response({"next": pages.asdict(pages.trial_of(session, following, at=timezone.now()))})


def refuse(
    request: HttpRequest, message: "messages.Message", session: Session | None = None, ending: Ending = NO_ENDING
) -> HttpResponse:
    """The message; where it is a session's, with its code, if one is due, and the way to tell the researchers."""
    if request.headers.get("Accept") == "application/json":  # a trial page, which says it where it stands
        return JsonResponse({"message": f"{message.heading}. {message.text}"}, status=message.status)
    page = pages.MessagePage(
        message.heading, message.heading, message.text, message.remedy, ending.code, ending.address
    )
    return render(request, "studies/message.html", {"page": page, "session": session}, status=message.status)


def _refuse_in_their_language(request: HttpRequest, message: "messages.Message") -> HttpResponse:
    """Of no session is known which language it chose."""
    with override(get_language_from_request(request)):
        return refuse(request, message)


def is_number(text: str) -> bool:
    return text.isdecimal() and len(text) < 10


def see(session: Session) -> HttpResponse:
    return see_other(reverse("studies:session", args=[session.token]))


def see_other(address: str) -> HttpResponse:
    """On to another page, which is fetched anew whatever this request was."""
    response = redirect(address)
    response.status_code = SEE_OTHER
    return response


def _next(
    session: Session, place: Place, *, outcome: str, known: UUID | None = None, found: bool | None = None
) -> Response:
    """Where the session goes on, and its trial; of a trial that the page knows, only the name.

    found  of a practice trial whose answer is told: whether it was the known one
    """
    trial = None
    if place.assignment is not None and place.assignment.key == known:
        trial = {"assignment": str(known)}
    elif place.assignment is not None:
        trial = pages.asdict(pages.trial_of(session, place.assignment, at=timezone.now()))
    told = "" if found is None else "found" if found else "missed"
    return Response({"outcome": outcome, "stage": place.stage, "next": trial, "found": told})


def _invalid(report: Serializer) -> Response:
    fields = ", ".join(sorted(report.errors))
    return Response({"message": messages.INVALID.format(fields=fields)}, status=400)

"""Where platforms send evaluators, and where they send their messages. No id of theirs stays in an address or a log."""

import logging

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from . import entry_pages, messages
from .ending import hand_in_form
from .models import Platform, Recruitment, Session
from .platforms import adapter_of
from .platforms.protocol import NotBelieved, NotThisWay
from .recruitment_pages import hand_in_page, note_page
from .services.inviting import accept_invitation, invitation_of
from .services.noting import NothingSaid, TooManyNotes, write_note
from .services.recruiting import TookPart, arrive, hear
from .views import INCOMPLETE, language_asked, refuse, see, see_other, started, with_session

logger = logging.getLogger(__name__)
LARGEST_MESSAGE = 64 * 1024


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def arrival(request: HttpRequest, key: str) -> HttpResponse:
    """A platform's link: at once on to the session's own address."""
    recruitment = Recruitment.objects.select_related("study").filter(key=key).first()
    if recruitment is None:
        return refuse(request, messages.UNKNOWN_ADDRESS)
    language = language_asked(request, recruitment.study)
    with override(language):
        if recruitment.platform == Platform.ROOM and request.method != "POST":
            return render(request, "studies/room.html", {"page": entry_pages.landing_page(recruitment.study, language)})
        try:
            who = adapter_of(recruitment.platform).arrival(recruitment, request.GET)
        except NotThisWay:
            return refuse(request, messages.NOT_FROM_PLATFORM)
        if request.method == "HEAD":  # a link that is looked at starts nothing
            return HttpResponse()
        if who.is_preview:
            page = entry_pages.landing_page(recruitment.study, language)
            return render(request, "studies/preview.html", {"page": page})
        if recruitment.ended_at:
            return refuse(request, messages.RECRUITED)
        try:
            return started(request, lambda at: arrive(recruitment, who, at=at, language=language))
        except NotThisWay:
            return refuse(request, messages.NOT_FROM_PLATFORM)
        except TookPart:
            return refuse(request, messages.TOOK_PART)


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def invited(request: HttpRequest, key: str, token: str) -> HttpResponse:
    """An address for one person. Opening it starts nothing: mail is opened by programs too."""
    recruitment = Recruitment.objects.select_related("study").filter(key=key).first()
    invitation = invitation_of(recruitment, token) if recruitment else None
    if invitation is None:
        return refuse(request, messages.UNKNOWN_ADDRESS)
    if invitation.session:
        return see(invitation.session)
    language = language_asked(request, recruitment.study)
    with override(language):
        if recruitment.ended_at:
            return refuse(request, messages.RECRUITED)
        if request.method != "POST":
            page = entry_pages.landing_page(recruitment.study, language)
            return render(request, "studies/landing.html", {"page": page})
        return started(request, lambda at: accept_invitation(invitation, at=at, language=language))


@require_safe
@with_session
def hand_in(request: HttpRequest, session: Session) -> HttpResponse:
    """The form that hands a finished session in with its platform, for one that takes no link."""
    form = hand_in_form(session, at=timezone.now())
    if form is None:
        return see(session)
    response = render(request, "studies/hand_in.html", {"page": hand_in_page(session, form)})
    response._csp_update = {"form-action": [form.site]}  # this page alone may send a form there
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@with_session
def note(request: HttpRequest, session: Session) -> HttpResponse:
    """The form by which an evaluator tells the researchers something."""
    if request.method != "POST":
        page = note_page(session, is_sent=request.GET.get("sent") == "yes")
        return render(request, "studies/note.html", {"page": page})
    try:
        write_note(session.pk, request.POST.get("text", ""), at=timezone.now())
    except NothingSaid:
        page = note_page(session, problem=_("There is nothing written yet."))
        return render(request, "studies/note.html", {"page": page}, status=INCOMPLETE)
    except TooManyNotes:
        page = note_page(session, problem=_("You have sent as many notes as can be kept. Thank you for each."))
        return render(request, "studies/note.html", {"page": page}, status=INCOMPLETE)
    return see_other(f"{reverse('studies:note', args=[session.token])}?sent=yes")


@never_cache
@csrf_exempt
@require_POST
def hook(request: HttpRequest, key: str) -> HttpResponse:
    """A platform's message. 200 says that it need not be sent again, also where it changed nothing."""
    recruitment = Recruitment.objects.select_related("study").filter(key=key).first()
    if recruitment is None:
        return HttpResponse("unknown\n", status=404, content_type="text/plain")
    at = timezone.now()
    try:
        if len(request.body) > LARGEST_MESSAGE:
            return HttpResponse("too long\n", status=413, content_type="text/plain")
        word = adapter_of(recruitment.platform).word(recruitment, request.body, request.headers, at=at)
    except NotBelieved as reason:
        logger.warning("A message for recruitment %s was not believed: %s", recruitment.key, reason)
        return HttpResponse("not believed\n", status=403, content_type="text/plain")
    return HttpResponse(f"{hear(recruitment, word, at=at)}\n", content_type="text/plain")

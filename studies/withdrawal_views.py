"""Withdrawal without an account: by the receipt code from any device, or from one's own address.

What withdraws is given by whoever includes these addresses: a later stage may have more to delete than this one. No
guess is counted and no sender remembered: of 2^80 codes none is found by trying.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language, get_language_from_request, override
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from . import messages
from .models import Session, Withdrawal
from .services.withdrawals import session_of_receipt
from .texts import language_of
from .views import language_asked, refuse, see_other, with_session
from .withdrawal_pages import certificate_page, code_page, withdraw_page

Withdraw = Callable[..., Withdrawal]
LONGEST_CODE = 100


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def by_code(request: HttpRequest, withdraw: Withdraw) -> HttpResponse:
    """The form for a code, then what would be deleted, then its deletion."""
    with override(get_language_from_request(request)):
        if request.method != "POST":
            response = _code_form(request)
            patch_vary_headers(response, ["Accept-Language"])
            return response
        code = request.POST.get("code", "")
        session = session_of_receipt(code) if len(code) <= LONGEST_CODE else None
        if session is None:
            problem = _("No data belong to this code. Check each letter; if you withdrew before, nothing is left.")
            return _code_form(request, problem, code[:LONGEST_CODE])
    with override(language_of(session)):
        return _confirmed(request, session, withdraw, code=code)


@require_http_methods(["GET", "HEAD", "POST"])
def by_address(request: HttpRequest, token: str, withdraw: Withdraw) -> HttpResponse:
    return with_session(lambda request, session: _confirmed(request, session, withdraw))(request, token)


by_address.csrf_exempt = True  # as with_session: the token is the authority


@never_cache
@require_safe
def certificate(request: HttpRequest, certificate: str) -> HttpResponse:
    """What was deleted, at an address of its own. It names nobody, so that it can be kept and shown."""
    withdrawal = Withdrawal.objects.select_related("study").filter(certificate=certificate).first()
    if withdrawal is None:
        return refuse(request, messages.UNKNOWN_ADDRESS)
    language = language_asked(request, withdrawal.study)
    with override(language):
        response = render(request, "studies/certificate.html", {"page": certificate_page(withdrawal, language)})
    patch_vary_headers(response, ["Accept-Language"])
    return response


def _code_form(request: HttpRequest, problem: str = "", typed: str = "") -> HttpResponse:
    status = 404 if problem else 200
    return render(request, "studies/withdraw_code.html", {"page": code_page(problem, typed)}, status=status)


def _confirmed(request: HttpRequest, session: Session, withdraw: Withdraw, *, code: str = "") -> HttpResponse:
    if request.method != "POST" or request.POST.get("confirm") != "yes":
        return render(request, "studies/withdraw.html", {"page": withdraw_page(session, code=code)})
    try:
        withdrawal = withdraw(session.pk, at=timezone.now())
    except Session.DoesNotExist:  # pressed twice
        return refuse(request, messages.UNKNOWN_ADDRESS)
    return see_other(f"{reverse('studies:certificate', args=[withdrawal.certificate])}?lang={get_language()}")

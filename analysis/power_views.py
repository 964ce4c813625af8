"""The planner's page: for those who may see reports. It reads and computes; nothing is stored."""

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from .peeking import HIDDEN, may_see_results
from .power import ImpossibleDesign
from .power_forms import FIELDS, INITIAL, PilotProblem, PowerForm, filled_from, plan_of
from .power_pages import PowerPage, field_groups, known_studies, pilot_page, plan_page
from .power_pilots import Pilot, pilot_of
from .records import NoQuestion, StudyMissing, study_with_key
from .views import PERMISSION


@never_cache
@require_GET
def show_power(request: HttpRequest) -> HttpResponse:
    """The form as the address fills it, defaults where it does not, and the plan where it is valid."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if not (request.user.is_staff and request.user.has_perm(PERMISSION)):
        refusal = {
            "heading": "This account may not plan studies",
            "text": "Ask whoever runs this site for staff status and the permission 'Can view study'.",
        }
        return render(request, "analysis/refused.html", refusal, status=403)
    return render(request, "analysis/power.html", {"page": _page(request)})


def _page(request: HttpRequest) -> PowerPage:
    values: dict[str, object] = {name: request.GET.get(name, INITIAL[name]) for name in FIELDS}
    key, rehearsal = request.GET.get("pilot", ""), request.GET.get("pilot-rehearsal") == "1"
    pilot, problem = _pilot(key, rehearsal, request.user) if key else (None, None)
    if pilot is not None and problem is None:
        values |= filled_from(pilot)
    form = PowerForm(values)
    plan = None
    if form.is_valid():
        try:
            plan = plan_page(plan_of(form), values)
        except ImpossibleDesign as impossible:
            form.add_error(impossible.field, str(impossible))
    return PowerPage(
        groups=field_groups(form),
        errors=sum(len(found) for found in form.errors.values()),
        studies=known_studies(),
        chosen=key,
        rehearsal=rehearsal,
        kept=tuple((name, str(value)) for name, value in values.items()),
        pilot=None if pilot is None else pilot_page(pilot, values, problem=problem),
        pilot_problem=problem if pilot is None else None,
        plan=plan,
    )


def _pilot(key: str, rehearsal: bool, user: AbstractBaseUser) -> tuple[Pilot | None, str | None]:
    """The pilot, and why it cannot fill the form or is not there."""
    try:
        study = study_with_key(key)
        if not rehearsal and not may_see_results(study, user):
            return None, HIDDEN.format(key=study.key)
        pilot = pilot_of(study, rehearsal=rehearsal)
    except (StudyMissing, NoQuestion) as missing:
        return None, str(missing)
    try:
        filled_from(pilot)
    except PilotProblem as problem:
        return pilot, str(problem)
    return pilot, None

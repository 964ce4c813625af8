"""What evaluators are told when there is no trial for them: what happened, and what to do."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from .models import Study, StudyState
from .services.sessions import Stage


@dataclass(frozen=True)
class Message:
    status: int
    heading: str
    text: str
    remedy: str


UNKNOWN_ADDRESS = Message(
    404,
    _("This address is not known"),
    _("It may have been cut off when it was copied, or what belonged to it was deleted, as after a withdrawal."),
    _("Check that you have the whole address, or ask whoever sent it to you for a new one."),
)
UNKNOWN_STUDY = Message(
    404,
    _("There is no such study"),
    _("The address names a study that does not exist here."),
    _("Check the address, or ask whoever sent it to you."),
)
FULL = Message(
    410,
    _("This study has all the answers it needs"),
    _("Every place is taken and answered. Thank you for wanting to help."),
    _("There is nothing more to do. If you were promised a payment, tell whoever invited you that the study was full."),
)
UNPLAYABLE = Message(
    410,
    _("The videos do not play on this device"),
    _("None of the videos could be played here, so there was nothing to answer."),
    _(
        "Try this address in another browser or on another device. If that fails too, tell whoever invited you: "
        "it is not your fault."
    ),
)
HELD = Message(
    503,
    _("This study is being repaired"),
    _("Some of its videos do not play, and those who run it have been told."),
    _("Please come back later; this address stays the same."),
)
NOT_OPEN = {
    StudyState.DRAFT: Message(
        403,
        _("This study has not started yet"),
        _("It is still being prepared."),
        _("Please come back later; this address stays the same."),
    ),
    StudyState.PAUSED: Message(
        503,
        _("This study is taking a break"),
        _("It was paused by those who run it. Nothing that you answered is lost."),
        _("Please come back later; this address stays the same, and you go on where you were."),
    ),
    StudyState.CLOSED: Message(
        410,
        _("This study has ended"),
        _("It takes no more answers. Thank you for wanting to help."),
        _("There is nothing more to do."),
    ),
}
NOT_LISTED = Message(
    403,
    _("This study is for others"),
    _("Those who run it have chosen who may take part, for instance people who have not seen its videos before."),
    _("Nothing was kept of you. If a platform sent you, give your place back there, so that it costs you nothing."),
)
NOT_FROM_PLATFORM = Message(
    400,
    _("This address does not say who you are"),
    _("It came without the details that the platform adds, or with those of another study or person."),
    _("Go back to the platform and open the study from there. If that fails too, tell those who run the study."),
)
RECRUITED = Message(
    410,
    _("This way into the study is closed"),
    _("Nobody else is taken by this address. Thank you for wanting to help."),
    _("Give your place back on the platform, so that it costs you nothing."),
)
TOOK_PART = Message(
    410,
    _("You have taken part already"),
    _("Your answers are kept, and each person is asked once. Thank you for wanting to help again."),
    _("Give your place back on the platform, so that it costs you nothing."),
)
GIVEN_BACK = Message(
    410,
    _("Your place was given back"),
    _("The platform says that you returned it, or that its time ran out, so others are asked in your place."),
    _("If you would like to take part, take the study there again; this address then goes on."),
)
MET = Message(
    410,
    _("You have seen these videos before"),
    _("What is left to be judged here was shown to you in an earlier study, and everyone should see it fresh."),
    _("There is nothing more to do. If you were promised a payment, tell whoever invited you."),
)
TOO_OFTEN = Message(
    429,
    _("Too many requests came from this page"),
    _("For a moment it is not answered. Nothing that you answered is lost."),
    _("Wait a minute, then reload the page; you go on where you were."),
)
STOPPED = {
    Stage.PAUSED: NOT_OPEN[StudyState.PAUSED],
    Stage.CLOSED: NOT_OPEN[StudyState.CLOSED],
    Stage.FULL: FULL,
    Stage.UNPLAYABLE: UNPLAYABLE,
    Stage.MET: MET,
    Stage.GIVEN_BACK: GIVEN_BACK,
}
NOT_YOUR_TRIAL = _("This trial is not one of yours. Reload the page to go on.")
INVALID = _("The answer was not understood ({fields}). Reload the page to go on.")


def why_no_arrivals(study: Study, *, has_places: bool, is_held: bool) -> Message | None:
    """The message for someone who opens a study's link and cannot take part; None if they can."""
    if study.state != StudyState.OPEN:
        return NOT_OPEN[StudyState(study.state)]
    if has_places:
        return None
    return HELD if is_held else FULL

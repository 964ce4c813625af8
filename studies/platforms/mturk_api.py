"""Mechanical Turk's API through boto3: a HIT, its assignments, their approval; the sandbox's unless told otherwise.

boto3 is imported here alone, in functions: a site without it runs, and says what to install when it is needed.
Sources  docs.aws.amazon.com/AWSMechTurk/latest/AWSMturkAPI: CreateHIT, ListAssignmentsForHIT, ApproveAssignment,
         ApiReference_AssignmentDataStructureArticle, ApiReference_ExternalQuestionArticle
"""

from collections.abc import Callable, Iterator
from typing import Any
from xml.sax.saxutils import escape

from django.conf import settings

from studies.models import SubmissionStatus

from .calling import NoCredentials, Refused, TryLater, date_of
from .protocol import Listed

SANDBOX = "https://mturk-requester-sandbox.us-east-1.amazonaws.com"
REAL = "https://mturk-requester.us-east-1.amazonaws.com"
SCHEMA = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2006-07-14/ExternalQuestion.xsd"
STATUSES = {
    "Submitted": SubmissionStatus.AWAITING,
    "Approved": SubmissionStatus.APPROVED,
    "Rejected": SubmissionStatus.REJECTED,
}
BUSY = {"ThrottlingException", "Throttling", "RequestLimitExceeded", "ServiceFault", "InternalFailure"}


def make_hit(
    page: str,
    *,
    token: str,
    title: str,
    description: str,
    places: int,
    reward: int,
    minutes: int,
    days: int,
    is_real: bool,
) -> str:
    """Make a HIT that shows a page of ours in its frame. Returns its id.

    token    the same for the same HIT: sent twice, it is made once
    reward   in hundredths of a dollar
    minutes  that one assignment may take; days: that the HIT may be found
    Raises   NoCredentials, Refused, TryLater
    """
    question = f'<ExternalQuestion xmlns="{SCHEMA}"><ExternalURL>{escape(page)}</ExternalURL>'
    made = _call(
        "create_hit",
        is_real=is_real,
        Title=title,
        Description=description,
        MaxAssignments=places,
        Reward=f"{reward // 100}.{reward % 100:02}",
        AssignmentDurationInSeconds=minutes * 60,
        LifetimeInSeconds=days * 86_400,
        Question=f"{question}<FrameHeight>0</FrameHeight></ExternalQuestion>",
        UniqueRequestToken=token,
    )
    return made["HIT"]["HITId"]


def assignments_of(hit: str, *, is_real: bool) -> Iterator[Listed]:
    """Every assignment that was handed in. Raises as `make_hit`."""
    more: dict[str, str] = {}
    while True:
        told = _call("list_assignments_for_hit", is_real=is_real, HITId=hit, MaxResults=100, **more)
        for row in told.get("Assignments", []):
            yield Listed(row["AssignmentId"], STATUSES.get(row["AssignmentStatus"]), told["at"])
        if not told.get("NextToken"):
            return
        more = {"NextToken": told["NextToken"]}


def approve(assignment: str, *, is_real: bool) -> None:
    """Pay an assignment that was handed in. Raises as `make_hit`."""
    _call("approve_assignment", is_real=is_real, AssignmentId=assignment)


def _call(name: str, *, is_real: bool, **fields: Any) -> dict[str, Any]:
    method: Callable[..., dict[str, Any]] = getattr(_client(is_real=is_real), name)
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        told = method(**fields)
    except ClientError as reason:
        code, status = reason.response["Error"].get("Code", ""), reason.response["ResponseMetadata"]["HTTPStatusCode"]
        if code in BUSY or status == 429 or status >= 500:
            raise TryLater(f"{name}: {code or status}") from None
        raise Refused(f"{name}: {code} {reason.response['Error'].get('Message', '')}".strip(), status=status) from None
    except BotoCoreError as reason:
        raise TryLater(f"{name}: {type(reason).__name__}") from None
    return told | {"at": date_of(told["ResponseMetadata"]["HTTPHeaders"].get("date"))}


def _client(*, is_real: bool) -> Any:
    """A client with the credentials of the environment: no other place is searched, so nothing else is asked."""
    if not settings.REALTALK_MTURK_KEY_ID or not settings.REALTALK_MTURK_KEY:
        raise NoCredentials("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set: Mechanical Turk is not called.")
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise NoCredentials("boto3 is not installed: `pip install 'boto3>=1.35'`.") from None
    wait_s = settings.REALTALK_PLATFORM_TIMEOUT_S
    return boto3.client(
        "mturk",
        region_name="us-east-1",
        endpoint_url=settings.REALTALK_MTURK_ENDPOINT or (REAL if is_real else SANDBOX),
        aws_access_key_id=settings.REALTALK_MTURK_KEY_ID,
        aws_secret_access_key=settings.REALTALK_MTURK_KEY,
        config=Config(connect_timeout=wait_s, read_timeout=wait_s, retries={"total_max_attempts": 1}),
    )

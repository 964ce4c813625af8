"""What a page may load and who may show it inside another page."""

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase


class PolicyMiddleware(CSPMiddleware):
    """The strict policy of the settings, with one exception for the admin and one for evaluators' pages.

    Evaluators' pages may be framed by recruitment platforms and send no referrer, because their address is a secret.
    """

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if report_only:
            return parts
        if request.path_info.startswith("/admin/"):
            parts.config = settings.REALTALK_ADMIN_POLICY
        elif request.path_info.startswith(settings.REALTALK_FRAMED_PREFIXES):
            parts.replace = {**(parts.replace or {}), "frame-ancestors": settings.REALTALK_FRAME_ANCESTORS}
        return parts

    def process_request(self, request: HttpRequest) -> None:
        # Whatever a request says of itself: other encodings can carry what neither a page nor a database takes.
        request.encoding = "utf-8"

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if request.path_info.startswith(settings.REALTALK_FRAMED_PREFIXES):
            response["Referrer-Policy"] = "no-referrer"
        else:
            response["X-Frame-Options"] = "DENY"  # for browsers that know no frame-ancestors
        return super().process_response(request, response)

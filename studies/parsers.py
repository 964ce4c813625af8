"""Reading what a browser sent, when it may be meant to hurt."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class PatientJSONParser(JSONParser):
    """JSON whose nesting is too deep to read, or whose numbers are too long, is bad input like any other."""

    def parse(self, stream: IO, media_type: str | None = None, parser_context: Mapping | None = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except (RecursionError, ValueError) as reason:
            raise ParseError("This is not JSON that can be read.") from reason

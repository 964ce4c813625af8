"""What an evaluator's browser may send, checked before any service sees it."""

from rest_framework import serializers

from .coverage import PARTS
from .models import Choice
from .services.remarks import Added
from .services.votes import Answer, View

MAX_INTERVALS = 500
MAX_SECONDS = 24 * 3600
MAX_KEYS = 50
# Far more than a comment may have, so that the service can say by its own sentence what it may have.
MAX_COMMENT = 20_000


class WatchedField(serializers.Field):
    """{part: [[from, to], ...]} in seconds of the video, 0 <= from <= to."""

    def to_internal_value(self, data: object) -> dict[str, list[list[float]]]:
        if not isinstance(data, dict) or not set(data) <= set(PARTS):
            raise serializers.ValidationError("Expected the parts speaker, left and right.")
        return {part: self._intervals(data[part]) for part in data}

    def _intervals(self, spans: object) -> list[list[float]]:
        if not isinstance(spans, list) or len(spans) > MAX_INTERVALS:
            raise serializers.ValidationError(f"Expected at most {MAX_INTERVALS} intervals.")
        try:
            pairs = [(float(start), float(end)) for start, end in spans]
        except (TypeError, ValueError, OverflowError):
            raise serializers.ValidationError("An interval is two numbers of seconds.") from None
        if not all(0 <= start <= end <= MAX_SECONDS for start, end in pairs):
            raise serializers.ValidationError("An interval runs forward from 0 or later.")
        return [[round(start, 3), round(end, 3)] for start, end in pairs]

    def to_representation(self, value: object) -> object:
        return value


class PlaysField(serializers.Field):
    """{part: how often it was started}."""

    def to_internal_value(self, data: object) -> dict[str, int]:
        if not isinstance(data, dict) or not set(data) <= set(PARTS):
            raise serializers.ValidationError("Expected the parts speaker, left and right.")
        if not all(type(n) is int and 0 <= n <= 10_000 for n in data.values()):
            raise serializers.ValidationError("Plays are counts.")
        return dict(data)

    def to_representation(self, value: object) -> object:
        return value


class DriftReport(serializers.Serializer):
    """How far the videos were from each other, over all pictures shown: milliseconds."""

    frames = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    p50_ms = serializers.IntegerField(min_value=0, max_value=1000)
    p95_ms = serializers.IntegerField(min_value=0, max_value=1000)
    max_ms = serializers.IntegerField(min_value=0, max_value=1000)


class PerPartReport(serializers.Serializer):
    """One whole number for each video, or null where the browser does not tell it."""

    speaker = serializers.IntegerField(allow_null=True, min_value=0, max_value=2**31 - 1)
    left = serializers.IntegerField(allow_null=True, min_value=0, max_value=2**31 - 1)
    right = serializers.IntegerField(allow_null=True, min_value=0, max_value=2**31 - 1)


class PlaybackReport(serializers.Serializer):
    """How one load of the page played a trial; static/studies/play_record.js says what each number is."""

    drift = DriftReport(allow_null=True)
    start_ms = PerPartReport()
    frames = PerPartReport()
    dropped = PerPartReport()
    stalls = serializers.IntegerField(min_value=0, max_value=10_000)
    stalled_ms = serializers.IntegerField(min_value=0, max_value=1000 * MAX_SECONDS)
    sound_off_ms = serializers.IntegerField(
        allow_null=True, min_value=-1000 * MAX_SECONDS, max_value=1000 * MAX_SECONDS
    )


class ViewReport(serializers.Serializer):
    """What one load of the page has seen of a trial so far."""

    assignment = serializers.UUIDField()
    page = serializers.RegexField(r"^[A-Za-z0-9_-]{1,64}$", required=False)
    watched = WatchedField(required=False)
    plays = PlaysField(required=False)
    playback = PlaybackReport(required=False)
    shown_ago_ms = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=1000 * MAX_SECONDS
    )

    def view(self) -> View | None:
        data = self.validated_data
        if "page" not in data:
            return None
        return View(
            data["page"],
            data.get("watched", {}),
            data.get("plays", {}),
            data.get("playback"),
            data.get("shown_ago_ms"),
        )


class AnswersField(serializers.Field):
    """{question key: {"choice": left, right or tie[, "strength": 1 or 2]}}."""

    def to_internal_value(self, data: object) -> dict[str, Answer]:
        if not isinstance(data, dict) or len(data) > MAX_KEYS:
            raise serializers.ValidationError("Expected one answer by question.")
        return {key: self._answer(answer) for key, answer in data.items()}

    def _answer(self, data: object) -> Answer:
        if not isinstance(data, dict) or not set(data) <= {"choice", "strength"}:
            raise serializers.ValidationError("An answer is a choice and, of five points, a strength.")
        choice, strength = data.get("choice"), data.get("strength")
        if not isinstance(choice, str) or choice not in Choice.values:
            raise serializers.ValidationError("A choice is left, right or tie.")
        if strength is not None and (type(strength) is not int or strength not in (1, 2)):
            raise serializers.ValidationError("A strength is 1 or 2.")
        return Answer(Choice(choice), strength)

    def to_representation(self, value: object) -> object:
        return value


class ReasonsField(serializers.Field):
    """{question key: [key of a reason, ...]}."""

    def to_internal_value(self, data: object) -> dict[str, list[str]]:
        if not isinstance(data, dict) or len(data) > MAX_KEYS:
            raise serializers.ValidationError("Expected reasons by question.")
        for keys in data.values():
            if not isinstance(keys, list) or len(keys) > MAX_KEYS or not all(isinstance(key, str) for key in keys):
                raise serializers.ValidationError("Reasons are a list of keys.")
        return data

    def to_representation(self, value: object) -> object:
        return value


class CommentField(serializers.Field):
    """A text, of which the service keeps what can be kept: control characters in it are no reason to refuse a vote."""

    def to_internal_value(self, data: object) -> str:
        if not isinstance(data, str) or len(data) > MAX_COMMENT:
            raise serializers.ValidationError("A comment is a text.")
        return data

    def to_representation(self, value: object) -> object:
        return value


class VoteReport(ViewReport):
    """The answers of a trial. `ahead` names the trial that the page has loaded ahead and need not be told again."""

    ahead = serializers.UUIDField(required=False, allow_null=True)
    answers = AnswersField()
    reasons = ReasonsField(required=False)
    comment = CommentField(required=False)
    decided_s = serializers.FloatField(required=False, allow_null=True, min_value=0, max_value=MAX_SECONDS)
    rt_ms = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=2**31 - 1)

    def added(self) -> Added:
        data = self.validated_data
        return Added(data.get("reasons", {}), data.get("comment", ""), data.get("decided_s"))


class DeviceReport(serializers.Serializer):
    """What the check of sound and screen found; static/studies/device_check.js says what each word is.

    Window in CSS pixels. Nothing more of a device is asked: it could tell persons apart.
    """

    sound = serializers.ChoiceField(choices=["silent", "heard", "missed"])
    tries = serializers.IntegerField(min_value=0, max_value=1000)
    width = serializers.IntegerField(min_value=1, max_value=100_000)
    height = serializers.IntegerField(min_value=1, max_value=100_000)
    pixel_ratio = serializers.FloatField(min_value=0.01, max_value=100)
    fits = serializers.BooleanField()
    plays = serializers.BooleanField()


class FailureReport(serializers.Serializer):
    """A trial whose videos could not be played."""

    assignment = serializers.UUIDField()
    part = serializers.ChoiceField(choices=[(part, part) for part in PARTS], default="speaker")
    reason = serializers.CharField(max_length=200)

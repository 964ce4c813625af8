"""A new study, as a researcher fills it in: the same as `create_study`, with the manifest uploaded."""

import tempfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from django import forms
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from retrieval.models import Corpus
from retrieval.tables import ManifestError

from .asking import QUESTION, Asking, one_question, parse_questions
from .entry import Entry, parse_entry
from .models import ShortListeners, Study
from .options import MOST_RETESTS, Options
from .services.designs import CannotCreate, create_study, parse_contrasts
from .toml_text import LARGEST_FILE_BYTES, TomlProblems

LARGEST_MANIFEST_BYTES = 20_000_000
OPTIONS = [field.name for field in fields(Options)]
SAID = ("content_warning", "support", "debriefing", "consent")


class NewStudyForm(forms.ModelForm):
    """Makes the study when it is valid; every problem of the manifest is shown at the upload."""

    key = forms.SlugField(widget=UnfoldAdminTextInputWidget, help_text="Short; it becomes part of the address.")
    title = forms.CharField(widget=UnfoldAdminTextInputWidget, help_text="What evaluators see as the study's name.")
    corpus = forms.ModelChoiceField(Corpus.objects.order_by("key"), widget=UnfoldAdminSelectWidget)
    stimuli = forms.FileField(
        widget=UnfoldAdminFileFieldWidget,
        help_text="CSV: item,condition,clip_key and optionally kind, correct_condition.",
    )
    contrasts = forms.CharField(
        widget=UnfoldAdminTextInputWidget,
        help_text="treatment:control, separated by commas, such as social:random,social:rude",
    )
    question = forms.CharField(initial=QUESTION, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}))
    questions = forms.FileField(
        required=False,
        widget=UnfoldAdminFileFieldWidget,
        help_text="TOML, in place of the question above: other forms, several questions, reasons to tick, a comment, "
        "a press at the moment that decides. The guide shows one.",
    )
    entry = forms.FileField(
        required=False,
        label="Entry questions",
        widget=UnfoldAdminFileFieldWidget,
        help_text="TOML: who may take part, of which group one is, whether the task was understood. The guide shows "
        "one.",
    )
    least_age = forms.IntegerField(
        required=False,
        min_value=1,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Evaluators confirm that they are of this age or older; empty asks nobody.",
    )
    content_warning = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="What may distress, said before consent.",
    )
    support = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="Where to turn for help.",
    )
    debriefing = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="What the study was about, told at its end.",
    )
    consent = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6}),
        help_text="What evaluators agree to; empty for the project's text. docs/consent-template.md is a longer one.",
    )
    selection = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="Who chose the speakers, by what rule or seeded draw.",
    )
    votes_per_comparison = forms.IntegerField(min_value=1, initial=4, widget=UnfoldAdminIntegerFieldWidget)
    trials_per_session = forms.IntegerField(
        min_value=1,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Empty: one for each main item, at most 30.",
    )
    short_listeners = forms.ChoiceField(
        choices=ShortListeners.choices,
        initial=ShortListeners.REFUSE,
        widget=UnfoldAdminSelectWidget,
        help_text="What becomes of a listener's video that is shorter than the speaker's.",
    )
    shows_captions = forms.BooleanField(
        required=False,
        label="Captions",
        widget=UnfoldBooleanSwitchWidget,
        help_text="Show what the speaker says, from the transcript.",
    )
    checks_devices = forms.BooleanField(
        required=False,
        initial=True,
        label="Check of sound and screen",
        widget=UnfoldBooleanSwitchWidget,
        help_text="Evaluators count a few tones and see whether their window is large enough, before the first trial.",
    )
    gives_feedback = forms.BooleanField(
        required=False,
        initial=True,
        label="Feedback on practice",
        widget=UnfoldBooleanSwitchWidget,
        help_text="After a practice trial with a known answer, say whether it was found.",
    )
    practice_pass_mark = forms.IntegerField(
        required=False,
        min_value=0,
        initial=0,
        label="Pass mark",
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Practice trials to be answered rightly, in two rounds at most; 0 for none.",
    )
    retests_per_session = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_RETESTS,
        initial=0,
        label="Retests",
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Pairs that each evaluator sees a second time, sides swapped.",
    )
    marks_listeners = forms.BooleanField(
        required=False,
        label="Mark the videos",
        widget=UnfoldBooleanSwitchWidget,
        help_text="Write into every listener's video that it is a research stimulus, not a real reply.",
    )
    allows_met_stimuli = forms.BooleanField(
        required=False,
        label="Allow what was met",
        widget=UnfoldBooleanSwitchWidget,
        help_text="Give evaluators clips and speakers that they met in an earlier study.",
    )
    seed = forms.IntegerField(initial=0, widget=UnfoldAdminIntegerFieldWidget, help_text="Same seed, same orders.")

    class Meta:
        model = Study
        fields = ["key", "title", "corpus", "selection"]

    def clean_contrasts(self) -> list[tuple[str, str]]:
        try:
            return parse_contrasts(self.cleaned_data["contrasts"])
        except CannotCreate as refusal:
            raise forms.ValidationError(refusal.problems) from None

    def clean(self) -> dict:
        data = super().clean()
        if self.errors:
            return data
        upload = data["stimuli"]
        if upload.size > LARGEST_MANIFEST_BYTES:
            raise forms.ValidationError({"stimuli": "A manifest of over 20 MB is not read: is it the right file?"})
        asking, entry = self._asked(data), self._entry(data)
        with tempfile.TemporaryDirectory() as folder:
            manifest = Path(folder) / "stimuli.csv"
            manifest.write_bytes(upload.read())
            try:
                self.made = create_study(
                    data["key"],
                    corpus_key=data["corpus"].key,
                    stimuli=manifest,
                    contrasts=data["contrasts"],
                    at=timezone.now(),
                    votes_per_comparison=data["votes_per_comparison"],
                    trials_per_session=data["trials_per_session"],
                    seed=data["seed"],
                    short_listeners=data["short_listeners"],
                    options=Options(**{name: data[name] or False for name in OPTIONS}),
                    title=data["title"],
                    asking=asking,
                    entry=entry,
                    selection=data["selection"] or f"The speakers named in {upload.name}.",
                )
            except ManifestError as refusal:
                raise forms.ValidationError({"stimuli": refusal.problems}) from None
            except CannotCreate as refusal:
                raise forms.ValidationError(refusal.problems) from None
        return data

    def _asked(self, data: dict) -> Asking:
        return self._parsed("questions", parse_questions) if data["questions"] else one_question(data["question"])

    def _entry(self, data: dict) -> Entry:
        questions = self._parsed("entry", parse_entry) if data["entry"] else ()
        # Browsers send lines that end in CR LF.
        said = {name: data[name].replace("\r\n", "\n") for name in SAID}
        return Entry(questions=questions, least_age=data["least_age"], **said)

    def _parsed(self, field: str, parse: Callable[..., Any]) -> Any:
        """What an uploaded TOML file says; what is wrong with it is shown at its field."""
        upload = self.cleaned_data[field]
        if upload.size > LARGEST_FILE_BYTES:
            raise forms.ValidationError({field: "A file of over 200 kB is not read: is it the right one?"})
        try:
            return parse(upload.read(), name=upload.name)
        except TomlProblems as refusal:
            raise forms.ValidationError({field: refusal.problems}) from None

    def _post_clean(self) -> None:
        """The service has made the study; there is no half-filled instance to validate."""

    def save(self, commit: bool = True) -> Study:
        return self.made

    def save_m2m(self) -> None:
        """Nothing of a new study is many-to-many."""

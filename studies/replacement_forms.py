"""A stimulus to replace, as a researcher says it: which, by what, and why."""

from django import forms
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from .models import Stimulus, Study
from .services.replacements import replaceable_stimuli

LARGEST_VIDEO_BYTES = 500_000_000


class ReplacementForm(forms.Form):
    stimulus = forms.TypedChoiceField(
        label="What is replaced",
        coerce=int,
        widget=UnfoldAdminSelectWidget,
        help_text="Speaker, condition, and the clip that is shown now.",
    )
    video = forms.FileField(
        label="New video",
        widget=UnfoldAdminFileFieldWidget,
        help_text="At least as long as the speaker's. It becomes a listener of the corpus, under the corpus's licence.",
    )
    person = forms.CharField(
        required=False,
        label="Who is seen",
        widget=UnfoldAdminTextInputWidget,
        help_text="The person's key in the corpus; empty where it is not known.",
    )
    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}), help_text="Why? It is kept, with your name and the time."
    )

    def __init__(self, *args: object, study: Study, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.stimuli = {stimulus.pk: stimulus for stimulus in replaceable_stimuli(study)}
        self.fields["stimulus"].choices = [(pk, _named(stimulus)) for pk, stimulus in self.stimuli.items()]

    def clean_video(self) -> object:
        video = self.cleaned_data["video"]
        if video.size > LARGEST_VIDEO_BYTES:
            raise forms.ValidationError("A video of over 500 MB is not read: cut it to the speaker's length first.")
        return video

    @property
    def chosen(self) -> Stimulus:
        return self.stimuli[self.cleaned_data["stimulus"]]


def _named(stimulus: Stimulus) -> str:
    return f"{stimulus.item} · {stimulus.condition} · {stimulus.clip}" + (" · held" if stimulus.held_at else "")

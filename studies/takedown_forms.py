"""A take-down, as a researcher says it: who, and why."""

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from retrieval.models import Person

from .models import TakeDown
from .services.takedowns import CannotTakeDown, person_named


class TakeDownForm(forms.ModelForm):
    deletes_files = forms.BooleanField(
        required=False,
        label="Delete their video files",
        widget=UnfoldBooleanSwitchWidget,
        help_text="Theirs, and those made of them for studies. Copies in backups stay.",
    )
    person: Person | None = None

    class Meta:
        model = TakeDown
        fields = ["corpus", "person_key", "reason"]
        labels = {"person_key": "Person"}
        help_texts = {
            "person_key": "The person's key in that corpus, as the list of people has it.",
            "reason": "Why? It is kept, with your name and the time.",
        }
        widgets = {
            "person_key": UnfoldAdminTextInputWidget,
            "reason": UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        }

    def clean(self) -> dict:
        given = super().clean()
        if given.get("corpus") and given.get("person_key"):
            try:
                self.person = person_named(given["corpus"].key, given["person_key"])
            except CannotTakeDown as reason:
                raise forms.ValidationError({"person_key": str(reason)}) from reason
        return given

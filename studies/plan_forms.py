"""The plan as a researcher fills it in: while the study is a draft, and later as a deviation."""

from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from .adaptive_lists import MOST_SHARE
from .models import Contrast, Plan, Study
from .plan_rules import BY_HAND, KINDS, parse_rules, rule_sentence, rules_as_text
from .plans import PlanInForce, plan_at_launch, plan_in_force
from .services.planning import change_problems, edit_plan, set_planned

WHY = "Why? It is kept, with your name and the time."
LINE = format_html("<br>{}", "")
RULES_HELP = format_html(
    "In order, one a line, with its number:<br>{}<br>A rule of your own, applied by people: <code>my_rule {}</code>"
    "<br>What they set aside before the study is closed is collected anew; all else set aside later is a deviation.",
    format_html_join(
        LINE,
        "<code>{}</code>: {}",
        ((rules_as_text([name]), rule_sentence(name)) for name in KINDS),
    ),
    BY_HAND,
)


STOPPING_HELP = format_html(
    "When collecting ends.<br><code>fixed</code>: when the target is reached, whatever the votes say.<br>"
    "<code>{}</code>: planned looks at so many completed speakers; the last is all of them.<br>"
    "<code>{}</code>: evidence that holds at any moment. Both need a primary comparison group.",
    "looks:15,20,30;spending=obrien-fleming",
    "e-process:10,20,30",
)


SHARE_HELP = (
    "To rank at least three conditions: this share of all votes, from 0 to 0.8, is asked for on the comparison groups "
    "that tell most about the order, chosen in batches while the study runs. Such votes count in the ranking only; the "
    "target above is of the others, from which shares and p are computed. 0 or empty: none."
)


class RulesField(forms.CharField):
    """The ordered rules, one a line."""

    widget = UnfoldAdminTextareaWidget

    def to_python(self, value: object) -> list:
        try:
            return parse_rules(super().to_python(value))
        except ValueError as problems:
            raise forms.ValidationError(str(problems).splitlines()) from None

    def has_changed(self, initial: object, data: object) -> bool:
        try:
            return parse_rules(str(initial or "")) != parse_rules(str(data or ""))
        except ValueError:
            return True


class PlanFields(forms.Form):
    """What a plan says, without its target. `changes` holds the values once the form is valid."""

    hypotheses = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text="What do you expect, in which direction, and why?",
    )
    primary = forms.ChoiceField(
        required=False,
        label="Primary comparison group",
        widget=UnfoldAdminSelectWidget,
        help_text="The one that decides. The others are read beside it.",
    )
    exclusion_rules = RulesField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=RULES_HELP,
    )
    applies_rules_itself = forms.BooleanField(
        required=False,
        label="Rules apply themselves",
        widget=UnfoldBooleanSwitchWidget,
        help_text="Set sessions aside as they end, without waiting for a press. Off: a person looks first.",
    )
    equivalence_margin = forms.FloatField(
        required=False,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any", "min": "0", "max": "0.5"}),
        help_text="In share points, between 0 and 0.5: 0.1 means that 40 to 60 % is as good as no preference. Empty: "
        "no claim that two are alike.",
    )
    stopping_rule = forms.CharField(
        required=False,
        max_length=100,
        initial="fixed",
        widget=UnfoldAdminTextInputWidget(attrs={"spellcheck": "false"}),
        help_text=STOPPING_HELP,
    )

    adaptive_share = forms.FloatField(
        required=False,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any", "min": "0", "max": MOST_SHARE}),
        help_text=SHARE_HELP,
    )

    study: Study

    def offer(self, study: Study, plan: PlanInForce) -> None:
        """Fill the choices and what stands there now."""
        self.study = study
        names = [str(contrast) for contrast in study.contrasts.all()]
        self.fields["primary"].choices = [("", "None"), *((name, name) for name in names)]
        self.initial |= {
            "hypotheses": plan.hypotheses,
            "primary": plan.primary or "",
            "exclusion_rules": rules_as_text(plan.exclusion_rules),
            "applies_rules_itself": plan.applies_rules_itself,
            "equivalence_margin": plan.equivalence_margin,
            "stopping_rule": plan.stopping_rule,
            "adaptive_share": plan.adaptive_share,
        }

    def changes(self) -> dict[str, Any]:
        """Only what was changed, in the words of PlanInForce: what is left as it was keeps how it was written."""
        given = {name: self.cleaned_data[name] for name in self.changed_data if name in self.cleaned_data}
        if "primary" in given:
            given["primary"] = given["primary"] or None
        if "hypotheses" in given:
            given["hypotheses"] = given["hypotheses"].replace("\r\n", "\n")
        if "stopping_rule" in given:
            given["stopping_rule"] = given["stopping_rule"] or "fixed"
        if "adaptive_share" in given:
            given["adaptive_share"] = given["adaptive_share"] or 0.0
        return given

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        for name, value in self.changes().items():
            for problem in change_problems(self.study, {name: value}):
                self.add_error(name, problem)
        return data


class DraftPlanForm(PlanFields, forms.ModelForm):
    """A draft's plan with its target, saved by the service that refuses a frozen one."""

    votes_per_comparison = forms.IntegerField(
        min_value=1,
        required=False,
        label="Target: votes per comparison",
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Of each speaker in each comparison group. More speakers and evaluators beat more votes a speaker.",
    )
    field_order = [
        "hypotheses", "primary", "votes_per_comparison", "exclusion_rules", "applies_rules_itself",
        "equivalence_margin", "stopping_rule", "adaptive_share",
    ]  # fmt: skip

    class Meta:
        model = Plan
        fields: list[str] = []

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.offer(self.instance.study, plan_at_launch(self.instance.study))
            self.initial["votes_per_comparison"] = self.study.votes_per_comparison

    def changes(self) -> dict[str, Any]:
        given = super().changes()
        return {name: value for name, value in given.items() if name != "votes_per_comparison" or value is not None}

    def save(self, commit: bool = True) -> Plan:
        """Raises  PlanFrozen if the study was launched meanwhile"""
        return edit_plan(self.study.pk, changes=self.changes())

    def save_m2m(self) -> None:
        """Nothing of a plan is many-to-many."""


class DraftContrastForm(forms.ModelForm):
    """Whether a comparison group is planned or exploratory, saved by the service that refuses a launched study's."""

    class Meta:
        model = Contrast
        fields = ["is_planned"]

    def save(self, commit: bool = True) -> Contrast:
        """Raises  PlanFrozen if the study was launched meanwhile"""
        return set_planned(self.instance.pk, is_planned=self.cleaned_data["is_planned"])

    def save_m2m(self) -> None:
        """Nothing of a comparison group is many-to-many."""


class ChangePlanForm(PlanFields):
    """The plan in force, to be changed with a reason."""

    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}), help_text=WHY
    )

    def __init__(self, *args: object, study: Study, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.offer(study, plan_in_force(study))

    def changes(self) -> dict[str, Any]:
        return {name: value for name, value in super().changes().items() if name != "reason"}


class RaiseTargetForm(forms.Form):
    votes_per_comparison = forms.IntegerField(
        min_value=1,
        label="Votes per comparison",
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="More than now: further slots open at once, sides in balance over the whole study.",
    )
    reason = forms.CharField(widget=UnfoldAdminTextInputWidget, help_text=WHY)


class RecordDeviationForm(forms.Form):
    what = forms.CharField(
        label="What happened",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="Such as: recruiting stopped for a day. It is kept, with your name and the time.",
    )

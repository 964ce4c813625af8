"""Questions of every form with reasons, a comment and a press: as a file, and as it is read."""

from studies.asking import AskedQuestion, Asking

ALL_FORMS_TOML = """\
asks_comment = true
asks_when = true

[[question]]
key = "appropriate"
text = "Which listener reacts more appropriately?"
form = "5-point"

[question.reasons]
face = "The face"
timing = "The timing"
other = "Something else"

[[question]]
key = "warmer"
text = "Which listener seems warmer?"
form = "tie"

[[question]]
key = "attentive"
text = "Which listener seems more attentive?"
form = "2afc"

[question.reasons]
gaze = "Where they look"
nods = "How they nod"
"""
ALL_FORMS = Asking(
    (
        AskedQuestion(
            "appropriate",
            "Which listener reacts more appropriately?",
            "5-point",
            (("face", "The face"), ("timing", "The timing"), ("other", "Something else")),
        ),
        AskedQuestion("warmer", "Which listener seems warmer?", "tie"),
        AskedQuestion(
            "attentive",
            "Which listener seems more attentive?",
            "2afc",
            (("gaze", "Where they look"), ("nods", "How they nod")),
        ),
    ),
    asks_comment=True,
    asks_when=True,
)

"""The texts that a study has unless a researcher writes others, in every language of the evaluators' pages. Pure."""

from dataclasses import dataclass

from .asking import QUESTION


@dataclass(frozen=True)
class DefaultTexts:
    question: str
    introduction: str
    consent: str


DEFAULT_TEXTS = {
    "en": DefaultTexts(
        QUESTION,
        "You will see short videos of a person who speaks, and below it two people who listen. "
        "Each time, say which listener reacts more appropriately.",
        """\
Taking part means watching short videos of people in conversation and choosing between two listeners each time. \
There are no right or wrong answers that could be held against you.

We keep your answers, when they were given, and how much of each video was played. We do not ask for your name, \
and no cookies are set. The answers are used for research and may be published without anything that says who you are.

Taking part is voluntary. You can stop at any time by closing the page, without giving a reason.

By continuing you say that you are at least 18 years old, have read this, and agree to take part.""",
    ),
    "de": DefaultTexts(
        "Wer hört zu und reagiert dabei angemessener auf das, was gesagt wird?",
        "Sie sehen kurze Videos von einer Person, die spricht, und darunter zwei Personen, die zuhören. "
        "Sagen Sie jedes Mal, welche der beiden angemessener reagiert.",
        """\
Wenn Sie teilnehmen, sehen Sie kurze Videos von Menschen im Gespräch und wählen jedes Mal zwischen zwei Personen, die \
zuhören. Es gibt keine richtigen oder falschen Antworten, die Ihnen zum Nachteil werden könnten.

Wir speichern Ihre Antworten, wann sie gegeben wurden und wie viel von jedem Video abgespielt wurde. Wir fragen nicht \
nach Ihrem Namen, und es werden keine Cookies gesetzt. Die Antworten dienen der Forschung und dürfen veröffentlicht \
werden, ohne dass etwas verrät, wer Sie sind.

Die Teilnahme ist freiwillig. Sie können jederzeit aufhören, indem Sie die Seite schließen, ohne Gründe zu nennen.

Wenn Sie fortfahren, sagen Sie damit, dass Sie mindestens 18 Jahre alt sind, dies gelesen haben und \
teilnehmen möchten.""",
    ),
    "es": DefaultTexts(
        "¿Qué oyente reacciona de forma más adecuada a lo que dice la persona que habla?",
        "Verá vídeos cortos de una persona que habla y, debajo, de dos personas que escuchan. "
        "Diga cada vez cuál de las dos reacciona de forma más adecuada.",
        """\
Participar significa ver vídeos cortos de personas que conversan y elegir cada vez entre dos oyentes. \
No hay respuestas correctas ni incorrectas que puedan perjudicarle.

Guardamos sus respuestas, cuándo se dieron y cuánto se reprodujo de cada vídeo. No le preguntamos su nombre \
y no se usan cookies. Las respuestas sirven para la investigación y pueden publicarse sin nada que diga quién es usted.

La participación es voluntaria. Puede dejarlo en cualquier momento cerrando la página, sin dar ningún motivo.

Al continuar, declara que tiene al menos 18 años, que ha leído este texto y que acepta participar.""",
    ),
    "zh-hans": DefaultTexts(
        "哪位倾听者对说话者所说内容的反应更恰当？",
        "您将看到一个人说话的短视频，其下方是两位正在倾听的人。请每次选出反应更恰当的倾听者。",
        """\
参加本研究即观看人们交谈的短视频，并每次在两位倾听者之间作出选择。答案没有对错之分，也不会对您产生任何不利影响。

我们会保存您的回答、作答时间以及每段视频的播放情况。我们不会询问您的姓名，也不会设置任何 Cookie。\
回答将用于研究，并可能在不包含任何可识别您身份的信息的前提下发表。

参加完全自愿。您可以随时关闭页面退出，无需说明理由。

继续即表示您已年满 18 周岁，已阅读以上内容，并同意参加。""",
    ),
    "ar": DefaultTexts(
        "أيّ المستمعَين يتفاعل على نحو أنسب مع ما يقوله المتحدث؟",
        "ستشاهد مقاطع فيديو قصيرة لشخص يتحدث، وتحته شخصان يستمعان. "
        "اختر في كل مرة المستمع الذي يتفاعل على نحو أنسب.",
        """\
تعني المشاركة مشاهدة مقاطع فيديو قصيرة لأشخاص يتحادثون والاختيار في كل مرة بين مستمعَين. \
لا توجد إجابات صحيحة أو خاطئة يمكن أن تُحسب عليك.

نحتفظ بإجاباتك ووقت تقديمها ومقدار ما شُغّل من كل مقطع. لا نسألك عن اسمك ولا نستخدم ملفات تعريف الارتباط. \
تُستخدم الإجابات في البحث العلمي وقد تُنشر من دون أي شيء يدل على هويتك.

المشاركة طوعية. يمكنك التوقف في أي وقت بإغلاق الصفحة ومن دون إبداء الأسباب.

بالمتابعة تقرّ بأن عمرك 18 عامًا على الأقل وبأنك قرأت هذا النص وتوافق على المشاركة.""",
    ),
}

"""What the speakers say: short things that people tell each other, each with the feeling behind it.

Written for this project. About six seconds each when spoken.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Statement:
    """One thing said, and the feeling of the person who says it (a word of expressions.ALL)."""

    feeling: str
    text: str


# The order deals the feelings out evenly, so that any first few statements hold several.
_TOLD = {
    "joy": (
        "I got the job! They called me this morning and I start on Monday, I still can't believe it.",
        "My sister had her baby last night. It's a little girl, and they're both doing really well.",
        "The scan came back clear. The doctor says I'm completely healthy, I could dance.",
        "We finally got the keys to our own flat. After six years of saving, it's really ours.",
        "My best friend is moving back to town. We haven't lived in the same place since school.",
    ),
    "sadness": (
        "We had to let our old dog go yesterday. The house is so quiet now, I keep looking for him.",
        "She told me she doesn't love me anymore. We were together for eight years.",
        "I didn't get into the school. I had worked for it all year, and now I don't know what to do.",
        "My grandmother doesn't remember my name any more. Yesterday she asked me who I was.",
    ),
    "anger": (
        "My boss took my whole presentation and told everybody that it was his. I was sitting right there.",
        "Somebody smashed my car window last night, just to take an old jacket from the back seat.",
        "They cancelled my flight, kept my money, and then they hung up on me. Twice!",
        "My neighbour cut down my apple tree while I was away, and he says it was in his way.",
    ),
    "worry": (
        "My son was supposed to be home two hours ago, and his phone is switched off.",
        "They are cutting half of our team next week, and nobody will tell us who has to go.",
        "The doctor wants to do more tests. She wouldn't say why, and now I can't sleep.",
        "My dad has his operation tomorrow morning. I keep telling him it'll be fine, but I'm not sure.",
    ),
    "embarrassment": (
        "I waved back at someone for a whole minute, and they were waving at the person behind me.",
        "I called my teacher mum, in front of the entire class. Everybody heard it.",
        "My microphone was on the whole time. All of them heard me singing in the kitchen.",
        "I split my trousers at my own wedding, right in the middle of the first dance.",
    ),
    "surprise": (
        "I opened the door and there was my brother, who I hadn't seen in eleven years!",
        "You won't believe this: I found my wedding ring inside a carrot from our garden.",
        "I went in for a haircut, and the man in the next chair was my old maths teacher from Peru.",
        "The little painting from the flea market turns out to be worth more than our house.",
    ),
    "pride": (
        "I ran my first marathon on Sunday. Two years ago I couldn't even run to the bus.",
        "My daughter read her first whole book to me last night, every single word by herself.",
        "After twenty years here, I passed the exam. Since Tuesday I am a citizen.",
        "I have been sober for one year today. I wanted you to be the first to know.",
    ),
    "grief": (
        "My mother died in March. I still pick up the phone to call her on Sundays.",
        "We lost the baby. I haven't really told anyone yet, I just needed to say it.",
        "It's the first birthday without my husband. I set the table for two without thinking.",
    ),
    "amusement": (
        "So the cat steals the sausage, jumps out of the window, and lands right in the priest's lap!",
        "I spent an hour looking for my glasses. I was wearing them, and I was using my phone as a torch.",
        "My grandad joined the video call upside down, and then he asked why we were all on the ceiling.",
        "The parrot has learned to answer the door. He says come in, and then he laughs at people.",
    ),
    "fear": (
        "There was a man following me all the way home. I ran the last street and locked the door.",
        "The plane just dropped. People were screaming, and I held a stranger's hand the whole time.",
        "I heard somebody downstairs at three in the morning. I live alone, I didn't dare to move.",
    ),
    "gratitude": (
        "A stranger paid for my groceries when my card was refused. I cried all the way to the car.",
        "My neighbours have cooked for me every day since I broke my leg. I don't know how to thank them.",
        "The nurse stayed with me after her shift was over, just so that I wasn't alone.",
    ),
    "disgust": (
        "I had almost finished the salad when I saw that half of a beetle was left in the bowl.",
        "Someone on the train was cutting his toenails, and one of them landed in my coffee.",
    ),
    "boredom": (
        "I sat in that waiting room for four hours, and then they told me to come back next week.",
        "The meeting was three hours long, and they read every single slide out loud, word by word.",
    ),
}  # fmt: skip

STATEMENTS: tuple[Statement, ...] = tuple(
    Statement(feeling, texts[round_]) for round_ in range(5) for feeling, texts in _TOLD.items() if round_ < len(texts)
)
OPENERS = (
    "", "Listen. ", "You know what? ", "Can I tell you something? ", "So, guess what. ", "I have to tell you this. ",
    "Okay, so. ", "Right, listen. ",
)  # fmt: skip


def statement_for(number: int) -> Statement:
    """Statement `number`: after one round through all of them they come again with another opening."""
    told = STATEMENTS[number % len(STATEMENTS)]
    opener = OPENERS[(number // len(STATEMENTS)) % len(OPENERS)]
    return Statement(told.feeling, opener + told.text)

"""What a corpus and the people in it permit. Pure."""

STUDIES = "studies"
TRAINING = "training"


def permits(permitted_uses: str, use: str) -> bool:
    """Whether a corpus, or a person in it, for whom these uses are declared permits `use`.

    permitted_uses  words separated by commas, such as "studies, training"; empty: all that the consent statement says.
                    Commas and blanks alone name nothing, and permit nothing
    """
    return not permitted_uses or use in {word.strip().casefold() for word in permitted_uses.split(",")}

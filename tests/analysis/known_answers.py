"""Cases with known answers, which the statistics are held to; each names its source and tolerance."""

import json
from pathlib import Path

CASES = {
    case["id"]: case
    for case in json.loads((Path(__file__).parent / "data" / "known_answers.json").read_text())["cases"]
}

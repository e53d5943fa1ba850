r"""Writes the bodies that decoding is measured with: the same bytes for the same seed, from the standard library.

    python tests/benchmarks/bodies.py FOLDER [--rows N] [--shuffled] [--missing]

writes `wide.json` (200,000 rows of 26 columns with a text summary, about 165 MB), `narrow.json` (a million rows
of 6 columns, about 130 MB), and 40 to 90 MB of each shape that is harder to read: `nested` (what was said, turn by turn,
as a list of objects), `nested-numbers` (the same as lists of numbers), `cjk` (turns in Chinese and Japanese), `escaped`
(any letter beyond ASCII as `\uXXXX`), `long-text` (transcripts of some ten thousand characters) and `sparse` (of 400
columns, a row has 12), and `texts` (66 columns of text). Of each of these there is a second file, `.ndjson`, with a row a
line. `--shuffled` adds variants of the first two whose rows have their keys in random order, `--missing` ones in which
a tenth of the keys are missing.
"""

import argparse
import json
import random
import uuid
from datetime import datetime, timedelta
from pathlib import Path

SEED = 20250715
WIDE_ROWS = 200_000
NARROW_ROWS = 1_000_000
NESTED_ROWS = 20_000
LONG_ROWS = 4_000
SPARSE_ROWS = 150_000
SPARSE_COLUMNS = 400
TEXT_ROWS = 40_000
TEXT_COLUMNS = 66

WORDS = """
the customer called about an invoice that had been sent twice and asked for a refund which the agent promised within
five working days after checking the contract in the system the delivery was late because of a strike and she wanted
to know whether the appointment could be moved to next week he confirmed the new address and the number of the meter
then explained how the app shows usage per month and where to find the settings both agreed on a follow up call on
Thursday morning café naïve Zürich €25 façade
""".split()  # noqa: SIM905
VENDORS = ["pbx-north", "pbx-south", "cloudline", "webchat"]
CAMPAIGNS = ["sales", "service", "retention", "onboarding", "collections"]
SUBCAMPAIGNS = ["inbound", "outbound", "callback", "winback", None]
DEPARTMENTS = ["north", "south", "east", "west"]
LETTERS = [chr(code) for code in (*range(0x3042, 0x3094), *range(0x4E00, 0x5200), *b"ABC.,!?")]
ACCENTED = [chr(code) for code in (*range(0xE0, 0x100), *range(0x430, 0x450), 0x1F600, *b"aeiou\n")]
LABELS = ["greeting", "question", "objection", "promise", "closing"]
LANGUAGES = ["nl", "en", "de", "fr"]
START = datetime(2025, 1, 1)


def summary(rng: random.Random) -> str | None:
    if rng.random() < 0.05:
        return None
    text = " ".join(rng.choices(WORDS, k=rng.randint(35, 75)))
    if rng.random() < 0.2:
        text = f'She said "{text}"\nand hung up.'
    return text


def wide_row(number: int, rng: random.Random) -> dict:
    started = START + timedelta(seconds=number * 61 + rng.randrange(60))
    duration = rng.randrange(20, 3600)
    talk = rng.random()
    return {
        "call_id": 10_000_000 + number,
        "rep_id": f"rep{rng.randrange(500):03d}",
        "vendor": rng.choice(VENDORS),
        "vendor_call_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "department": rng.choice(DEPARTMENTS),
        "campaign": rng.choice(CAMPAIGNS),
        "subcampaign": rng.choice(SUBCAMPAIGNS),
        "start_time": started.strftime("%Y-%m-%d %H:%M:%S"),
        "date": started.strftime("%Y-%m-%d"),
        "duration_s": duration,
        "direction": "inbound" if rng.random() < 0.7 else "outbound",
        "language": rng.choice(LANGUAGES),
        "summary": summary(rng),
        "talk_ratio": round(talk, 4),
        "listen_ratio": round(1 - talk, 4),
        "interruptions": rng.randrange(12),
        "silence_s": round(rng.random() * duration / 4, 2),
        "hold_s": rng.randrange(300),
        "sentiment": round(rng.uniform(-1, 1), 3),
        "csat": rng.randint(1, 5) if rng.random() < 0.3 else None,
        "nps": rng.randrange(11) if rng.random() < 0.2 else None,
        "resolved": rng.random() < 0.8,
        "transferred": rng.random() < 0.1,
        "score": rng.random() * 100,
        "questions": rng.randrange(30),
        "topic": rng.choice(["billing", "delivery", "contract", "technical", "other"]),
    }


def narrow_row(number: int, rng: random.Random) -> dict:
    started = START + timedelta(seconds=number * 13)
    return {
        "call_id": 10_000_000 + number,
        "rep_id": f"rep{rng.randrange(500):03d}",
        "start_time": started.strftime("%Y-%m-%d %H:%M:%S"),
        "duration_s": rng.randrange(20, 3600),
        "talk_ratio": round(rng.random(), 4),
        "campaign": rng.choice(CAMPAIGNS),
    }


def spoken(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(4, 25)))


def spoken_in_asia(rng: random.Random) -> str:
    return "".join(rng.choices(LETTERS, k=rng.randint(10, 60)))


def nested_row(number: int, rng: random.Random, say=spoken) -> dict:
    turns, second = [], 0.0
    for turn in range(rng.randint(8, 30)):
        length = round(rng.uniform(0.5, 20), 2)
        turns.append(
            {
                "speaker": ("agent", "customer")[turn % 2],
                "start": second,
                "end": round(second + length, 2),
                "text": say(rng),
                "labels": rng.sample(LABELS, rng.randrange(3)),
                "confidence": round(rng.random(), 4),
                "overlap": rng.random() < 0.1,
            }
        )
        second = round(second + length + rng.random(), 2)
    return {"call_id": 10_000_000 + number, "rep_id": f"rep{rng.randrange(500):03d}", "turns": turns}


def cjk_row(number: int, rng: random.Random) -> dict:
    return nested_row(number, rng, spoken_in_asia) | {"summary": spoken_in_asia(rng)}


def nested_numbers_row(number: int, rng: random.Random) -> dict:
    route = [
        [round(rng.uniform(3, 7), 6), round(rng.uniform(50, 53), 6)] for _ in range(rng.randint(20, 120))
    ]
    loudness = [rng.randrange(-60, 0) for _ in range(rng.randint(50, 200))]
    return {
        "call_id": 10_000_000 + number,
        "route": {"type": "LineString", "coordinates": route},
        "loudness": loudness,
    }


def escaped_row(number: int, rng: random.Random) -> dict:
    return {
        "call_id": 10_000_000 + number,
        "summary": "".join(rng.choices(ACCENTED, k=rng.randint(100, 300))),
        "turns": [{"text": "".join(rng.choices(ACCENTED, k=rng.randint(10, 40)))} for _ in range(5)],
    }


def long_text_row(number: int, rng: random.Random) -> dict:
    return {
        "call_id": 10_000_000 + number,
        "transcript": "\n".join(f"{'AC'[turn % 2]}: {spoken(rng)}" for turn in range(rng.randint(50, 200))),
    }


def sparse_row(number: int, rng: random.Random) -> dict:
    row: dict = {"call_id": 10_000_000 + number}
    for column in sorted(rng.sample(range(SPARSE_COLUMNS), 12)):
        row[f"attribute_{column}"] = (
            rng.randrange(1000) if column % 3 else rng.choice(WORDS) if column % 2 else round(rng.random(), 3)
        )
    return row


def texts_row(number: int, rng: random.Random) -> dict:
    row: dict = {"call_id": 10_000_000 + number}
    for column in range(TEXT_COLUMNS):
        row[f"text_{column}"] = " ".join(rng.choices(WORDS, k=1 + column % 5))
    return row


def write(
    path: Path, row, rows: int, *, shuffled: bool = False, missing: bool = False, escaped: bool = False
) -> None:
    rng = random.Random(SEED)
    # Another source, so that the variants have the values of the plain body.
    order = random.Random(SEED + 1)
    encode = json.JSONEncoder(ensure_ascii=escaped, separators=(",", ":")).encode
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("[")
        for number in range(rows):
            items = list(row(number, rng).items())
            if shuffled:
                order.shuffle(items)
            if missing:
                items = [item for item in items if order.random() >= 0.1]
            file.write(("," if number else "") + encode(dict(items)))
        file.write("]")


HARDER = [
    ("nested", nested_row, NESTED_ROWS),
    ("nested-numbers", nested_numbers_row, NESTED_ROWS),
    ("cjk", cjk_row, NESTED_ROWS),
    ("escaped", escaped_row, NESTED_ROWS),
    ("long-text", long_text_row, LONG_ROWS),
    ("sparse", sparse_row, SPARSE_ROWS),
    ("texts", texts_row, TEXT_ROWS),
]


def write_lines(body: Path, *, escaped: bool) -> None:
    """Writes the rows of a body as lines, each as it is in it."""
    encode = json.JSONEncoder(ensure_ascii=escaped, separators=(",", ":")).encode
    with body.with_suffix(".ndjson").open("w", encoding="utf-8", newline="") as lines:
        lines.writelines(f"{encode(row)}\n" for row in json.loads(body.read_text(encoding="utf-8")))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, help="at most so many rows, for a try")
    parser.add_argument("--shuffled", action="store_true", help="also bodies with keys in random order")
    parser.add_argument("--missing", action="store_true", help="also bodies in which keys are missing")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    variants = [("", {})]
    if arguments.shuffled:
        variants.append(("-shuffled", {"shuffled": True}))
    if arguments.missing:
        variants.append(("-missing", {"missing": True}))
    for name, row, rows in (("wide", wide_row, WIDE_ROWS), ("narrow", narrow_row, NARROW_ROWS)):
        for suffix, variant in variants:
            write(
                arguments.folder / f"{name}{suffix}.json", row, min(rows, arguments.rows or rows), **variant
            )
    for name, row, rows in HARDER:
        file = arguments.folder / f"{name}.json"
        escaped = name == "escaped"
        write(file, row, min(rows, arguments.rows or rows), escaped=escaped)
        write_lines(file, escaped=escaped)


if __name__ == "__main__":
    main()

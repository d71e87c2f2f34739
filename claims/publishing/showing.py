"""How a snapshot's data is shown to people: dates, verdicts with their symbol, the marks in the text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils.safestring import SafeString

from claims.publishing.marking import MarkedBlock

Data = Mapping[str, Any]

# From worst to best; a rating stands at its share of the scale. Label and symbol tell it, colour only repeats it.
SYMBOLS = {"0": "○", "1": "◔", "2": "◑", "3": "◕", "4": "●", "none": "◌"}
SCRIPT_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


def readable(value: Any, name: str = "") -> Any:
    """The same data with every `…_on` a date and every `…_at` a datetime, for templates to write out."""
    if isinstance(value, Mapping):
        return {key: readable(inner, key) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [readable(inner) for inner in value]
    if isinstance(value, str) and name.endswith("_on"):
        return date.fromisoformat(value)
    if isinstance(value, str) and name.endswith("_at"):
        return datetime.fromisoformat(value)
    return value


def verdict(rating: Data, ends: Data) -> dict[str, Any]:
    """A rating with its tone and symbol, and its place among the steps from worst to best (none when unrated).

    In: `ends` holds the scale's `best` and `worst` values.
    """
    tone = _tone(rating["value"], ends)
    steps: list[bool] = []
    if tone != "none":
        steps = [value == rating["value"] for value in range(ends["worst"], ends["best"] + 1)]
    return {**rating, "tone": tone, "symbol": SYMBOLS[tone], "steps": steps}


def verdicts(ratings: Sequence[Data], ends: Data) -> list[dict[str, Any]]:
    return [verdict(rating, ends) for rating in ratings]


def _tone(value: int | None, ends: Data) -> str:
    if value is None or ends["best"] == ends["worst"]:
        return "none"
    return str(round((value - ends["worst"]) / (ends["best"] - ends["worst"]) * 4))


def chips(data: Data, version: int | None) -> dict[str, dict[str, Any]]:
    """For every claim that stands in the text, by its code: where its mark leads and what it says.

    In: `version` where the marks lead to the pages of that version, None where they lead to what stands now.
    """
    slug, kept = data["article"]["slug"], f"v{version}/" if version else ""
    found = {}
    for claim in data["claims"]:
        shown = verdict(claim["decision"]["rating"], data["scale"])
        found[claim["code"]] = {**shown, "code": claim["code"], "path": f"/factchecks/{slug}/{claim['code']}/{kept}"}
    for aside in data["set_aside"]:
        said = {"label": "not checked", "tone": "none", "symbol": SYMBOLS["none"]}
        found[aside["code"]] = {**said, "code": aside["code"], "path": f"#{aside['code']}"}
    for copy in data["duplicates"]:
        if original := found.get(copy["duplicate_of"]):
            found[copy["code"]] = {**original, "code": copy["code"]}
    return found


def annotated(blocks: Sequence[MarkedBlock], chips: Mapping[str, Data]) -> list[dict[str, Any]]:
    """The marked text for a template: each piece with the tone of what marks it and the chips that follow it."""
    return [
        {
            "kind": block.kind,
            "pieces": [
                {
                    "text": piece.text,
                    "tone": next((chips[c]["tone"] for c in piece.claims if c in chips), None),
                    "chips": [chips[c] for c in piece.ends if c in chips],
                }
                for piece in block.pieces
            ],
        }
        for block in blocks
    ]


def script(data: Data) -> SafeString:
    """JSON for a script element: nothing in it can end the element or begin another."""
    return SafeString(json.dumps(data, ensure_ascii=False, sort_keys=True, indent=1).translate(SCRIPT_ESCAPES))

"""Forms whose last check is the desk itself: they are valid when the action has taken what they say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError

from claims.anchoring import OffsetsOutOfRange, QuoteAmbiguous, QuoteNotFound, Selector
from claims.importers.text import UnreadableText
from claims.rules import Refusal, Refused

LONGEST_ID = 18


class LinesField(forms.CharField):
    """A list of short texts, one a line."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in (super().to_python(value) or "").splitlines() if line.strip()]

    def validate(self, value: Any) -> None:
        if self.required and not value:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        super().run_validators("\n".join(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(list(initial or []) != self.to_python(data))


class IdAutocomplete(AutocompleteSelect):
    """Django's, which answers an id that is no number with a server error, is given none of those."""

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        ids = [v for v in value if str(v).isdecimal() and len(str(v)) <= LONGEST_ID]
        return super().optgroups(name, ids, attr)


class Heard(forms.BaseForm):
    """What an action made of a form: `done` is its result, `refused` the rules that stood against it."""

    done: Any = None
    refused: tuple[Refusal, ...] = ()

    def hear(self, act: Callable[[], Any]) -> bool:
        """Run the action, which is a transaction of its own; whatever it refuses becomes an error of this form, beside
        what the person typed.
        """
        try:
            self.done = act()
        except Refused as refused:
            self.refused = refused.refusals
            for refusal in refused.refusals:
                self.add_error(None, ValidationError(refusal.message, code=refusal.code))
        except ValidationError as error:
            self._add_fields(error)
        except QuoteAmbiguous as error:
            self.add_error(self._field("exact"), str(error))
            self.offer(error.candidates)
        except QuoteNotFound as error:
            self.add_error(self._field("exact"), str(error))
        except (OffsetsOutOfRange, UnreadableText) as error:
            self.add_error(None, str(error))
        return not self.errors

    def offer(self, candidates: list[Selector]) -> None:
        """Ask which of these places is meant."""
        if "place" in self.fields:
            choices = [(f"{c.start}:{c.end}", f"…{c.prefix}[{c.exact}]{c.suffix}… ({c.start}–{c.end})")
                       for c in candidates]  # fmt: skip
            self.fields["place"].widget = forms.RadioSelect(choices=choices)
            self.fields["place"].help_text = "The quote stands in several places: choose the one you mean."

    def send_instead(self, **values: str) -> None:
        """Have the form, shown again, send these values and not those it came with."""
        sent: Any = self.data
        data = sent.copy()
        for name, value in values.items():
            data[name] = value  # not update(), by which a QueryDict only gains another value
        self.data = data

    def _add_fields(self, error: ValidationError) -> None:
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for name, errors in error.error_dict.items():
            self.add_error(self._field(name), errors)

    def _field(self, name: str) -> str | None:
        return name if name in self.fields else None


class PageForm(Heard, forms.Form):
    """A form on a page of its own."""


class DeskForm(Heard, forms.ModelForm):
    """The form of an add or change page. Its admin says which action it is for, in `perform`."""

    perform: Callable[[DeskForm], Any]
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stands = self._fingerprint()
        self.fields["seen"].initial = self.initial["seen"] = self.stands

    def is_valid(self) -> bool:
        """Whether the fields are right and the action has taken them (once)."""
        if self.done is not None:
            return True
        return super().is_valid() and self.hear(lambda: self.perform(self))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        seen = cleaned.get("seen")
        if seen and self.instance.pk and seen != self.stands:
            # What was typed stays; saving again is then a choice, made after looking.
            self.send_instead(seen=self.stands)
            raise ValidationError(
                "Somebody changed this since you opened it. Look at the record in another window; "
                "save again to put what you see here in place of theirs.",
                code="changed_meanwhile",
            )
        return cleaned

    def values(self, *, changed: bool = False) -> dict[str, Any]:
        """The model's fields as given; `changed` leaves out what is as it was."""
        names = {f.name for f in self._meta.model._meta.get_fields()} & set(self.cleaned_data)
        return {n: self.cleaned_data[n] for n in sorted(names) if not changed or n in self.changed_data}

    def _fingerprint(self) -> str:
        standing = {name: str(self.initial.get(name)) for name in self.fields if name != "seen"}
        return hashlib.sha256(json.dumps(standing, sort_keys=True).encode()).hexdigest()[:16]


class QuoteField(forms.CharField):
    """A quote as it stands in the text: neither trimmed nor with the browser's line ends."""

    def __init__(self, **kwargs: Any) -> None:
        defaults: dict[str, Any] = {
            "required": False, "strip": False, "widget": forms.Textarea(attrs={"rows": 2, "cols": 60}),
        }  # fmt: skip
        super().__init__(**defaults | kwargs)

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")


class AnchorFields(forms.Form):
    """Where a claim stands: by its quote, by offsets, or as one of the candidates offered."""

    exact = QuoteField(label="Quote", help_text="Word for word as it stands in the article's text.")
    place = forms.CharField(label="Which place", required=False, widget=forms.HiddenInput)
    # Named as the selector's parts; Django's own `prefix` of forms is set on the instance and never used here.
    prefix = QuoteField(  # type: ignore[assignment]
        label="Text just before", widget=forms.TextInput(), max_length=500,
        help_text="Only where the quote stands in several places.",
    )  # fmt: skip
    suffix = QuoteField(label="Text just after", widget=forms.TextInput(), max_length=500)
    start = forms.IntegerField(required=False, min_value=0, help_text="Offsets in code points win over the quote.")
    end = forms.IntegerField(required=False, min_value=1, help_text="Exclusive.")


class AnchorForm(PageForm, AnchorFields):
    """A claim's place, on a page of its own."""


def place_of(cleaned: dict[str, Any], text: str) -> dict[str, Any]:
    """The anchor a form means: offsets, the candidate chosen if the quote still says the same, or the quote."""
    if cleaned.get("start") is not None and cleaned.get("end") is not None:
        return {"start": cleaned["start"], "end": cleaned["end"]}
    quote = {name: cleaned.get(name) or "" for name in ("exact", "prefix", "suffix")}
    start, _, end = (cleaned.get("place") or "").partition(":")
    if start.isdecimal() and end.isdecimal() and text[int(start) : int(end)] == quote["exact"]:
        return {"start": int(start), "end": int(end)}
    return quote


def sent(request: Any) -> dict[str, Any]:
    """What a form is bound with: nothing until it is sent."""
    return {"data": request.POST, "files": request.FILES} if request.method == "POST" else {}

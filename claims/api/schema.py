"""How the API describes itself: beside each answer every problem it can give, each header it reads and sends."""

from __future__ import annotations

import inspect
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter

from claims.api import saved
from claims.api.expanding import EXPANDED, PARAMETER, expands
from claims.api.idempotency import HEADER, REPLAYED
from claims.api.problem_shapes import (
    EXAMPLES,
    SENTENCES,
    SHAPES,
    WRONG_QUERY,
    FieldError,
    ItemsProblem,
    NoSuchPlace,
    Problem,
)
from claims.api.problems import MEDIA_TYPE

SUMMARIES = {
    "list": "List {nouns}",
    "export": "Export {nouns} as CSV or JSON Lines",
    "retrieve": "Show one {noun}",
    "partial_update": "Change one {noun}",
}
WITH_ANCHORS = {("ClaimDoor", "create"), ("ClaimAnchorDoor", "settle"), ("CommentDoor", "create")}
# Read only by those whose role does: a GET can be refused.
CLOSED = {"AuditEventDoor", "ReaderReportDoor"}
# What a GET can answer besides what every GET can.
BESIDES = {"CheckpointDoor": {404}, "ProofDoor": {409}}


class DeskSchema(AutoSchema):
    """Summaries from docstrings, and the statuses that follow from what kind of operation it is."""

    view: Any

    def get_summary(self) -> str:
        said = self._docstring()
        pattern = SUMMARIES.get(self.view.action, "")
        return said[0] if said else pattern.format(noun=self.view.noun, nouns=self.view.nouns)

    def get_description(self) -> str:  # type: ignore[override]
        return " ".join(line.strip() for line in self._docstring()[1:] if line.strip())

    def get_override_parameters(self) -> list[Any]:
        of_method = {"GET": self._when_reading, "PATCH": self._when_changing, "POST": self._when_asking}
        found = of_method.get(str(self.method), list)()
        return [*found, _answered("Retry-After", "How many seconds to wait.", 429)]

    def _when_reading(self) -> list[Any]:
        action, found = self.view.action, []
        if action != "export":
            found += [
                _header("If-None-Match", "ETags of answers the caller has: 304 when nothing has changed."),
                _answered("ETag", "The hash of this answer.", 200),
            ]
        if action == "list":
            found.append(_answered("Link", "The pages after (`next`) and before (`prev`) this one (RFC 8288).", 200))
        if action in ("list", "export") and self.view.place:
            found.append(_asked(saved.PARAMETER, "A saved filter of this list, whose parameters then count as given."))
        if action in ("list", "retrieve", "export") and self.view.sparse:
            found.append(_asked("fields", "The fields of a row to answer with, comma-separated; all by default."))
        if action in ("list", "retrieve") and expands(self.view.get_serializer_class()):
            names = ", ".join(self.view.get_serializer_class()._declared_fields[EXPANDED].doors)
            found.append(_asked(PARAMETER, f"Fields whose rows `expanded` brings along, comma-separated: {names}."))
        return found

    def _when_changing(self) -> list[Any]:
        return [
            _header("If-Match", "The ETag of the row as the caller read it.", required=True),
            _answered("ETag", "The hash of this answer; of a 412, of what it is now.", 200, 412),
        ]

    def _when_asking(self) -> list[Any]:
        what = ("A name of the caller's for this very request, such as a random UUID: asked again within a day, it is "
                "done once and answered the same.")  # fmt: skip
        found = [
            _header(HEADER, what), _answered(REPLAYED, "`true` where this was done and answered before.", 200, 201),
        ]  # fmt: skip
        if self.view.action == "create" and self.view.place:
            found.append(_answered("Location", "Where the new row is read.", 201))
        return found

    def _get_filter_parameters(self) -> list[dict[str, Any]]:
        """With the sentence of each filter, also where its type is said by hand. None is without a value."""
        found: list[dict[str, Any]] = super()._get_filter_parameters()
        filters = getattr(getattr(self.view, "filterset_class", None), "base_filters", {})
        for parameter in found:
            if parameter["name"] in filters:
                parameter.setdefault("description", filters[parameter["name"]].extra["help_text"])
                if parameter["schema"].keys() == {"type"} and parameter["schema"]["type"] == "string":
                    parameter["schema"]["minLength"] = 1
        return found

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = super()._resolve_path_parameters(variables)
        for parameter in found:
            name = parameter["name"]
            what = f"The id of the {name.removesuffix('_id') if name != 'id' else self.view.noun}."
            parameter.setdefault("description", "Its number within the article." if name == "number" else what)
        return found

    def _insert_field_validators(self, field: Any, schema: dict[str, Any]) -> None:
        """What may be empty is its format or empty; to a reader that checks no formats it is both at once."""
        super()._insert_field_validators(field, schema)
        if getattr(field, "allow_blank", False) and "oneOf" in schema:
            schema["anyOf"] = schema.pop("oneOf")

    def _postprocess_serializer_schema(self, schema: dict[str, Any], serializer: Any, direction: str) -> dict[str, Any]:
        """An answer always has all its fields (but see ?fields=); only problems have optional ones. A body has no
        others than these.
        """
        made: dict[str, Any] = super()._postprocess_serializer_schema(schema, serializer, direction)
        if direction == "request" and "properties" in made:
            made["additionalProperties"] = False
        if direction == "response" and "properties" in made and not isinstance(serializer, (Problem, FieldError)):
            made["required"] = [name for name in made["properties"] if name != EXPANDED]
        return made

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for status in sorted(self._problem_statuses()):
            shape = self._unprocessable() if status == 422 else SHAPES.get(status, Problem)
            body = self._get_response_for_code(shape, str(status), [MEDIA_TYPE], direction)
            body["content"][MEDIA_TYPE]["examples"] = self._examples_of(status, shape)
            bodies[str(status)] = body | {"description": SENTENCES[status]}
        for code, body in bodies.items():
            body["description"] = body.get("description") or ("Done." if code == "204" else "The answer.")
        if self.method == "GET" and self.view.action != "export":
            bodies["304"] = {"description": SENTENCES[304]}
        return dict(sorted(bodies.items()))

    def _examples_of(self, status: int, shape: type[Problem]) -> dict[str, Any]:
        """Of a problem: kept once among the components, and referred to."""
        told = WRONG_QUERY if (status, self.method) == (400, "GET") else EXAMPLES[shape if status == 422 else status]
        found = {}
        for name, said in told.items():
            example = ResolvedComponent(name, ResolvedComponent.EXAMPLE, {"value": said}, name)
            self.registry.register_on_missing(example)
            found[name] = example.ref
        return found

    def _problem_statuses(self) -> set[int]:
        door, _ = self._place()
        found = {401, 406, 429} | ({404} if "{" in self.path else set())
        if self.method == "GET":
            return found | {400} | ({403} if door in CLOSED else set()) | BESIDES.get(door, set())
        found |= {403, 409} | ({400, 413, 415} if self.method != "DELETE" else set())
        return found | {"PATCH": {412, 428}, "POST": {422}}.get(str(self.method), set())

    def _unprocessable(self) -> type[Problem]:
        if self.view.action == "create_many":
            return ItemsProblem
        return NoSuchPlace if self._place() in WITH_ANCHORS else Problem

    def _place(self) -> tuple[str, str]:
        return type(self.view).__name__, self.view.action

    def _docstring(self) -> list[str]:
        method = getattr(self.view, self.view.action, None)
        return (inspect.getdoc(method) or "").splitlines() if method else []


class TokenScheme(OpenApiAuthenticationExtension):
    """Registers the bearer token with the schema."""

    target_class = "claims.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        what = "A token of the desk (fc_…), made by `manage.py issue_token`. What it is good for, its scopes say."
        return {"type": "http", "scheme": "bearer", "description": what}


class PersonShape(OpenApiSerializerFieldExtension):
    """People are answered as objects and given by id or username."""

    target_class = "claims.api.fields.PersonField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        if direction == "request":
            return {"oneOf": [{"type": "integer", "minimum": 1}, {"type": "string"}]}
        names = {
            "id": {"type": "integer", "description": "The person's id."},
            "username": {"type": "string", "description": "The person's username."},
            "name": {"type": "string", "description": "How the desk calls them."},
        }
        return {"type": "object", "properties": names, "required": list(names)}


def _header(name: str, what: str, required: bool = False) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, required=required, description=what)


def _asked(name: str, what: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.QUERY, description=what)


def _answered(name: str, what: str, *statuses: int) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, response=list(statuses), description=what)

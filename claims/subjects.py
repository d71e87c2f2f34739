"""What the rules ask about, as far as they care: people, claims, articles, and what belongs to those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from claims.rules import Refusal


class Someone(Protocol):
    """A person, as far as the rules care."""

    @property
    def pk(self) -> Any: ...


class CitedSource(Protocol):
    """One piece of standing evidence that takes a stance: its source's tier, and the origin that leads back to."""

    stance: str
    tier: str
    origin: int


class EvidenceRule(Protocol):
    """How much evidence the desk asks for: so many independent primary sources, or so many secondary ones."""

    @property
    def primary(self) -> int: ...
    @property
    def secondary(self) -> int: ...


class SomeAnchor(Protocol):
    @property
    def settled(self) -> bool: ...
    @property
    def status(self) -> str: ...


class SomeClaim(Protocol):
    """A claim, as far as the rules care."""

    code: str
    none_contradicting: str
    set_aside_by_id: int | None
    confirmed_by_id: int | None

    @property
    def pk(self) -> Any: ...
    @property
    def withdrawn(self) -> bool: ...
    def was_researched_by(self, person: Any) -> bool: ...
    def was_reviewed_by(self, person: Any) -> bool: ...
    def was_recused_from_by(self, person: Any) -> bool: ...
    def is_duplicated(self) -> bool: ...
    def dispute_is_current(self) -> bool: ...
    def evidence_rule(self) -> EvidenceRule: ...
    def current_anchor(self) -> SomeAnchor | None: ...
    def cited_sources(self) -> Sequence[CitedSource]: ...


class SomeSignOff(Protocol):
    signed_by_id: int


class Blocker(Protocol):
    """Something of the article that is not settled yet."""

    def refusal(self) -> Refusal: ...


class SomeArticle(Protocol):
    """An article, as far as the rules care."""

    signer_may_have_judged: bool

    def was_researched_by(self, person: Any) -> bool: ...
    def was_judged_by(self, person: Any) -> bool: ...
    def blockers(self, person: Any) -> Sequence[Blocker]: ...
    def standing_sign_off(self) -> SomeSignOff | None: ...

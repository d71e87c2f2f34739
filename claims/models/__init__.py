"""What the desk keeps: one noun a file. Rows of history are inserted by claims.actions and never deleted."""

from claims.models.article import Article, ArticleLink, ArticleRevision, NonFactualMark
from claims.models.audit import AuditEvent
from claims.models.claim import Anchor, Claim, Contribution
from claims.models.desk import ApiToken, Person
from claims.models.evidence import Evidence
from claims.models.publication import Correction, Publication
from claims.models.rating import Rating, RatingScale
from claims.models.signoff import SignOff
from claims.models.source import Source
from claims.models.verdict import Decision, Verdict

__all__ = [
    "Anchor",
    "ApiToken",
    "Article",
    "ArticleLink",
    "ArticleRevision",
    "AuditEvent",
    "Claim",
    "Contribution",
    "Correction",
    "Decision",
    "Evidence",
    "NonFactualMark",
    "Person",
    "Publication",
    "Rating",
    "RatingScale",
    "SignOff",
    "Source",
    "Verdict",
]

"""What the desk keeps: one noun a file. Rows of history are inserted by claims.actions and never deleted."""

from claims.models.article import Article, ArticleLink, ArticleRevision, NonFactualMark
from claims.models.audit import AuditEvent, Opening, Redaction, Stream
from claims.models.claim import Anchor, Claim, Contribution
from claims.models.desk import ApiToken, Person
from claims.models.evidence import Evidence
from claims.models.publication import Correction, Publication
from claims.models.rating import Rating, RatingScale
from claims.models.sealing import Checkpoint, CheckpointPlace, Leaf, Node, SigningKey, Unsealed
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
    "Checkpoint",
    "CheckpointPlace",
    "Claim",
    "Contribution",
    "Correction",
    "Decision",
    "Evidence",
    "Leaf",
    "Node",
    "NonFactualMark",
    "Opening",
    "Person",
    "Publication",
    "Rating",
    "RatingScale",
    "Redaction",
    "SignOff",
    "SigningKey",
    "Source",
    "Stream",
    "Unsealed",
    "Verdict",
]

"""What the desk keeps: one noun a file. Rows of history are inserted by claims.actions and never deleted."""

from claims.models.anchor import Anchor, Contribution
from claims.models.answer import KeptAnswer, Throttle
from claims.models.article import Article, ArticleLink, ArticleRevision, NonFactualMark
from claims.models.audit import AuditEvent, Opening, Redaction, Stream
from claims.models.claim import Claim
from claims.models.comment import Comment, Thread
from claims.models.contact import Contact
from claims.models.desk import ApiToken, Person
from claims.models.evidence import Evidence
from claims.models.guest import GuestLink, GuestUse
from claims.models.notification import Delivery, DeliveryTry, Notification, Webhook
from claims.models.posting import Posting
from claims.models.publication import Correction, Publication
from claims.models.rating import Rating, RatingScale
from claims.models.recusal import Recusal
from claims.models.report import ReaderReport
from claims.models.saved import SavedFilter
from claims.models.sealing import Checkpoint, CheckpointPlace, Leaf, Node, SigningKey, Unsealed
from claims.models.search import KnownWord, SearchableArticle, SearchableClaim, SearchableSource
from claims.models.settings import DeskSettings
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
    "Comment",
    "Contact",
    "Contribution",
    "Correction",
    "Decision",
    "Delivery",
    "DeliveryTry",
    "DeskSettings",
    "Evidence",
    "GuestLink",
    "GuestUse",
    "KeptAnswer",
    "KnownWord",
    "Leaf",
    "Node",
    "NonFactualMark",
    "Notification",
    "Opening",
    "Person",
    "Posting",
    "Publication",
    "Rating",
    "RatingScale",
    "ReaderReport",
    "Recusal",
    "Redaction",
    "SavedFilter",
    "SearchableArticle",
    "SearchableClaim",
    "SearchableSource",
    "SignOff",
    "SigningKey",
    "Source",
    "Stream",
    "Thread",
    "Throttle",
    "Unsealed",
    "Verdict",
    "Webhook",
]

"""The words the desk chooses from. Values are the public ones of the API; labels are what people read."""

from django.db.models import TextChoices


class Role(TextChoices):
    RESEARCHER = "researcher", "Researcher"
    REVIEWER = "reviewer", "Reviewer"
    ADJUDICATOR = "adjudicator", "Adjudicator"
    EDITOR = "editor", "Editor"
    PUBLISHER = "publisher", "Publisher"
    AUDITOR = "auditor", "Auditor"


class ArticleState(TextChoices):
    RECEIVED = "received", "Received"
    CHECKING = "checking", "Checking"
    SIGNED_OFF = "signed_off", "Signed off"
    PUBLISHED = "published", "Published"
    UNDER_CORRECTION = "under_correction", "Under correction"
    WITHDRAWN = "withdrawn", "Withdrawn"


class ClaimState(TextChoices):
    IDENTIFIED = "identified", "Identified"
    RESEARCHING = "researching", "Researching"
    IN_REVIEW = "in_review", "In review"
    DISPUTED = "disputed", "Disputed"
    DECIDED = "decided", "Decided"
    NOT_CHECKABLE = "not_checkable", "Not checkable"
    DUPLICATE = "duplicate", "Duplicate"


class ClaimKind(TextChoices):
    QUOTATION = "quotation", "Quotation"
    ATTRIBUTION = "attribution", "Attribution"
    EVENT = "event", "Event"
    DATE = "date", "Date"
    NUMBER = "number", "Number"
    CAUSAL = "causal", "Causal"
    COMPARISON = "comparison", "Comparison"
    LEGAL_ACT = "legal_act", "Legal act"
    MOTIVE = "motive", "Motive"
    PREDICTION = "prediction", "Prediction"
    OPINION = "opinion", "Opinion"


class Importance(TextChoices):
    CENTRAL = "central", "Central"
    SUPPORTING = "supporting", "Supporting"
    PERIPHERAL = "peripheral", "Peripheral"


class TriageReason(TextChoices):
    OPINION = "opinion", "Opinion"
    PREDICTION = "prediction", "Prediction"
    NORMATIVE = "normative", "Normative: says what should be"
    TOO_VAGUE = "too_vague", "Too vague"
    OUT_OF_SCOPE = "out_of_scope", "Out of scope"


class SourceKind(TextChoices):
    DOCUMENT = "document", "Document"
    TRANSCRIPT = "transcript", "Transcript"
    RECORDING = "recording", "Recording"
    DATASET = "dataset", "Dataset"
    NEWS_REPORT = "news_report", "News report"
    INTERVIEW = "interview", "Interview"
    STATEMENT = "statement", "Statement"
    LAW = "law", "Law"
    OTHER = "other", "Other"


class Tier(TextChoices):
    PRIMARY = "primary", "Primary"
    SECONDARY = "secondary", "Secondary"
    TERTIARY = "tertiary", "Tertiary"


class Stance(TextChoices):
    CORROBORATES = "corroborates", "Corroborates"
    CONTRADICTS = "contradicts", "Contradicts"
    CONTEXT = "context", "Context"


class Addresses(TextChoices):
    SAID = "said", "Was it said?"
    TRUE = "true", "Is it true?"


class Visibility(TextChoices):
    PUBLIC = "public", "Public"
    INTERNAL = "internal", "Internal"


class SaidRating(TextChoices):
    VERBATIM = "verbatim", "Verbatim"
    ACCURATE_PARAPHRASE = "accurate_paraphrase", "Accurate paraphrase"
    ALTERED = "altered", "Altered"
    OUT_OF_CONTEXT = "out_of_context", "Out of context"
    MISATTRIBUTED = "misattributed", "Misattributed"
    NOT_FOUND = "not_found", "Not found"


class Confidence(TextChoices):
    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


class DecisionMethod(TextChoices):
    AGREEMENT = "agreement", "Agreement"
    ADJUDICATION = "adjudication", "Adjudication"


class PublicationState(TextChoices):
    WAITING = "waiting", "Waiting for its seal"
    LIVE = "live", "Live"
    SUPERSEDED = "superseded", "Superseded"
    RETRACTED = "retracted", "Retracted"
    LAPSED = "lapsed", "Never shown"


class CorrectionType(TextChoices):
    TYPO = "typo", "Typo"
    CLARIFICATION = "clarification", "Clarification"
    UPDATE = "update", "Update"
    CORRECTION = "correction", "Correction"
    VERDICT_CHANGE = "verdict_change", "Verdict change"
    RETRACTION = "retraction", "Retraction"


class Scope(TextChoices):
    READ = "read", "Read"
    RESEARCH = "research", "Research"
    REVIEW = "review", "Review and adjudicate"
    EDIT = "edit", "Edit and sign off"
    PUBLISH = "publish", "Publish"
    AUDIT = "audit", "Read the record"
    CALENDAR = "calendar", "The calendar of deadlines alone"


class Channel(TextChoices):
    EMAIL = "email", "E-mail"
    PHONE = "phone", "Telephone"
    LETTER = "letter", "Letter"
    IN_PERSON = "in_person", "In person"
    SOCIAL_MEDIA = "social_media", "Social media"
    WEB_FORM = "web_form", "Web form"
    OTHER = "other", "Other"


class ContactOutcome(TextChoices):
    AWAITING = "awaiting", "Awaiting an answer"
    ANSWERED = "answered", "Answered"
    DECLINED = "declined", "Declined to comment"
    NO_ANSWER = "no_answer", "No answer by the deadline"


class GuestRelation(TextChoices):
    AUTHOR = "author", "Author of the article"
    SUBJECT = "subject", "Spoken of in the article"
    SOURCE = "source", "Source"
    EXPERT = "expert", "Outside expert"
    OTHER = "other", "Other"


class GuestMay(TextChoices):
    READ = "read", "Read"
    COMMENT = "comment", "Read and comment"
    ANSWER = "answer", "Read and answer a question"


class GuestDid(TextChoices):
    OPENED = "opened", "Opened the page"
    COMMENTED = "commented", "Commented"
    ANSWERED = "answered", "Answered the question"


class NotificationKind(TextChoices):
    ASSIGNMENT = "assignment", "Assigned to you"
    YOUR_TURN = "your_turn", "Your turn"
    MENTION = "mention", "You were mentioned"
    DISPUTED = "disputed", "Reviewers differ"
    STALE = "stale", "What was judged has changed"
    OVERDUE = "overdue", "Overdue"
    SIGNED_OFF = "signed_off", "Signed off"
    READER_REPORT = "reader_report", "A reader reports an error"
    GUEST_NEWS = "guest_news", "News from outside"


class EmailMode(TextChoices):
    EACH = "", "Each at once"
    DAILY = "daily", "Once a day, together"
    NONE = "none", "None"


class DeliveryChannel(TextChoices):
    EMAIL = "email", "E-mail"
    DIGEST = "digest", "Daily e-mail"
    WEBHOOK = "webhook", "Webhook"


class ReportOutcome(TextChoices):
    OPEN = "open", "Open"
    CORRECTED = "corrected", "Led to a correction"
    DISMISSED = "dismissed", "No error"


class SearchKind(TextChoices):
    CLAIM = "claim", "Claim"
    ARTICLE = "article", "Article"
    SOURCE = "source", "Source"


class FoundBy(TextChoices):
    WORDS = "words", "The words looked for"
    SIMILAR = "similar", "Words spelt like them"

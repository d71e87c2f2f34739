from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import claims.models.fields

SQL = Path(__file__).parent / "sql" / "review_desk.sql"


class Migration(migrations.Migration):
    """Recusal, withdrawal, threads, contacts, guests, readers' reports, notifications; the desk's own settings."""

    dependencies = [
        ("claims", "0006_roles"),
    ]

    operations = [
        migrations.CreateModel(
            name="Comment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(max_length=10000)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("taken_back_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("thread", "id"),
            },
        ),
        migrations.CreateModel(
            name="Contact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "whom",
                    models.CharField(help_text="Who was asked, with their office or organisation.", max_length=300),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "E-mail"),
                            ("phone", "Telephone"),
                            ("letter", "Letter"),
                            ("in_person", "In person"),
                            ("social_media", "Social media"),
                            ("web_form", "Web form"),
                            ("other", "Other"),
                        ],
                        max_length=20,
                    ),
                ),
                ("question", models.TextField(max_length=10000)),
                ("asked_at", models.DateTimeField(help_text="When the question was put.")),
                ("due_at", models.DateTimeField(blank=True, help_text="The deadline they were given.", null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("awaiting", "Awaiting an answer"),
                            ("answered", "Answered"),
                            ("declined", "Declined to comment"),
                            ("no_answer", "No answer by the deadline"),
                        ],
                        default="awaiting",
                        max_length=20,
                    ),
                ),
                (
                    "answer",
                    models.TextField(blank=True, help_text="Their words, or what was said and how.", max_length=50000),
                ),
                ("closed_at", models.DateTimeField(blank=True, help_text="When the outcome was entered.", null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ("-id",),
                "permissions": (("log_contact", "Can log whom the desk asked, and what they answered"),),
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "E-mail"), ("digest", "Daily e-mail"), ("webhook", "Webhook")], max_length=10
                    ),
                ),
                ("message_id", models.CharField(max_length=64, unique=True)),
                ("due_at", models.DateTimeField(help_text="When it is tried next.")),
                ("tries", models.PositiveIntegerField(default=0)),
                ("delivered_at", models.DateTimeField(blank=True, null=True)),
                ("given_up_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="DeliveryTry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "status",
                    models.PositiveSmallIntegerField(
                        blank=True, help_text="The HTTP status, where there was one.", null=True
                    ),
                ),
                ("milliseconds", models.PositiveIntegerField()),
                ("error", models.CharField(blank=True, max_length=500)),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="DeskSettings",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "primary_needed",
                    models.PositiveSmallIntegerField(
                        default=1, help_text="So many independent primary sources suffice for review."
                    ),
                ),
                (
                    "secondary_needed",
                    models.PositiveSmallIntegerField(
                        default=3,
                        help_text="Without them, so many secondary sources that do not derive from one another.",
                    ),
                ),
                (
                    "quorum",
                    models.PositiveSmallIntegerField(
                        default=2, help_text="Of new articles: verdicts that close a round."
                    ),
                ),
                (
                    "votes_to_carry",
                    models.PositiveSmallIntegerField(
                        default=2, help_text="Of new articles: equal verdicts that decide a claim."
                    ),
                ),
                ("blind", models.BooleanField(default=True, help_text="Of new articles: whether review is blind.")),
                (
                    "publish_dissent",
                    models.BooleanField(
                        default=False,
                        help_text="Of new articles: whether readers are shown verdicts that differ from the decision.",
                    ),
                ),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name": "desk settings",
                "verbose_name_plural": "desk settings",
                "permissions": (("configure_desk", "Can change the desk's settings"),),
            },
        ),
        migrations.CreateModel(
            name="GuestLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="Who the guest is; shown beside what they write.", max_length=200)),
                (
                    "relation",
                    models.CharField(
                        choices=[
                            ("author", "Author of the article"),
                            ("subject", "Spoken of in the article"),
                            ("source", "Source"),
                            ("expert", "Outside expert"),
                            ("other", "Other"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "may",
                    models.CharField(
                        choices=[
                            ("read", "Read"),
                            ("comment", "Read and comment"),
                            ("answer", "Read and answer a question"),
                        ],
                        default="read",
                        max_length=20,
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("-id",),
                "permissions": (("invite_guest", "Can make and revoke links for guests"),),
            },
        ),
        migrations.CreateModel(
            name="GuestUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "did",
                    models.CharField(
                        choices=[
                            ("opened", "Opened the page"),
                            ("commented", "Commented"),
                            ("answered", "Answered the question"),
                        ],
                        max_length=20,
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("assignment", "Assigned to you"),
                            ("your_turn", "Your turn"),
                            ("mention", "You were mentioned"),
                            ("disputed", "Reviewers differ"),
                            ("stale", "What was judged has changed"),
                            ("overdue", "Overdue"),
                            ("signed_off", "Signed off"),
                            ("reader_report", "A reader reports an error"),
                        ],
                        max_length=20,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("read_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="ReaderReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(max_length=5000)),
                (
                    "email",
                    models.EmailField(
                        blank=True, help_text="Where the reader wants to hear from us, if at all.", max_length=254
                    ),
                ),
                ("sent_at", models.DateTimeField(auto_now_add=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[("open", "Open"), ("corrected", "Led to a correction"), ("dismissed", "No error")],
                        default="open",
                        max_length=20,
                    ),
                ),
                ("note", models.TextField(blank=True, max_length=5000)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("-id",),
                "permissions": (("handle_report", "Can read and close readers' reports"),),
            },
        ),
        migrations.CreateModel(
            name="Recusal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "note",
                    models.TextField(
                        help_text="The conflict of interest, for the editors and auditors.", max_length=5000
                    ),
                ),
                ("recused_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ("claim", "id"),
            },
        ),
        migrations.CreateModel(
            name="Thread",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("start", models.PositiveIntegerField(blank=True, null=True)),
                ("end", models.PositiveIntegerField(blank=True, null=True)),
                ("exact", models.TextField(blank=True)),
                (
                    "blocking",
                    models.BooleanField(
                        default=False, help_text="The article is not signed off while it is unresolved."
                    ),
                ),
                ("opened_at", models.DateTimeField(auto_now_add=True)),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("-id",),
                "permissions": (("comment", "Can comment"),),
            },
        ),
        migrations.CreateModel(
            name="Webhook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("url", claims.models.fields.WebAddress(max_length=2000)),
                ("secret", models.CharField(editable=False, max_length=80)),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("assignment", "Assigned to you"),
                                ("your_turn", "Your turn"),
                                ("mention", "You were mentioned"),
                                ("disputed", "Reviewers differ"),
                                ("stale", "What was judged has changed"),
                                ("overdue", "Overdue"),
                                ("signed_off", "Signed off"),
                                ("reader_report", "A reader reports an error"),
                            ],
                            max_length=20,
                        ),
                        blank=True,
                        default=list,
                        help_text="What it is told of; none: of everything.",
                        size=None,
                    ),
                ),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                ("disabled_at", models.DateTimeField(blank=True, null=True)),
                ("disabled_reason", models.CharField(blank=True, max_length=300)),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.AlterModelOptions(
            name="claim",
            options={
                "ordering": ("article", "number"),
                "permissions": (
                    ("write_claim", "Can write and edit claims"),
                    ("triage", "Can triage claims"),
                    ("set_aside", "Can set claims aside"),
                    ("confirm_set_aside", "Can confirm a set-aside claim"),
                    ("mark_duplicate", "Can mark claims as duplicates"),
                    ("submit_for_review", "Can submit claims for review"),
                    ("return_to_research", "Can return claims to research"),
                    ("reopen", "Can reopen claims"),
                    ("withdraw_claim", "Can withdraw mistaken claims and restore them"),
                ),
            },
        ),
        migrations.AddField(
            model_name="article",
            name="moved_at",
            field=models.DateTimeField(editable=False, help_text="When it came into its state.", null=True),
        ),
        migrations.AddField(
            model_name="article",
            name="publish_dissent",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Readers are shown verdicts that differ from the decision, without their reviewers.",
            ),
        ),
        migrations.AddField(
            model_name="claim",
            name="assignment_note",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="What the assignee is told with the work.",
                max_length=2000,
            ),
        ),
        migrations.AddField(
            model_name="claim",
            name="legal_risk",
            field=models.BooleanField(
                db_default=False, default=False, help_text="A lawyer should see this before it is published."
            ),
        ),
        migrations.AddField(
            model_name="claim",
            name="moved_at",
            field=models.DateTimeField(editable=False, help_text="When it came into its state and round.", null=True),
        ),
        migrations.AddField(
            model_name="claim",
            name="withdrawn_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="claim",
            name="withdrawn_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="claim",
            name="withdrawn_reason",
            field=models.TextField(blank=True, db_default="", default="", editable=False),
        ),
        migrations.AddField(
            model_name="decision",
            name="quorum",
            field=models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
                editable=False,
                help_text="The quorum it was taken with; 0 where that was not yet kept.",
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="votes_to_carry",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="evidence",
            name="attribution_link",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Which link of the attribution it is about: 0 the claimant, 1 who first passed it on…",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="person",
            name="email_mode",
            field=models.CharField(
                blank=True,
                choices=[("", "Each at once"), ("daily", "Once a day, together"), ("none", "None")],
                db_default="",
                default="",
                help_text="How notifications come by e-mail, where there is an address.",
                max_length=10,
                verbose_name="e-mail",
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="withdrawn_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="source",
            name="withdrawn_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="withdrawn_reason",
            field=models.TextField(blank=True, db_default="", default="", editable=False),
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="scope",
            field=models.CharField(
                choices=[
                    ("read", "Read"),
                    ("write", "Read and write"),
                    ("calendar", "The calendar of deadlines alone"),
                ],
                default="write",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="claims_claim_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("withdrawn_at__isnull", True), ("withdrawn_by__isnull", True), ("withdrawn_reason", "")),
                    models.Q(
                        ("withdrawn_at__isnull", False),
                        ("withdrawn_by__isnull", False),
                        models.Q(("withdrawn_reason", ""), _negated=True),
                        ("state__in", ("identified", "researching", "not_checkable", "duplicate")),
                    ),
                    _connector="OR",
                ),
                name="claim_is_withdrawn_by_somebody_with_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.CheckConstraint(
                condition=models.Q(("attribution_link__isnull", True), ("addresses", "said"), _connector="OR"),
                name="link_of_attribution_is_about_saying",
                violation_error_message="Only evidence on whether it was said is about a link of the attribution.",
            ),
        ),
        migrations.AddConstraint(
            model_name="source",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("withdrawn_at__isnull", True), ("withdrawn_by__isnull", True), ("withdrawn_reason", "")),
                    models.Q(
                        ("withdrawn_at__isnull", False),
                        ("withdrawn_by__isnull", False),
                        models.Q(("withdrawn_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="source_is_withdrawn_by_somebody_with_a_reason",
            ),
        ),
        migrations.AddField(
            model_name="comment",
            name="author",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="comments",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="comment",
            name="mentions",
            field=models.ManyToManyField(blank=True, related_name="mentioned_in", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="contact",
            name="article",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="contacts", to="claims.article"
            ),
        ),
        migrations.AddField(
            model_name="contact",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="contacts", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="contact",
            name="claim",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="contacts",
                to="claims.claim",
            ),
        ),
        migrations.AddField(
            model_name="contact",
            name="closed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="deliverytry",
            name="delivery",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="log", to="claims.delivery"
            ),
        ),
        migrations.AddConstraint(
            model_name="desksettings",
            constraint=models.CheckConstraint(condition=models.Q(("id", 1)), name="desk_has_one_row_of_settings"),
        ),
        migrations.AddConstraint(
            model_name="desksettings",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("primary_needed__gte", 1),
                    ("primary_needed__lte", 20),
                    ("secondary_needed__gte", 1),
                    ("secondary_needed__lte", 20),
                ),
                name="evidence_rule_asks_for_some_sources",
                violation_error_message="The evidence rule asks for 1 to 20 sources of each tier.",
            ),
        ),
        migrations.AddConstraint(
            model_name="desksettings",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("quorum__gte", 1),
                    ("quorum__lte", 15),
                    (
                        "votes_to_carry__gt",
                        django.db.models.expressions.CombinedExpression(models.F("quorum"), "/", models.Value(2)),
                    ),
                    ("votes_to_carry__lte", models.F("quorum")),
                ),
                name="new_articles_votes_are_a_majority",
                violation_error_message="The quorum is 1 to 15; votes to carry are more than half of it, at most all.",
            ),
        ),
        migrations.AddField(
            model_name="guestlink",
            name="article",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="guest_links", to="claims.article"
            ),
        ),
        migrations.AddField(
            model_name="guestlink",
            name="claim",
            field=models.ForeignKey(
                blank=True,
                help_text="The one claim that is shown; none: the whole article.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="guest_links",
                to="claims.claim",
            ),
        ),
        migrations.AddField(
            model_name="guestlink",
            name="contact",
            field=models.ForeignKey(
                blank=True,
                help_text="The question that the guest is asked to answer.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="guest_links",
                to="claims.contact",
            ),
        ),
        migrations.AddField(
            model_name="guestlink",
            name="made_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="guestlink",
            name="revoked_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="comment",
            name="guest_link",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="comments",
                to="claims.guestlink",
            ),
        ),
        migrations.AddField(
            model_name="guestuse",
            name="link",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="uses", to="claims.guestlink"
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="article",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="claims.article",
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="claim",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="claims.claim"
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="comment",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="claims.comment",
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="notifications", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="notification",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="deliveries", to="claims.notification"
            ),
        ),
        migrations.AddField(
            model_name="readerreport",
            name="claim",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reports",
                to="claims.claim",
            ),
        ),
        migrations.AddField(
            model_name="readerreport",
            name="closed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="readerreport",
            name="correction",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reports",
                to="claims.correction",
            ),
        ),
        migrations.AddField(
            model_name="readerreport",
            name="publication",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="reports", to="claims.publication"
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="report",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="claims.readerreport",
            ),
        ),
        migrations.AddField(
            model_name="recusal",
            name="claim",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="recusals", to="claims.claim"
            ),
        ),
        migrations.AddField(
            model_name="recusal",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="recusals", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="thread",
            name="article",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="threads", to="claims.article"
            ),
        ),
        migrations.AddField(
            model_name="thread",
            name="claim",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="threads",
                to="claims.claim",
            ),
        ),
        migrations.AddField(
            model_name="thread",
            name="evidence",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="threads",
                to="claims.evidence",
            ),
        ),
        migrations.AddField(
            model_name="thread",
            name="guest_link",
            field=models.ForeignKey(
                blank=True,
                help_text="The guest whose conversation it is; that guest sees it, and no other guest.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="threads",
                to="claims.guestlink",
            ),
        ),
        migrations.AddField(
            model_name="thread",
            name="opened_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="thread",
            name="resolved_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="thread",
            name="revision",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="threads",
                to="claims.articlerevision",
            ),
        ),
        migrations.AddField(
            model_name="thread",
            name="verdict",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="threads",
                to="claims.verdict",
            ),
        ),
        migrations.AddField(
            model_name="comment",
            name="thread",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="comments", to="claims.thread"
            ),
        ),
        migrations.AddField(
            model_name="webhook",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="webhooks", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="webhook",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="claims.webhook",
            ),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                condition=models.Q(("outcome", "awaiting")), fields=["due_at"], name="claims_contact_awaiting"
            ),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=models.Q(("question", ""), _negated=True), name="contact_asks_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answer", ""), ("closed_at__isnull", True), ("outcome", "awaiting")),
                    models.Q(models.Q(("outcome", "awaiting"), _negated=True), ("closed_at__isnull", False)),
                    _connector="OR",
                ),
                name="contact_ends_at_some_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "answered"), _negated=True),
                    models.Q(("answer", ""), _negated=True),
                    _connector="OR",
                ),
                name="answered_contact_has_an_answer",
                violation_error_message="Give the answer, or choose another outcome.",
            ),
        ),
        migrations.AddConstraint(
            model_name="guestlink",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("made_at"))), name="guest_link_expires_after_it_was_made"
            ),
        ),
        migrations.AddConstraint(
            model_name="guestlink",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("revoked_at__isnull", True), ("revoked_by__isnull", True)),
                    models.Q(("revoked_at__isnull", False), ("revoked_by__isnull", False)),
                    _connector="OR",
                ),
                name="guest_link_is_revoked_by_somebody_at_some_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="guestlink",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("may", "answer"), ("contact__isnull", False)),
                    models.Q(models.Q(("may", "answer"), _negated=True), ("contact__isnull", True)),
                    _connector="OR",
                ),
                name="guest_who_answers_has_a_question",
                violation_error_message="Choose the question that the guest is to answer; only then may they answer.",
            ),
        ),
        migrations.AddConstraint(
            model_name="readerreport",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="report_says_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="readerreport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("closed_by__isnull", True), ("outcome", "open")),
                    models.Q(
                        models.Q(("outcome", "open"), _negated=True),
                        ("closed_at__isnull", False),
                        ("closed_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="report_is_closed_by_somebody_at_some_time",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(fields=["person", "-id"], name="claims_noti_person__0bc7f1_idx"),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.UniqueConstraint(
                condition=models.Q(("read_at__isnull", True)),
                fields=("person", "kind", "article", "claim", "comment", "report"),
                name="person_is_told_once_while_unread",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="recusal",
            constraint=models.UniqueConstraint(fields=("claim", "person"), name="person_recuses_themselves_once"),
        ),
        migrations.AddConstraint(
            model_name="recusal",
            constraint=models.CheckConstraint(condition=models.Q(("note", ""), _negated=True), name="recusal_says_why"),
        ),
        migrations.AddIndex(
            model_name="thread",
            index=models.Index(
                condition=models.Q(("blocking", True), ("resolved_at__isnull", True)),
                fields=["article"],
                name="claims_thread_blocking",
            ),
        ),
        migrations.AddConstraint(
            model_name="thread",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("resolved_at__isnull", True), ("resolved_by__isnull", True)),
                    models.Q(("resolved_at__isnull", False), ("resolved_by__isnull", False)),
                    _connector="OR",
                ),
                name="thread_is_resolved_by_somebody_at_some_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="thread",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("end__isnull", True), ("exact", ""), ("revision__isnull", True), ("start__isnull", True)),
                    models.Q(
                        ("end__gt", models.F("start")),
                        ("revision__isnull", False),
                        ("start__isnull", False),
                        models.Q(("exact", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="thread_on_a_passage_says_where",
            ),
        ),
        migrations.AddConstraint(
            model_name="thread",
            constraint=models.CheckConstraint(
                condition=models.Q(("opened_by__isnull", False), ("guest_link__isnull", False), _connector="OR"),
                name="thread_is_opened_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="thread",
            constraint=models.CheckConstraint(
                condition=models.Q(("evidence__isnull", True), ("verdict__isnull", True), _connector="OR"),
                name="thread_is_about_one_thing",
            ),
        ),
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="comment_says_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("author__isnull", False), ("guest_link__isnull", True)),
                    models.Q(("author__isnull", True), ("guest_link__isnull", False)),
                    _connector="OR",
                ),
                name="comment_is_by_a_person_or_by_a_guest",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhook",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("disabled_at__isnull", True), ("disabled_reason", "")),
                    models.Q(("disabled_at__isnull", False), models.Q(("disabled_reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="webhook_is_switched_off_with_a_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("delivered_at__isnull", True), ("given_up_at__isnull", True)),
                fields=["due_at"],
                name="claims_delivery_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("channel", "webhook"), ("webhook__isnull", False)),
                    models.Q(models.Q(("channel", "webhook"), _negated=True), ("webhook__isnull", True)),
                    _connector="OR",
                ),
                name="delivery_by_webhook_names_it",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("delivered_at__isnull", True), ("given_up_at__isnull", True), _connector="OR"),
                name="delivery_ends_one_way",
            ),
        ),
        migrations.RunSQL([SQL.read_text(encoding="utf-8")]),
    ]

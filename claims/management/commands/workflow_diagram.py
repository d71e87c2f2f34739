from typing import Any

from django.core.management.base import BaseCommand

from claims.workflow import ARTICLE_MOVES, ARTICLE_STEPS, CLAIM_MOVES, CLAIM_STEPS, diagram


class Command(BaseCommand):
    help = "Prints the state diagrams of claims and articles as they stand in claims/workflow.py (Mermaid)."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(diagram((*CLAIM_STEPS, *CLAIM_MOVES), "The states of a claim"))
        self.stdout.write("")
        self.stdout.write(diagram((*ARTICLE_STEPS, *ARTICLE_MOVES), "The states of an article"))

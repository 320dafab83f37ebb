"""``cbus classify``: what are these complaints about, and how urgent? JSON Lines in, JSON Lines out.

Exit code 0: every line was answered; 1: at least one was refused, with its reason in its place; 2: wrong use.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from services.cli.ask.complaint_line import complaint_in
from services.cli.console.json_lines import FileArgument, run_batch_command
from services.cli.console.options import AlwaysJsonOption, ConfigDirOption
from services.intake.domain.given import BlankIsAbsent, require_visible
from services.intake.domain.submission import SubmittedMoney
from services.router.adapters.config_files import load_taxonomy
from services.router.domain.classify import classify
from services.router.domain.compiled_taxonomy import CompiledTaxonomy
from shared.events.complaint import Narrative


class Question(BlankIsAbsent):
    """One line of input; other fields are ignored, so that labelled data can be piped through."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    text: Annotated[str, AfterValidator(require_visible)] = Field(
        min_length=1, max_length=20_000, description="The complaint."
    )
    subject: str | None = Field(None, max_length=300, description="Subject line, if there is one.")
    declared_category: str | None = Field(None, description="What the complainant or channel says it is about.")
    amount: SubmittedMoney | None = Field(None, description="Amount in dispute.")
    minor: bool = Field(False, description="The complainant is under age.")


def classify_command(config_dir: ConfigDirOption, file: FileArgument = None, as_json: AlwaysJsonOption = False) -> None:
    """Category, severity and evidence of complaints: JSON Lines with id and text, answers in the same order.

    A line may also hold subject, declared_category, amount and minor. Or it is what intake's door takes as a body.
    """
    run_batch_command(partial(classify_line, CompiledTaxonomy(load_taxonomy(config_dir))), file)


def classify_line(compiled: CompiledTaxonomy, document: dict[str, Any]) -> dict[str, Any]:
    """The answer to one line, without its id; raises LineRefused or pydantic's ValidationError."""
    question = _question(document)
    narrative = Narrative(text=question.text, subject=question.subject)
    decided = classify(narrative, compiled, question.declared_category, question.amount, question.minor)
    return {
        "category": decided.category,
        "severity": str(decided.severity),
        "confidence": decided.confidence,
        "evidence": list(decided.evidence),
    }


def _question(document: dict[str, Any]) -> Question:
    """The line itself, or what is asked of a complaint that was submitted or kept."""
    if "text" in document or "narrative" not in document:
        return Question.model_validate(document)
    complaint = complaint_in(document)
    return Question(
        text=complaint.narrative.text,
        subject=complaint.narrative.subject,
        declared_category=complaint.declared_category,
        amount=None if complaint.amount is None else SubmittedMoney(**complaint.amount.model_dump()),
        minor=complaint.complainant.minor,
    )

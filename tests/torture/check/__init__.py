"""The independent checker: reads a run's files and every topic by itself, and judges by rules L1 to L15."""

from tests.torture.check.findings import RuleResult
from tests.torture.check.verdict import Verdict, check_run

__all__ = ["RuleResult", "Verdict", "check_run"]

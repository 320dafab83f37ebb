"""``docs/mutants.md``: what was done, the tables, and how to do it again."""

from __future__ import annotations

import os
import platform

from tests.torture.mutants.registry import MUTANTS
from tests.torture.mutants.results import Results
from tests.torture.mutants.table import clean_table, mutant_table, summary

_INTRODUCTION = """\
# Mutants: does the torture harness notice?

A harness that never failed proves nothing. So each safety rule below was switched off, one at a time, and the run had
to turn red within three seeds; the clean build has to stay green on the same plans. A mutant is a patch applied inside
the service process before its `__main__` runs (`tests/torture/mutants`); the product has no hook for it.

- **Arena.** *bus*: intake, router, SLA service and notifier, two of each, on one real broker, under load, with the
  faults of the plan named (`plans.py`). *counter*: the engine with a tiny processor on a real broker, frozen at the
  line where the race is (`counter_trial.py`), since the whole bus meets that race too seldom.
- **Caught by.** On the bus the rules of the checker that were broken (`tests/torture/check`, L1 to L15), `undrained`
  (records left unread), `unrecovered` (a process not back within 10 s), `never settled` (the run did not end). On the
  counter what is wrong with the log: `lost`, `repeated`, `misnumbered`, `fired twice`.
- **What does not count.** Lateness (L15, `unrecovered`) is a catch only where the mutant's harm is time; a run that
  could not be judged, or in which the patch itself raised the error, catches nobody.
- The auditor is left out of these runs: it writes a lost complaint again, which would hide the harm.
"""

_LIMITS = """\
## Not among them

- What the settings refuse to start with (auto-commit, `acks` other than all): only the refusal could be patched.
- `acks=1` with unclean elections: shows on three brokers only; all plans here use one.
- Timers fired before the backlog is read: the clock's wrong breach is followed by its correction, which the checker
  accepts by design. `tests/component/engine/test_engine_rules.py` (rule 6) holds that rule.
- The checker's own rules are broken one by one in `tests/unit/torture_check`.
"""

_AGAIN = """\
## Again

```
python -m tests.torture.mutants --write docs/mutants.md        everything, 20 clean runs; about 40 minutes on 2 cores
python -m tests.torture.mutants --only no-rewind --clean 0     one mutant
python -m tests.torture.mutants --list                         their names
```

This page is written by the first command after every run; what is not run again keeps its row.
"""


def document(results: Results) -> str:
    """The whole page."""
    plans = dict.fromkeys(mutant.plan for mutant in MUTANTS.values())
    parts = [
        _INTRODUCTION,
        f"**Result.** {summary(MUTANTS, results)}\n",
        f"{mutant_table(MUTANTS, results)}\n",
        "Seconds are those of the run that caught the mutant, start and check included.\n",
        "## The clean build on the same plans\n",
        f"{clean_table(plans, results)}\n",
        f"Measured {_days(results)} on {_machine()}.\n",
        _LIMITS,
        _AGAIN,
    ]
    return "\n".join(parts)


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def _days(results: Results) -> str:
    days = sorted({runs.day for runs in results.mutants.values()} | {run.day for run in results.clean.values()})
    return " to ".join(dict.fromkeys((days[0], days[-1]))) if days else "never"

"""A part of L11: a process that lived long holds no more open files and not much more memory than early in its life.

What leaks never comes back, so a process is judged by the *least* it held in its last half minute: that leaves out
what comes and goes, such as a burst of clients.
Files of local state are judged by themselves: three for each partition that is owned, so at most 36 of twelve, however
long it lives. They do not grow with load, but come and go with partitions: a process that had none early on, its twin
having them all, and half of them at the end holds 18 more, and leaks nothing. A second connection to the same store
would show as more than that.
Beside the 20 % a constant is allowed. Other files: 12. Measured over 18 restarts of brokers: 24 while a
broker is away (a client keeps no sockets to it) to 40 of an SLA service. Memory is judged only over the second
half of a life of ten minutes and more: before that state, caches and the client's queues grow as they should; and
48 MiB are allowed, since a backlog that was read after an outage leaves the heap larger than it was (the client
queues up to 64 MiB of it).
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from tests.torture.check.findings import Findings
from tests.torture.check.run_files import Sample

SETTLED_AFTER_SECONDS = 30.0
"""A start reads state and opens what it needs."""
FILES_JUDGED_FROM_SECONDS = 120.0
"""Of samples after that."""
MEMORY_JUDGED_FROM_SECONDS = 600.0
"""Of life."""
EARLY_SHARE = 0.25
END_SECONDS = 30.0
GROWTH = 1.2
SPARE_FILES = 12
MOST_STATE_FILES = 3 * 12
"""The database, its log and its shared memory, of each partition of the bus."""
SPARE_BYTES = 48 * 2**20
_MIB = 2**20


def judge_resources(findings: Findings, samples: Iterable[Sample]) -> None:
    """Judge every process that lived long enough, and note how many did."""
    files, memory = list[float](), list[float]()
    for (instance, pid), seen in _by_process(samples).items():
        name = f"{instance} (process {pid})"
        settled = [sample for sample in seen if sample.second >= seen[0].second + SETTLED_AFTER_SECONDS]
        if _lasted(settled) >= FILES_JUDGED_FROM_SECONDS:
            early, end = growth(settled, lambda sample: sample.fds - sample.state_files)
            files.append(end / early)
            what = f"{end:.0f} open files at the end, {early:.0f} early on, without those of its state"
            findings.require(end <= early * GROWTH + SPARE_FILES, name, what)
            _, stores = growth(settled, lambda sample: sample.state_files)
            what = f"{stores:.0f} open files of its state, more than {MOST_STATE_FILES} of twelve partitions"
            findings.require(stores <= MOST_STATE_FILES, name, what)
        if _lasted(seen) >= MEMORY_JUDGED_FROM_SECONDS:
            half = [sample for sample in seen if sample.second >= seen[0].second + _lasted(seen) / 2]
            early, end = growth(half, lambda sample: sample.rss_bytes)
            memory.append(end / early)
            what = f"{end / _MIB:.0f} MiB at the end, {early / _MIB:.0f} MiB in the middle of its life"
            findings.require(end <= early * GROWTH + SPARE_BYTES, name, what)
    findings.note(f"lived long enough to judge open files: {_summary(files)}; memory: {_summary(memory)}")


def growth(samples: Sequence[Sample], measure: Callable[[Sample], int]) -> tuple[float, float]:
    """The median of the first quarter and the least of the last half minute."""
    begin, end = samples[0].second, samples[-1].second
    early = [measure(sample) for sample in samples if sample.second <= begin + (end - begin) * EARLY_SHARE]
    late = [measure(sample) for sample in samples if sample.second >= end - END_SECONDS]
    return statistics.median(early), min(late)


def _by_process(samples: Iterable[Sample]) -> dict[tuple[str, int], list[Sample]]:
    found: dict[tuple[str, int], list[Sample]] = defaultdict(list)
    for sample in samples:
        found[sample.instance, sample.pid].append(sample)
    return found


def _lasted(samples: Sequence[Sample]) -> float:
    return samples[-1].second - samples[0].second if samples else 0.0


def _summary(ratios: Sequence[float]) -> str:
    return f"{len(ratios)} processes, at most × {max(ratios):.2f}" if ratios else "no process"

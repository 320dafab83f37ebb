"""Every mutant there is."""

from __future__ import annotations

from collections.abc import Mapping

from shared.events.clients import WAITED_FOR
from tests.torture.mutants.mutant import Arena, Mutant

_ALL = (
    Mutant(
        "offsets-before-produce",
        "engine 1: events, changelog and offsets in one transaction",
        "commits the input offsets first, then writes the transaction without them",
        "router-crashes",
        "transactions:offsets_before_produce",
        ("router",),
    ),
    Mutant(
        "changelog-afterwards",
        "engine 1: events, changelog and offsets in one transaction",
        "writes the changelog in a transaction of its own, after that of events and offsets",
        "router-crashes",
        "transactions:changelog_afterwards",
        ("router",),
    ),
    Mutant(
        "state-before-commit",
        "engine 4: local state only after the commit",
        "writes SQLite rows before the transaction",
        "router-crashes",
        "state:state_before_commit",
        ("router",),
    ),
    Mutant(
        "random-transactional-id",
        "engine 2 and reliability 2: one stable transactional.id per slot",
        "makes a new id at each start, so that nobody aborts what the last process left open",
        "router-crashes",
        "transactions:random_transactional_id",
        ("router",),
        delays=True,
    ),
    Mutant(
        "group-id-only",
        "engine 10: offsets carry the membership of the poll",
        "sends the offsets with the group's name and no generation, as some clients do",
        "zombie-works-on",
        "transactions:group_id_only",
        ("sla",),
        Arena.COUNTER,
    ),
    Mutant(
        "no-rewind",
        "engine 3: an abort does not rewind; seek every partition back",
        "makes a new producer after a doubt, reloads the state, and reads on where it was",
        "cut-links",
        "transactions:no_rewind",
        WAITED_FOR,
    ),
    Mutant(
        "doubtful-commit-repeated",
        "engine 2: after a doubt, back to the committed truth",
        "takes a commit in doubt for failed and writes the same batch again",
        "short-silences",
        "transactions:doubtful_commit_repeated",
        WAITED_FOR,
    ),
    Mutant(
        "timers-in-memory",
        "engine 4 and 6: timers are derived from durable state",
        "remembers only the timers set by this process since it took a partition over",
        "sla-kills",
        "state:timers_in_memory",
        ("sla",),
    ),
    Mutant(
        "latest-reset",
        "engine 7: a partition nobody has read is read from its start",
        "starts at the end of a partition without committed offsets",
        "router-storm",
        "reading:latest_reset",
        ("router",),
    ),
    Mutant(
        "dead-letter-not-awaited",
        "engine 8: dead letters in the same transaction",
        "gives dead letters to a producer of their own (linger 1 s) and does not wait",
        "poisoned-router",
        "reading:dead_letter_not_awaited",
        ("router",),
    ),
    Mutant(
        "redis-only-idempotency",
        "engine 9: complaint_id first, cache second",
        "leaves repeats to Redis: the door reads no log, the router registers whatever it reads",
        "cache-away",
        "edges:redis_only_idempotency",
        ("router", "intake"),
    ),
    Mutant(
        "delivery-reports-ignored",
        "intake: 202 means durable",
        "answers as soon as the record is queued",
        "silent-broker",
        "edges:delivery_reports_ignored",
        ("intake",),
    ),
    Mutant(
        "marked-before-sent",
        "edges: an ambiguous outcome is a state, never a guess",
        "writes `sent` before the letter is handed over",
        "sender-crashes",
        "edges:marked_before_sent",
        ("notifier",),
    ),
    Mutant(
        "attempt-not-recorded",
        "edges: an ambiguous outcome is a state, never a guess",
        "hands a letter over without writing `attempted` first",
        "sender-crashes",
        "edges:attempt_not_recorded",
        ("notifier",),
    ),
    Mutant(
        "sender-commits-on-reading",
        "edges: offsets are committed when the work is done",
        "commits requests as read, sent or not",
        "sender-backlogs",
        "edges:sender_commits_on_reading",
        ("notifier",),
    ),
    Mutant(
        "producer-kept-after-doubt",
        "engine 2: after a doubt, a new producer under the same id",
        "takes slow commits and lost connections for nothing, aborts after errors, keeps the producer and its epoch",
        "late-commit",
        "transactions:producer_kept_after_doubt",
        ("sla",),
        Arena.COUNTER,
    ),
    Mutant(
        "timers-without-offsets",
        "engine 1: a timer-only transaction carries an offset too",
        "commits transactions of timers without any offset",
        "zombie-fires-timers",
        "transactions:timers_without_offsets",
        ("sla",),
        Arena.COUNTER,
    ),
    Mutant(
        "restore-before-offsets",
        "engine 5: committed offsets, then the changelog, then run",
        "restores what is visible, then asks for the committed offsets",
        "takeover-of-an-open-transaction",
        "state:restore_before_offsets",
        ("sla",),
        Arena.COUNTER,
    ),
)

MUTANTS: Mapping[str, Mutant] = {mutant.name: mutant for mutant in _ALL}
"""By name."""

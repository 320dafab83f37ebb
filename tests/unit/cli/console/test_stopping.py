"""The first signal stops politely, the second at once, and before anything runs the first one does."""

from __future__ import annotations

import os
import signal

import pytest

from services.cli.console.stopping import StopAsked, StopSignals


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_while_starting_a_signal_stops_at_once() -> None:
    with StopSignals(), pytest.raises(StopAsked):
        interrupt()


def test_while_running_the_first_signal_is_a_request() -> None:
    with StopSignals() as signals, signals.politely() as asked:
        interrupt()
        assert asked.is_set()


def test_while_running_the_second_signal_stops_at_once() -> None:
    with StopSignals() as signals, signals.politely():
        interrupt()
        with pytest.raises(StopAsked):
            interrupt()


def test_a_block_within_a_block_is_asked_anew() -> None:
    """So that who asks a second time while the end is being settled is heard, and not thrown out."""
    with StopSignals() as signals, signals.politely() as asked:
        interrupt()
        with signals.politely() as hurry:
            assert asked.is_set()
            assert not hurry.is_set()
            interrupt()
            assert hurry.is_set()
            with pytest.raises(StopAsked):
                interrupt()


def test_once_stopping_has_begun_further_signals_do_not_disturb_it() -> None:
    with StopSignals():
        with pytest.raises(StopAsked):
            interrupt()
        interrupt()


def test_afterwards_signals_mean_what_they_meant_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    with StopSignals():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before

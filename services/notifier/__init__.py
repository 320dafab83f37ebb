"""Notifier: tells people what happened to a complaint.

Its *composer* (a processor) reads ``complaints.lifecycle.v1`` and ``sla.events.v1``, decides who is to be told what,
and writes ``notifications.requests.v1``, or the reason why nobody is told to ``notifications.events.v1``. Its
*sender* (an edge) reads the requests, hands each to its medium (e-mail by SMTP is the one there is) and writes to
``notifications.events.v1`` what came of it.
"""

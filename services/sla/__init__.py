"""SLA: reads ``complaints.received.v1`` and ``complaints.lifecycle.v1``, decides when promises are due, met or broken,
and writes ``sla.events.v1``.
"""

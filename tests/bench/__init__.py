"""``make bench``: what the bus does per second on this machine, beside a Faust app that makes the same decisions.

Numbers of one run are comparable with one another, not with another machine's or another day's.
"""

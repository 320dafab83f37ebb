"""Reads complaints.received.v1, picks the urges, writes them to urges.v1: a screen in the call centre shows them."""

"""``cbus send``: files of complaints through intake's door, JSON Lines, CSV or XLSX."""

"""Ways by which complaints come in: a folder each, reading its own format into what ``domain/parsed.py`` names."""

"""The media by which people are told, one folder each: plugs of ``sending.medium``. Beside them, what they share."""

"""The HTTP channel: JSON and JSON Lines over HTTP/1.1, for forms, shops, platforms and files."""

"""Pure decisions of the router: no clock, no broker, no files."""

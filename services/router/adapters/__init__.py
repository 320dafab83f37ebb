"""The router's edge to the outside: its decision data in files."""

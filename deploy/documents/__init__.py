"""The generated pages: what is declared once, in models, settings and metrics, is written into ``docs/`` from there."""

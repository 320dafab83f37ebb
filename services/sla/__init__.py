"""SLA service: reads the case log and receipts, decides when promises are due, met or broken, writes clock events."""

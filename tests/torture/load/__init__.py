"""Who asks the tortured bus for something, and the record of what they were told."""

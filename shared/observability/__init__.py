"""What operators see: metrics, log lines and health answers. Nothing in here ever carries personal data."""

"""What the notifier decides: pure functions of state, event, policy and time."""

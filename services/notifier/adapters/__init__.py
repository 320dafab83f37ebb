"""Where the notifier touches the world and no medium does it: configuration files, Redis."""

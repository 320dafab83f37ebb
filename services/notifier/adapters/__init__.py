"""Where the notifier touches the world: configuration files, templates, mail messages, SMTP."""

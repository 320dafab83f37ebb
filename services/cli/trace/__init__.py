"""``cbus trace``: the story of one complaint, personal data masked."""

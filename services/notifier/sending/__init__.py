"""The sender: from requests on a topic to messages handed over by a medium, at least once and never silently twice."""

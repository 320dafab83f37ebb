"""The sender: from requests on a topic to mails at the relay, at least once and never silently twice."""

"""Everything needed to run Complaint Bus somewhere: configuration, topics, the local stack, containers, monitoring."""

"""The services of Complaint Bus: each reads topics, decides, and writes topics."""

"""The bus from outside: its Kafka, its records, its services as processes and their metrics."""

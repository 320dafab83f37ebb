"""The contracts of the bus: envelope, ids, models, topics. Start at ``topics`` to see what flows where."""

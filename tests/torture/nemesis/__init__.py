"""What is broken, when and how, and the grips on the bus by which it is done."""

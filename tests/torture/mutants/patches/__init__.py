"""What each mutant replaces. Imported by the mutated process only (see ``process``)."""

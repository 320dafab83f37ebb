"""What every command shares towards person and shell: options, output, JSON Lines, stopping, system failures."""

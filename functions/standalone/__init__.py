"""The three contracts in one process, and the command line."""

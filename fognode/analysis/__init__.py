"""Learn from stored events, in a child process."""

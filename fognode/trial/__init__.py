"""A farm in a box for demo, tests and bench."""

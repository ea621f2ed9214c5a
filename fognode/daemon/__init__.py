"""Builds the parts, supervises their threads, schedules and stops them in order."""

"""Tier 2: keep every event, once, in order, for ever."""

"""Tier 1: what arrives from boards becomes events."""

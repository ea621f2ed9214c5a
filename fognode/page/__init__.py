"""Tier 4: show the farmer; read-only."""

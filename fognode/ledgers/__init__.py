"""Tier 3: two chains, the partners and the authority."""

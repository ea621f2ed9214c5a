"""Tell the managers."""

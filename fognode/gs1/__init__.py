"""GS1: keys, labels and Digital Links; pure."""

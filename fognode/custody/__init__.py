"""What readings mean: pure folds over stored events."""

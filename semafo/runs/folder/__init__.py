"""One run's folder, as those read it who did not train it."""

"""What numbers of few cells and seeds allow to be said: intervals, tests, resampling."""

"""Which cells are reference, labelled, hidden and test. Labels are hidden here, once."""

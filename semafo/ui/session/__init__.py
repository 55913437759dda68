"""What a session remembers: the tray of chosen runs, the data set, the window."""

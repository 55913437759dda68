"""What cells can be coloured by, and the colours that then mean the same everywhere."""

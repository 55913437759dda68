"""What the paper did and found: its splits of the pancreas and bone marrow data, and the scores it reports."""

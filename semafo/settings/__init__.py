"""Everything a person can set: settings and defaults of a run, the mix, the schedule, their fingerprint."""

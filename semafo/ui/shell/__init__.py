"""What surrounds every page: its frame, the sidebar, errors as sentences, news of training."""

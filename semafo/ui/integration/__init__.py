"""The Integration page."""

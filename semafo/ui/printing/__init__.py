"""Figures as files, as a page of paper wants them."""

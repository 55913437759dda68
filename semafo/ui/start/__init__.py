"""What a first visitor is offered, and what a page says that has no run to show."""

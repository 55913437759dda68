"""The same losses as the module's, computed sooner: for the training loop."""

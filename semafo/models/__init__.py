"""The models: loss terms, module and scvi-tools model. Needs torch and scvi-tools; nothing is imported here."""

"""Whether a schedule gives the answer of scvi-tools' own."""

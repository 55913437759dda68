"""How long a comparison trains, against scvi-tools with its defaults, and whether it is as good."""

"""Controls, figures, tables and downloads that several pages share."""

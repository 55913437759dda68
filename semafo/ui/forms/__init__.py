"""Parts of forms that several pages have: mixes, training, the reference."""

"""The stages of training: scVI, the semi-supervised stage, the query stage, and the loop they share."""

"""Label scores, baselines that predict labels, and how far a confidence can be trusted."""

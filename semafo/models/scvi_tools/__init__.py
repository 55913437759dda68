"""Where our models meet scvi-tools' interfaces: likelihoods, query surgery, data loading, training plan."""

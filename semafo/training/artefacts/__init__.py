"""What a run leaves beside its model: predictions, baselines, expression, factors, replay."""

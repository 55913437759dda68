"""How `semafo app` is served: who may open it, and how a browser is sent there."""

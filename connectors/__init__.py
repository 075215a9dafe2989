"""Sources and ledgers: one file a connector, one line in `syncd.wiring.REGISTRY`."""

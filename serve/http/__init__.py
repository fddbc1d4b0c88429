"""Everything that knows HTTP: routes, limits, problems, metrics, logs, the start page."""

"""Pages and JSON: the only code that knows HTTP."""

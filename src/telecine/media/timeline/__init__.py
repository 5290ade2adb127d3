"""The one neutral model of an edited thing, and the dialects of JSON that become it."""

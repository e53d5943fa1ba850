"""A warehouse kept equal to the service: which days are due, what was read of each, and where the rows are kept."""

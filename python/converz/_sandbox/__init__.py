"""The API on this machine, and the demonstration that runs on it."""

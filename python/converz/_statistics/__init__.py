"""Statistics for conversations: what is a difference, and what is chance."""

"""What frames of other libraries become, and come from. Knows only the core and the errors."""

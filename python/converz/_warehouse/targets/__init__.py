"""Where rows are kept: one library each."""

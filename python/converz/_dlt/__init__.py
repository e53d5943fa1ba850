"""What `converz.dlt` loads: the planner of `sync` on dlt's state, and load packages of what changed."""

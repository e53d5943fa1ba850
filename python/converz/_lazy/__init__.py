"""Results as polars' lazy frames."""

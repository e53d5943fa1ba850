"""Operators: a task each."""

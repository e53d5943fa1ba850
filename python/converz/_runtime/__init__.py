"""What the core needs of Python itself: its log and its signals."""

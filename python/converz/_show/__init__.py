"""What people look at: tables as text and HTML, and progress."""

"""One page for those who lead: tables of a client → figures → a file that opens anywhere."""

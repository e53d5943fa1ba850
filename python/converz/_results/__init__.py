"""What the operations return: tables, streams, receipts, plans and results of updates."""

//! Pages → batches: their order, their end, how many at once, repeated keys, the receipt. Knows no Python.

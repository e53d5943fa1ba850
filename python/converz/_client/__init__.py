"""The client: the operations of the API as methods, and as functions on a default client."""

"""The command ``converz``: options become calls of the client, a file a command."""

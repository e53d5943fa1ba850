"""The commands that there are, and what each does in a line. Its module is imported when it is used."""

__all__ = ["COMMANDS"]

COMMANDS = {
    "calls": "list conversations: every one that matches, from all pages",
    "reps": "list users: every one that matches, from all pages",
    "report": "aggregate metrics over conversations and in-app activity, a row a group",
    "describe": "say what columns there are, and what is in them",
    "update": "say what a file would change of conversations or users, and change it with --apply",
    "undo": "put back what an update wrote, from its journal",
    "dashboard": "make one page of what changed, where, who, and what to listen to",
    "sync": "bring a warehouse up to date: read the days that are due, and replace those that changed",
    "audit": "compare a warehouse with the service, day by day; the exit status is 1 where they differ",
    "doctor": "check the road from here to a first row, a line a step; no secret is shown",
    "sandbox": "serve the whole API on 127.0.0.1 until Ctrl-C",
    "demo": "read, report and write back against a sandbox in this process",
    "completion": "write what a shell needs to complete commands and options",
}
"""In the order in which they are shown. The module of each has its name, and a `Command` that is called ``COMMAND``."""

//! The whole API on 127.0.0.1, by its own reading of the documentation: shares no code with any other room.

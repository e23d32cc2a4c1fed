//! The city file and its journal.

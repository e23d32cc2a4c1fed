//! Features become vector tiles.

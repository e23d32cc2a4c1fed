//! Layers become files.

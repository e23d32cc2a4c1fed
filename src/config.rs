//! Every flag and variable, in one documented struct.

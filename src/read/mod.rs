//! Files become values and a list of problems.

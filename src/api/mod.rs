//! All routes on one page.

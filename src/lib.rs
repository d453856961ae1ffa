//! laixin: the scanning station of a petition office mailroom.

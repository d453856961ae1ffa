//! Lines → salutation, body, signature block, contact lines, envelope parts.

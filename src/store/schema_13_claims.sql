-- What a claim goes by: urgent letters that wait, and leases by their end. Without these it walked every drafted letter and every lease.
CREATE INDEX letters_urgent ON letters (stage) WHERE urgent = 1;
CREATE INDEX drafts_leases ON drafts (lease_ms) WHERE state = 'leased';

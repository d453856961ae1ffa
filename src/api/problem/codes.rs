//! Every code of a problem document, with its status and what it means.

use axum::http::StatusCode;

/// Every code there is: code, status, title.
pub(super) const CODES: &[(&str, StatusCode, &str)] = &[
    (
        "body_invalid",
        StatusCode::UNPROCESSABLE_ENTITY,
        "The request's body is not as described",
    ),
    (
        "body_too_large",
        StatusCode::PAYLOAD_TOO_LARGE,
        "The request's body is too large",
    ),
    (
        "setting_refused",
        StatusCode::UNPROCESSABLE_ENTITY,
        "The setting is not as it has to be; nothing is changed",
    ),
    (
        "setting_changed",
        StatusCode::CONFLICT,
        "Something else would change than what was looked at",
    ),
    (
        "office_unreachable",
        StatusCode::SERVICE_UNAVAILABLE,
        "What all stations of the office share cannot be changed now",
    ),
    (
        "storage_full",
        StatusCode::INSUFFICIENT_STORAGE,
        "The station can write nothing",
    ),
    (
        "body_too_slow",
        StatusCode::REQUEST_TIMEOUT,
        "The request's body did not arrive in time",
    ),
    (
        "cabinet_refuses",
        StatusCode::CONFLICT,
        "The cabinet cannot do that now",
    ),
    (
        "cabinet_stopped",
        StatusCode::SERVICE_UNAVAILABLE,
        "The cabinet's task has stopped",
    ),
    (
        "approval_failed",
        StatusCode::FORBIDDEN,
        "The second person's name or password is wrong, or the account is locked",
    ),
    (
        "certificate_needed",
        StatusCode::FORBIDDEN,
        "A case system shows its certificate beside its token",
    ),
    (
        "certificate_mismatch",
        StatusCode::FORBIDDEN,
        "The token is tied to another client certificate",
    ),
    (
        "changed",
        StatusCode::PRECONDITION_FAILED,
        "Somebody changed it in between",
    ),
    (
        "content_type",
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "The request's body is of another kind",
    ),
    (
        "correction_invalid",
        StatusCode::UNPROCESSABLE_ENTITY,
        "A correction is not allowed",
    ),
    (
        "misdirected",
        StatusCode::MISDIRECTED_REQUEST,
        "The request is addressed to another name than the station's",
    ),
    (
        "csrf",
        StatusCode::FORBIDDEN,
        "The session's X-CSRF-Token is missing or wrong",
    ),
    (
        "password_expired",
        StatusCode::FORBIDDEN,
        "The password is older than the office allows",
    ),
    (
        "cursor_invalid",
        StatusCode::BAD_REQUEST,
        "The cursor is not one of ours",
    ),
    (
        "defect",
        StatusCode::INTERNAL_SERVER_ERROR,
        "A defect of laixin",
    ),
    (
        "file_gone",
        StatusCode::CONFLICT,
        "The held file is no longer where it was put",
    ),
    (
        "file_no_page",
        StatusCode::CONFLICT,
        "The held file cannot be a page",
    ),
    (
        "file_trouble",
        StatusCode::SERVICE_UNAVAILABLE,
        "The held file could not be dealt with now",
    ),
    (
        "font_missing",
        StatusCode::SERVICE_UNAVAILABLE,
        "The font for printed papers is missing",
    ),
    (
        "forbidden",
        StatusCode::FORBIDDEN,
        "Not allowed for this caller",
    ),
    (
        "host_only",
        StatusCode::FORBIDDEN,
        "Only from the station itself",
    ),
    (
        "if_match_missing",
        StatusCode::PRECONDITION_REQUIRED,
        "If-Match is missing",
    ),
    (
        "key_invalid",
        StatusCode::BAD_REQUEST,
        "The Idempotency-Key is not allowed",
    ),
    (
        "key_reused",
        StatusCode::UNPROCESSABLE_ENTITY,
        "The Idempotency-Key was used for another request",
    ),
    (
        "lease_too_long",
        StatusCode::UNPROCESSABLE_ENTITY,
        "The lease is longer or shorter than allowed",
    ),
    (
        "method_not_allowed",
        StatusCode::METHOD_NOT_ALLOWED,
        "This route does not have that method",
    ),
    ("not_found", StatusCode::NOT_FOUND, "There is no such thing"),
    (
        "not_json",
        StatusCode::BAD_REQUEST,
        "The request's body is not JSON",
    ),
    (
        "not_signed_in",
        StatusCode::UNAUTHORIZED,
        "Nobody is signed in",
    ),
    (
        "original_altered",
        StatusCode::INTERNAL_SERVER_ERROR,
        "The original's bytes are no longer those that were kept",
    ),
    (
        "original_unreadable",
        StatusCode::SERVICE_UNAVAILABLE,
        "The original cannot be read now",
    ),
    (
        "original_missing",
        StatusCode::INTERNAL_SERVER_ERROR,
        "The original is not where it was kept",
    ),
    (
        "page_unreadable",
        StatusCode::UNPROCESSABLE_ENTITY,
        "The page cannot be shown",
    ),
    (
        "not_read_yet",
        StatusCode::CONFLICT,
        "The page is not read yet",
    ),
    (
        "password_refused",
        StatusCode::UNPROCESSABLE_ENTITY,
        "The password does not keep the rules",
    ),
    (
        "query_invalid",
        StatusCode::BAD_REQUEST,
        "A query parameter is not allowed",
    ),
    (
        "query_unknown",
        StatusCode::UNPROCESSABLE_ENTITY,
        "There is no such query parameter",
    ),
    (
        "reason_needed",
        StatusCode::FORBIDDEN,
        "The letter is restricted: say first why you look at it",
    ),
    (
        "restricted",
        StatusCode::FORBIDDEN,
        "The letter is restricted",
    ),
    ("scanner_busy", StatusCode::CONFLICT, "The scanner is busy"),
    (
        "scanner_not_driven",
        StatusCode::CONFLICT,
        "This scanner is driven by other software",
    ),
    (
        "scanner_stopped",
        StatusCode::SERVICE_UNAVAILABLE,
        "The scanner's task has stopped",
    ),
    (
        "second_person_needed",
        StatusCode::UNPROCESSABLE_ENTITY,
        "Two different people must sign",
    ),
    (
        "sign_in_failed",
        StatusCode::UNAUTHORIZED,
        "Name or password is wrong, or the account is locked",
    ),
    (
        "store_stopped",
        StatusCode::SERVICE_UNAVAILABLE,
        "The store has stopped",
    ),
    (
        "timeout",
        StatusCode::SERVICE_UNAVAILABLE,
        "It took too long",
    ),
    (
        "leased_to_another",
        StatusCode::CONFLICT,
        "Another case system has the draft",
    ),
    (
        "registered_elsewhere",
        StatusCode::CONFLICT,
        "Another case system has registered the letter",
    ),
    (
        "lease_outdated",
        StatusCode::CONFLICT,
        "The lease is an old one",
    ),
    (
        "not_leased",
        StatusCode::CONFLICT,
        "The draft is not leased to this caller",
    ),
    (
        "other_case_number",
        StatusCode::CONFLICT,
        "The draft is registered under another number",
    ),
    (
        "taken_back",
        StatusCode::CONFLICT,
        "The draft was taken back, and is not to be registered",
    ),
    (
        "with_case_system",
        StatusCode::CONFLICT,
        "A case system has it",
    ),
    (
        "already_registered",
        StatusCode::CONFLICT,
        "It is registered with the case system",
    ),
    (
        "letter_held",
        StatusCode::CONFLICT,
        "The letter is held for a person",
    ),
    (
        "letter_withheld",
        StatusCode::CONFLICT,
        "The letter is withdrawn, returned or destroyed",
    ),
    (
        "being_read",
        StatusCode::CONFLICT,
        "The letter is being read",
    ),
    (
        "addressee_accused",
        StatusCode::CONFLICT,
        "It would go to whom it accuses",
    ),
    (
        "accused_unknown",
        StatusCode::CONFLICT,
        "Nobody has said whom it accuses",
    ),
    (
        "sender_open",
        StatusCode::CONFLICT,
        "Nobody has said who sent it",
    ),
    (
        "clock_set_back",
        StatusCode::CONFLICT,
        "The clock of this machine is behind what is on record",
    ),
    (
        "clock_jumped_ahead",
        StatusCode::CONFLICT,
        "The clock of this machine is far ahead of what is on record",
    ),
    (
        "restored",
        StatusCode::CONFLICT,
        "The station was restored, and the case systems have to acknowledge again first",
    ),
    (
        "valuables_open",
        StatusCode::CONFLICT,
        "Something enclosed is not settled",
    ),
    (
        "second_entry_open",
        StatusCode::CONFLICT,
        "Fields are not keyed twice alike",
    ),
    (
        "name_taken",
        StatusCode::CONFLICT,
        "There is something of that name",
    ),
    (
        "already_decided",
        StatusCode::CONFLICT,
        "Somebody has decided it already",
    ),
    (
        "nothing_to_undo",
        StatusCode::CONFLICT,
        "There is no change to take back",
    ),
    (
        "not_opened",
        StatusCode::CONFLICT,
        "Whoever decides has to have the letter before him",
    ),
    (
        "second_folder_missing",
        StatusCode::CONFLICT,
        "The folder for the second copies is not there",
    ),
    (
        "officer_decides",
        StatusCode::CONFLICT,
        "It may be a page of a letter that is shown to nobody",
    ),
    (
        "file_undecided",
        StatusCode::CONFLICT,
        "The file that this is about has to be decided about first",
    ),
    (
        "not_a_separator",
        StatusCode::CONFLICT,
        "None of this station's separator sheets was read on the page",
    ),
    (
        "officer_needed",
        StatusCode::CONFLICT,
        "A confirming officer does this",
    ),
    (
        "no_such_range",
        StatusCode::RANGE_NOT_SATISFIABLE,
        "The file has no such part",
    ),
    (
        "same_person",
        StatusCode::CONFLICT,
        "Another person has to do this",
    ),
    (
        "password_not_chosen",
        StatusCode::CONFLICT,
        "Both who sign have to choose their passwords themselves first",
    ),
    (
        "already_delivered",
        StatusCode::CONFLICT,
        "The message is delivered",
    ),
    (
        "last_administrator",
        StatusCode::CONFLICT,
        "One administrator has to stay",
    ),
    (
        "wrong_state",
        StatusCode::CONFLICT,
        "Its state does not allow that",
    ),
];

//! The HTTP interface on a real socket: every route, success and refusal; every role at every route; the frozen schema.

#[path = "api/accounts.rs"]
mod accounts;
#[path = "api/handover.rs"]
mod handover;
#[path = "api/house.rs"]
mod house;
#[path = "api/mailroom.rs"]
mod mailroom;
#[path = "api/routes.rs"]
mod routes;

//! The people of a test's station.

use serde_json::{Value, json};

use super::{MADE_AT_THE_MACHINE, PASSWORD, SECOND, TestStation};

impl TestStation {
    pub fn sign_in(&mut self) {
        self.sign_in_as("tester");
    }

    /// One more person, with the tests' password: chosen by himself as soon as the station runs, since nobody else's signs anything for two.
    pub fn add_person(&self, name: &str, role: &str) {
        assert!(self.try_add_person(name, role), "{name} is added");
    }

    /// The second person of an override; there already from the second time on.
    pub fn add_second(&self) {
        self.try_add_person(SECOND, "operator");
    }

    fn try_add_person(&self, name: &str, role: &str) -> bool {
        let add = ["user", "add", name, "--role", role, "--password-stdin"];
        let is_added = self
            .try_command(&add, Some(MADE_AT_THE_MACHINE))
            .status
            .success();
        match self.process {
            _ if !is_added => {}
            Some(_) => self.chooses_a_password(name),
            None => self.to_choose.lock().unwrap().push(name.to_owned()),
        }
        is_added
    }

    pub(super) fn chooses_a_password(&self, name: &str) {
        let (cookie, csrf) = self.signed_in(name, MADE_AT_THE_MACHINE);
        let own = json!({"old": MADE_AT_THE_MACHINE, "new": PASSWORD});
        let chosen = ureq::post(format!("http://{}/v1/session/password", self.address))
            .header("cookie", cookie)
            .header("x-csrf-token", csrf)
            .send_json(&own);
        chosen.expect("his own password");
    }

    /// As another account; [`TestStation::add_person`] makes one.
    pub fn sign_in_as(&mut self, user: &str) {
        self.session = Some(self.signed_in(user, PASSWORD));
    }

    /// A session's cookie and token.
    fn signed_in(&self, user: &str, password: &str) -> (String, String) {
        let request = json!({"user": user, "password": password});
        let mut answer = ureq::post(format!("http://{}/v1/session", self.address))
            .send_json(&request)
            .expect("signed in");
        let cookie = answer
            .headers()
            .get("set-cookie")
            .expect("a cookie")
            .to_str()
            .expect("ASCII")
            .to_owned();
        let body: Value = answer.body_mut().read_json().expect("JSON");
        let cookie = cookie
            .split(';')
            .next()
            .expect("a name and a value")
            .to_owned();
        (
            cookie,
            body["csrf"].as_str().expect("a CSRF token").to_owned(),
        )
    }
}

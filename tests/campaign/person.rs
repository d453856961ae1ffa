//! A person with a browser: signs in, asks again when nothing answers, and does a thing once however often it was sent.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::world::World;
use crate::support::{PASSWORD, SECOND};

pub(super) struct Person {
    address: SocketAddr,
    agent: ureq::Agent,
    session: Option<(String, String)>,
}

impl Person {
    pub(super) fn new(address: SocketAddr) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(4)))
            .build()
            .new_agent();
        Self {
            address,
            agent,
            session: None,
        }
    }

    fn sign_in(&mut self) -> Option<()> {
        let url = format!("http://{}/v1/session", self.address);
        let body = json!({"user": "tester", "password": PASSWORD});
        let mut answer = self.agent.post(url).send_json(&body).ok()?;
        let cookie = answer
            .headers()
            .get("set-cookie")?
            .to_str()
            .ok()?
            .to_owned();
        let cookie = cookie.split(';').next()?.to_owned();
        let told: Value = answer.body_mut().read_json().ok()?;
        self.session = Some((cookie, told["csrf"].as_str()?.to_owned()));
        Some(())
    }

    fn once(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        key: &str,
    ) -> Option<(u16, Value)> {
        if self.session.is_none() {
            self.sign_in()?;
        }
        let (cookie, csrf) = self.session.as_ref()?;
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("cookie", cookie)
            .header("x-csrf-token", csrf)
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(body.map(Value::to_string).unwrap_or_default())
            .ok()?;
        let mut answer = self.agent.run(request).ok()?;
        let status = answer.status().as_u16();
        let text = answer.body_mut().read_to_string().ok()?;
        if status == 401 {
            // The clock jumped over the session's end.
            self.session = None;
            return None;
        }
        Some((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// Asks once; nothing when nobody answers.
    pub(super) fn asks(
        &mut self,
        world: &mut World,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Option<(u16, Value)> {
        world.tick();
        self.once(method, path, body.as_ref(), &key())
    }

    /// A change that has to be made, once: sent again under the same key until it is answered.
    pub(super) fn changes(&mut self, world: &mut World, path: &str, body: Value) -> Value {
        let key = key();
        world.until(path, |world| {
            let (status, told) = self.once("POST", path, Some(&body), &key)?;
            world.remember(format!("POST {path}: {status} {told}"));
            assert!(!(400..500).contains(&status), "{path}: {status} {told}");
            (status < 300).then_some(told)
        })
    }

    pub(super) fn overrides(&mut self, world: &mut World, load: &Value) -> Option<(u16, Value)> {
        let signed = json!({"reason": "消毒柜断电，已按规定人工处理", "approver": SECOND, "approver_password": PASSWORD});
        self.asks(
            world,
            "POST",
            &format!("/v1/loads/{load}/override"),
            Some(signed),
        )
    }
}

fn key() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!(
        "campaign-{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

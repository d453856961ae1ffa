//! Firefox, spoken to as geckodriver does it: its own protocol (Marionette) on a loopback port that it chooses. Debian has no geckodriver.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Nothing that calls out, asks, or updates.
const PREFERENCES: &str = r#"user_pref("marionette.port", 0);
user_pref("remote.prefs.recommended", true);
user_pref("intl.accept_languages", "zh-CN");
user_pref("network.proxy.type", 0);
"#;
const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// One Firefox with a profile of its own; ended when dropped.
pub(crate) struct Firefox {
    process: Child,
    _profile: tempfile::TempDir,
    pub(crate) wire: Marionette,
}

impl Drop for Firefox {
    fn drop(&mut self) {
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.process.wait();
    }
}

impl Firefox {
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().expect("a folder for the profile");
        std::fs::write(profile.path().join("user.js"), PREFERENCES).expect("it takes files");
        let process = Command::new("firefox-esr")
            .args([
                "--headless",
                "--no-remote",
                "--marionette",
                "--width",
                "1366",
                "--height",
                "854",
                "--profile",
            ])
            .arg(profile.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("firefox-esr is installed (setup/debian.txt)");
        let began = Instant::now();
        let chosen = profile.path().join("MarionetteActivePort");
        let port: u16 = loop {
            let told = std::fs::read_to_string(&chosen).ok();
            if let Some(port) = told.and_then(|port| port.trim().parse().ok()) {
                break port;
            }
            assert!(began.elapsed() < STARTS_WITHIN, "Firefox names no port");
            std::thread::sleep(Duration::from_millis(50));
        };
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("Firefox listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(90)))
            .expect("a time limit");
        let wire = Marionette(Arc::new(Mutex::new(stream)));
        let _greeting = Marionette::read(&mut wire.0.lock().expect("nobody panicked holding it"));
        wire.command("WebDriver:NewSession", &json!({"capabilities": {}}))
            .expect("a session");
        Self {
            process,
            _profile: profile,
            wire,
        }
    }
}

/// The connection; one command after the other.
#[derive(Clone)]
pub(crate) struct Marionette(Arc<Mutex<TcpStream>>);

impl Marionette {
    /// A command of WebDriver's HTTP form, as Firefox calls it.
    pub(crate) fn tell(&self, method: &str, command: &str, body: &Value) -> Result<Value, String> {
        let parts: Vec<&str> = command.split('/').skip(1).collect();
        let with_id = |id: &str, more: Value| {
            let mut told = more;
            told["id"] = json!(id);
            told
        };
        let (name, told) = match (method, parts.as_slice()) {
            ("POST", ["url"]) => ("WebDriver:Navigate", body.clone()),
            ("POST", ["execute", "sync"]) => ("WebDriver:ExecuteScript", body.clone()),
            ("POST", ["element"]) => ("WebDriver:FindElement", body.clone()),
            ("GET", ["element", "active"]) => ("WebDriver:GetActiveElement", json!({})),
            ("POST", ["element", id, "click"]) => {
                ("WebDriver:ElementClick", with_id(id, json!({})))
            }
            ("POST", ["element", id, "value"]) => {
                ("WebDriver:ElementSendKeys", with_id(id, body.clone()))
            }
            ("GET", ["element", id, "text"]) => {
                ("WebDriver:GetElementText", with_id(id, json!({})))
            }
            ("GET", ["screenshot"]) => ("WebDriver:TakeScreenshot", json!({"full": false})),
            ("DELETE", ["cookie"]) => ("WebDriver:DeleteAllCookies", json!({})),
            _ => return Err(format!("{method} {command} is not asked of Firefox")),
        };
        let answer = self.command(name, &told)?;
        Ok(answer.get("value").cloned().unwrap_or(answer))
    }

    fn command(&self, name: &str, told: &Value) -> Result<Value, String> {
        let mut stream = self.0.lock().expect("nobody panicked holding it");
        let message = json!([0, 1, name, told]).to_string();
        let sent = write!(stream, "{}:{message}", message.len());
        sent.map_err(|error| error.to_string())?;
        let answer = Self::read(&mut stream)?;
        match &answer[2] {
            Value::Null => Ok(answer[3].clone()),
            error => Err(error.to_string()),
        }
    }

    /// One message: its length, a colon, itself.
    fn read(stream: &mut TcpStream) -> Result<Value, String> {
        let mut length = 0_usize;
        loop {
            let mut byte = [0];
            stream
                .read_exact(&mut byte)
                .map_err(|error| error.to_string())?;
            match byte[0] {
                b':' => break,
                digit => length = length * 10 + usize::from(digit - b'0'),
            }
        }
        let mut message = vec![0; length];
        stream
            .read_exact(&mut message)
            .map_err(|error| error.to_string())?;
        serde_json::from_slice(&message).map_err(|error| error.to_string())
    }
}

//! A real headless Chromium behind chromedriver on a free loopback port, ended by process id whatever the test does.
//!
//! Speaks the few WebDriver commands these tests need over the HTTP client the tests have anyway; a WebDriver crate would
//! bring sixty more crates and minutes of building.

use std::future::Future;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::firefox::{Firefox, Marionette};

/// Browsers side by side: what waits for one more waits for the two cores.
static BROWSERS: Semaphore = Semaphore::const_new(2);

const FLAGS: [&str; 11] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--lang=zh-CN",
    "--window-size=1366,768",
];

/// How long a condition is awaited.
const PATIENCE: Duration = Duration::from_secs(12);
const BETWEEN_LOOKS: Duration = Duration::from_millis(40);
const ANSWER_WITHIN: Duration = Duration::from_secs(90);
/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys as WebDriver writes them.
pub(crate) const ENTER: &str = "\u{e007}";
pub(crate) const ESCAPE: &str = "\u{e00c}";
const TAB: &str = "\u{e004}";
pub(crate) const DOWN: &str = "\u{e015}";
const BACKSPACE: &str = "\u{e003}";
/// Held while the keys after it are pressed, within one call.
pub(crate) const CONTROL: &str = "\u{e009}";
pub(crate) const ALT: &str = "\u{e00a}";
pub(crate) const F1: &str = "\u{e031}";
pub(crate) const F2: &str = "\u{e032}";
pub(crate) const F8: &str = "\u{e038}";
pub(crate) const F9: &str = "\u{e039}";

/// The chromedriver process; ended when dropped.
struct Chromedriver {
    process: Child,
    port: u16,
}

impl Chromedriver {
    /// Now and then one ends at once: another program has the port that it had drawn.
    fn start() -> Self {
        let mut started = (0..3).filter_map(|_| Self::try_start());
        started.next().expect("chromedriver names its port")
    }

    fn try_start() -> Option<Self> {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("chromedriver is installed (setup/debian.txt)");
        let lines = BufReader::new(process.stdout.take().expect("its output is piped")).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.rsplit_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        let Some(port) = port else {
            // Its output has ended, so it has.
            process.wait().expect("it can be waited for");
            return None;
        };
        Some(Self { process, port })
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        // The whole group: a browser that its driver could not close goes with it.
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.process.wait();
    }
}

/// One browser window.
#[derive(Clone)]
pub(crate) struct Browser {
    wire: Wire,
}

/// How a browser is spoken to.
#[derive(Clone)]
enum Wire {
    /// WebDriver over HTTP: chromedriver.
    Driver { agent: ureq::Agent, session: String },
    /// Firefox itself.
    Firefox(Marionette),
}

/// The same in Firefox: what is Chromium's alone (`window`, `wheel`, `printed`) is not asked there.
pub(crate) async fn with_firefox<F, Done>(test: F)
where
    F: FnOnce(Browser) -> Done,
    Done: Future<Output = ()> + Send + 'static,
{
    let _turn = BROWSERS.acquire().await.expect("never closed");
    let firefox = tokio::task::spawn_blocking(Firefox::start)
        .await
        .expect("Firefox starts");
    let wire = Wire::Firefox(firefox.wire.clone());
    let ended = tokio::spawn(test(Browser { wire })).await;
    drop(firefox);
    if let Err(failed) = ended {
        std::panic::resume_unwind(failed.into_panic());
    }
}

/// Runs a test in a browser of its own and closes it, also when the test fails.
pub(crate) async fn with_browser<F, Done>(test: F)
where
    F: FnOnce(Browser) -> Done,
    Done: Future<Output = ()> + Send + 'static,
{
    let _turn = BROWSERS.acquire().await.expect("never closed");
    let chromedriver = tokio::task::spawn_blocking(Chromedriver::start)
        .await
        .expect("chromedriver starts");
    let profile = tempfile::tempdir().expect("a folder for the profile");
    let browser = Browser::open_window(chromedriver.port, profile.path()).await;
    let ended = tokio::spawn(test(browser.clone())).await;
    let _ = browser.tell("DELETE", "", Value::Null).await;
    drop(chromedriver);
    if let Err(failed) = ended {
        std::panic::resume_unwind(failed.into_panic());
    }
}

impl Browser {
    async fn open_window(port: u16, profile: &std::path::Path) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_WITHIN))
            .build()
            .into();
        let data = format!("--user-data-dir={}", profile.display());
        let flags: Vec<_> = FLAGS.into_iter().chain([data.as_str()]).collect();
        let wanted = json!({"capabilities": {"alwaysMatch": {"browserName": "chrome",
            "goog:chromeOptions": {"args": flags}}}});
        let sessions = format!("http://127.0.0.1:{port}/session");
        let mut browser = Self {
            wire: Wire::Driver {
                agent,
                session: sessions.clone(),
            },
        };
        let opened = browser
            .tell("POST", "", wanted)
            .await
            .expect("Chromium starts");
        let id = opened["sessionId"].as_str().expect("a session has an id");
        if let Wire::Driver { session, .. } = &mut browser.wire {
            *session = format!("{sessions}/{id}");
        }
        browser
    }

    /// One WebDriver command.
    async fn tell(
        &self,
        method: &'static str,
        command: &str,
        body: Value,
    ) -> Result<Value, String> {
        let (agent, address) = match self.wire.clone() {
            Wire::Driver { agent, session } => (agent, format!("{session}{command}")),
            Wire::Firefox(firefox) => {
                let command = command.to_owned();
                let sent = move || firefox.tell(method, &command, &body);
                return tokio::task::spawn_blocking(sent)
                    .await
                    .map_err(|error| error.to_string())?;
            }
        };
        let sent = move || {
            let request = ureq::http::Request::builder().method(method).uri(address);
            let text = if body.is_null() {
                String::new()
            } else {
                body.to_string()
            };
            let request = request
                .header("content-type", "application/json")
                .body(text);
            let answer = agent.run(request.map_err(|error| error.to_string())?);
            let mut answer = answer.map_err(|error| error.to_string())?;
            let good = answer.status().is_success();
            let told: Value = answer
                .body_mut()
                .read_json()
                .map_err(|error| error.to_string())?;
            if good {
                Ok(told["value"].clone())
            } else {
                Err(told["value"].to_string())
            }
        };
        tokio::task::spawn_blocking(sent)
            .await
            .map_err(|error| error.to_string())?
    }

    async fn element(&self, selector: &str) -> String {
        let wanted = json!({"using": "css selector", "value": selector});
        let found = self.tell("POST", "/element", wanted).await;
        let found = found.unwrap_or_else(|error| panic!("{selector}: {error}"));
        format!(
            "/element/{}",
            found[ELEMENT].as_str().expect("an element has an id")
        )
    }

    /// Goes to an address.
    pub(crate) async fn open(&self, address: &str) {
        self.tell("POST", "/url", json!({"url": address}))
            .await
            .expect("the page loads");
    }

    async fn run(&self, script: &str) -> Result<Value, String> {
        self.tell(
            "POST",
            "/execute/sync",
            json!({"script": script, "args": []}),
        )
        .await
    }

    /// What a script's `return` gives; a promise is awaited.
    pub(crate) async fn ask(&self, script: &str) -> Value {
        self.run(script).await.expect("the script runs")
    }

    /// Awaits that an expression holds. While a page is being left the browser may refuse to run it: asked again.
    pub(crate) async fn until(&self, what: &str, expression: &str) {
        let script = format!("return Boolean({expression});");
        let holds = async {
            while self.run(&script).await != Ok(Value::Bool(true)) {
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
        };
        if tokio::time::timeout(PATIENCE, holds).await.is_err() {
            let text = self
                .ask("return location.href + '\\n' + document.body.innerText;")
                .await;
            panic!(
                "never came: {what} ({expression})\n{}",
                text.as_str().unwrap_or_default()
            );
        }
    }

    /// The element of a selector, once it is there.
    pub(crate) async fn at(&self, selector: &str) -> String {
        let wanted = Value::from(selector);
        self.until(selector, &format!("document.querySelector({wanted})"))
            .await;
        self.element(selector).await
    }

    /// Clicks it.
    pub(crate) async fn click(&self, selector: &str) {
        let element = self.at(selector).await;
        let clicked = self
            .tell("POST", &format!("{element}/click"), json!({}))
            .await;
        clicked.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Replaces what is in a field, as a person does: everything in it is selected and typed over.
    pub(crate) async fn fill(&self, selector: &str, text: &str) {
        let element = self.at(selector).await;
        let wanted = Value::from(selector);
        self.ask(&format!(
            "const field = document.querySelector({wanted}); field.scrollIntoView({{block: 'center'}}); field.focus(); \
             if (field.select) field.select();"
        ))
        .await;
        self.keys(&element, if text.is_empty() { BACKSPACE } else { text })
            .await;
    }

    /// The browser as it is when the session ran out.
    pub(crate) async fn forget_cookies(&self) {
        let gone = self.tell("DELETE", "/cookie", Value::Null).await;
        gone.expect("cookies can be forgotten");
    }

    async fn keys(&self, element: &str, keys: &str) {
        let sent = self
            .tell("POST", &format!("{element}/value"), json!({"text": keys}))
            .await;
        sent.expect("it takes keys");
    }

    /// Presses keys where the focus is.
    pub(crate) async fn press(&self, keys: &str) {
        let focused = self.tell("GET", "/element/active", Value::Null).await;
        let focused = focused.expect("something has the focus");
        let id = focused[ELEMENT].as_str().expect("an element has an id");
        self.keys(&format!("/element/{id}"), keys).await;
    }

    /// Makes the visible part of the window exactly this large, in pixels.
    pub(crate) async fn window(&self, (width, height): (u32, u32)) {
        let wanted = json!({"cmd": "Emulation.setDeviceMetricsOverride",
            "params": {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}});
        let set = self.tell("POST", "/goog/cdp/execute", wanted).await;
        set.expect("the window has a size");
        self.until(
            "its size",
            &format!("innerWidth === {width} && innerHeight === {height}"),
        )
        .await;
    }

    /// Shows pages as a system in high contrast does.
    pub(crate) async fn in_high_contrast(&self) {
        let wanted = json!({"cmd": "Emulation.setEmulatedMedia", "params": {"features": [
            {"name": "forced-colors", "value": "active"}, {"name": "prefers-color-scheme", "value": "dark"}]}});
        let set = self.tell("POST", "/goog/cdp/execute", wanted).await;
        set.expect("the browser shows it");
    }

    /// Strikes a key as the keyboard does, whatever has the focus.
    async fn strike(&self, key: &str) {
        let acts = json!([{"type": "key", "id": "keys", "actions": [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]}]);
        let struck = self
            .tell("POST", "/actions", json!({"actions": acts}))
            .await;
        struck.expect("the keyboard is there");
    }

    /// Goes on with Tab to the element of a selector, as somebody without a mouse does; how many times it took.
    pub(crate) async fn tab_to(&self, selector: &str) -> usize {
        self.at(selector).await;
        let wanted = Value::from(selector);
        let is_there = format!("return document.activeElement.matches({wanted});");
        for times in 0..200 {
            if self.ask(&is_there).await == Value::Bool(true) {
                return times;
            }
            self.strike(TAB).await;
        }
        panic!("Tab does not come to {selector}");
    }

    /// Turns the wheel over the middle of an element, down for positive pixels, while these keys are held.
    pub(crate) async fn wheel(&self, selector: &str, pixels: i32, held: &str) {
        let element = self.at(selector).await;
        let id = element.trim_start_matches("/element/");
        let mut acts = vec![
            json!({"type": "wheel", "id": "wheel", "actions": [{"type": "scroll", "x": 0, "y": 0,
            "deltaX": 0, "deltaY": pixels, "origin": {ELEMENT: id}}]}),
        ];
        if !held.is_empty() {
            acts[0]["actions"]
                .as_array_mut()
                .expect("a list")
                .insert(0, json!({"type": "pause"}));
            acts.push(
                json!({"type": "key", "id": "keys", "actions": [{"type": "keyDown", "value": held},
                {"type": "pause"}, {"type": "keyUp", "value": held}]}),
            );
        }
        let turned = self
            .tell("POST", "/actions", json!({"actions": acts}))
            .await;
        turned.expect("the wheel turns");
    }

    /// The visible text of an element.
    pub(crate) async fn text(&self, selector: &str) -> String {
        let element = self.at(selector).await;
        let text = self
            .tell("GET", &format!("{element}/text"), Value::Null)
            .await;
        text.expect("an element has text")
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Keeps a picture where somebody asked for pictures (`LAIXIN_SHOTS`).
    pub(crate) async fn picture(&self, name: &str) {
        if std::env::var_os("LAIXIN_SHOTS").is_some() {
            let picture = self.tell("GET", "/screenshot", Value::Null).await;
            keep(picture, &format!("{name}.png"));
        }
    }

    /// The same of the whole page, below the window's edge too.
    pub(crate) async fn whole_picture(&self, name: &str) {
        if std::env::var_os("LAIXIN_SHOTS").is_some() {
            let wanted =
                json!({"cmd": "Page.captureScreenshot", "params": {"captureBeyondViewport": true}});
            let picture = self.tell("POST", "/goog/cdp/execute", wanted).await;
            keep(
                picture.map(|told| told["data"].clone()),
                &format!("{name}.png"),
            );
        }
    }

    /// The same of the page as it is printed, as PDF.
    pub(crate) async fn printed(&self, name: &str) {
        if std::env::var_os("LAIXIN_SHOTS").is_some() {
            let a4 = json!({"page": {"width": 21.0, "height": 29.7}});
            keep(
                self.tell("POST", "/print", a4).await,
                &format!("{name}.pdf"),
            );
        }
    }
}

/// What came in base64, as a file among the pictures.
fn keep<E: std::fmt::Debug>(picture: Result<Value, E>, name: &str) {
    let picture = picture.expect("a picture can be taken");
    let folder = std::env::var_os("LAIXIN_SHOTS").unwrap_or_default();
    let file = std::path::Path::new(&folder).join(name);
    let mut decoder = Command::new("base64")
        .arg("-d")
        .stdin(Stdio::piped())
        .stdout(std::fs::File::create(file).expect("the folder takes files"))
        .spawn()
        .expect("coreutils are installed");
    let mut text = decoder.stdin.take().expect("its input is piped");
    std::io::Write::write_all(&mut text, picture.as_str().unwrap_or_default().as_bytes())
        .expect("it reads");
    drop(text);
    assert!(decoder.wait().expect("it ends").success());
}

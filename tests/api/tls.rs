//! TLS with a real client: the station's own certificate, a case system's certificate, and what is refused with which words.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;

use crate::support::{LAIXIN, MADE_AT_THE_MACHINE, Process, TestStation, wait_for};

struct Keys {
    folder: tempfile::TempDir,
}

impl Keys {
    fn new() -> Self {
        let keys = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        keys.made(&["new", "localhost", "127.0.0.1"]);
        keys
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn try_making(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(LAIXIN);
        command
            .arg("tls")
            .args(arguments)
            .arg("--out")
            .arg(self.folder.path());
        command.output().unwrap()
    }

    fn made(&self, arguments: &[&str]) -> String {
        let done = self.try_making(arguments);
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).unwrap()
    }

    /// A client that trusts the station's own certificate only, and shows this one of its own where it has one.
    fn client(&self, own: Option<&str>) -> Arc<ClientConfig> {
        let chain = |name: &str| -> Vec<CertificateDer<'static>> {
            CertificateDer::pem_file_iter(self.file(name))
                .unwrap()
                .map(Result::unwrap)
                .collect()
        };
        let mut roots = RootCertStore::empty();
        chain("station.pem")
            .into_iter()
            .for_each(|certificate| roots.add(certificate).unwrap());
        let builder =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots);
        Arc::new(match own {
            None => builder.with_no_client_auth(),
            Some(name) => {
                let key = PrivateKeyDer::from_pem_file(self.file(&format!("{name}.key"))).unwrap();
                builder
                    .with_client_auth_cert(chain(&format!("{name}.pem")), key)
                    .unwrap()
            }
        })
    }
}

/// A whole answer over TLS, or why there was none.
fn get(
    client: &Arc<ClientConfig>,
    address: SocketAddr,
    path: &str,
    headers: &str,
) -> std::io::Result<String> {
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(client.clone(), name).unwrap();
    let socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut stream = StreamOwned::new(connection, socket);
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n"
    )?;
    let mut text = Vec::new();
    match stream.read_to_end(&mut text) {
        // A peer that closes without saying so has said everything before.
        Err(error) if text.is_empty() => return Err(error),
        _ => {}
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn status(answer: &str) -> u16 {
    answer
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or_else(|| panic!("{answer}"))
}

fn station(keys: &Keys, more: &str) -> TestStation {
    let (certificate, key) = (keys.file("station.pem"), keys.file("station.key"));
    let more = more.to_owned();
    TestStation::with_settings(move |text| {
        text.replace(
            "[[cabinet]]",
            &format!("certificate = {certificate:?}\nkey = {key:?}\n{more}[[cabinet]]"),
        )
    })
}

fn start(station: &TestStation, client: &Arc<ClientConfig>) -> Process {
    let child = Command::new(LAIXIN)
        .args(["run", "--config"])
        .arg(station.folder("station.toml"))
        .env_remove("JOURNAL_STREAM")
        .spawn()
        .unwrap();
    let process = Process(child);
    wait_for("the station to answer over TLS", 20, || {
        get(client, station.address, "/healthz", "")
            .ok()
            .filter(|answer| status(answer) == 200)
    });
    process
}

#[test]
fn the_station_speaks_tls_with_a_certificate_made_on_the_machine() {
    let keys = Keys::new();
    let mode = |name: &str| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(keys.file(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode("station.key"), 0o600);
    let again = keys.try_making(&["new", "localhost"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("is there already"));
    let station = station(&keys, "");
    let client = keys.client(None);
    let _running = start(&station, &client);
    let page = get(&client, station.address, "/", "").unwrap();
    assert!(status(&page) == 200 && page.contains("<form"), "{page}");
    let stranger = Keys::new();
    get(&stranger.client(None), station.address, "/healthz", "")
        .expect_err("another certificate is not trusted");
    // Plain HTTP gets no letter and no page.
    let mut plain = TcpStream::connect(station.address).unwrap();
    plain
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    plain
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(
        !String::from_utf8_lossy(&answer).contains("<html"),
        "{answer:?}"
    );
}

#[test]
fn a_cookie_over_tls_is_never_sent_in_the_clear() {
    let keys = Keys::new();
    let station = station(&keys, "");
    let client = keys.client(None);
    let _running = start(&station, &client);
    let body = json!({"user": "tester", "password": MADE_AT_THE_MACHINE}).to_string();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(client.clone(), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(station.address).unwrap());
    write!(
        stream,
        "POST /v1/session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let cookie = answer
        .lines()
        .find(|line| line.starts_with("set-cookie"))
        .unwrap_or_else(|| panic!("{answer}"));
    for attribute in ["; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
}

#[test]
fn a_case_system_shows_its_certificate_where_one_is_asked_for() {
    let keys = Keys::new();
    let told = keys.made(&["client", "cases"]);
    assert!(told.contains("client_authority"), "{told}");
    // The authority is kept: a later one is of the same.
    assert!(
        !keys
            .made(&["client", "second"])
            .contains("client_authority")
    );
    let station = station(
        &keys,
        &format!(
            "client_authority = {:?}\n",
            keys.file("client-authority.pem")
        ),
    );
    let token = station.command(&["token", "add", "cases", "--scope", "case_system"], None);
    let bearer = format!("Authorization: Bearer {}\r\n", token.trim());
    let without = keys.client(None);
    let _running = start(&station, &without);
    // People come without.
    assert_eq!(
        status(&get(&without, station.address, "/", "").unwrap()),
        200
    );
    let refused = get(&without, station.address, "/v1/drafts", &bearer).unwrap();
    assert!(
        status(&refused) == 403 && refused.contains("certificate_needed"),
        "{refused}"
    );
    for own in ["cases", "second"] {
        assert_eq!(
            status(
                &get(
                    &keys.client(Some(own)),
                    station.address,
                    "/v1/drafts",
                    &bearer
                )
                .unwrap()
            ),
            200,
            "{own}"
        );
    }
    // A certificate alone is no token.
    assert_eq!(
        status(
            &get(
                &keys.client(Some("cases")),
                station.address,
                "/v1/drafts",
                ""
            )
            .unwrap()
        ),
        401
    );
    // One of another authority does not even get to speak.
    let stranger = Keys::new();
    stranger.made(&["client", "cases"]);
    for name in ["cases.pem", "cases.key"] {
        std::fs::copy(stranger.file(name), keys.file(&format!("strange-{name}"))).unwrap();
    }
    let strange = keys.client(Some("strange-cases"));
    get(&strange, station.address, "/v1/drafts", &bearer)
        .expect_err("a certificate of another authority");
}

#[test]
fn a_token_that_is_tied_to_a_certificate_is_worth_nothing_without_it() {
    let keys = Keys::new();
    keys.made(&["client", "cases", "second"]);
    let authority = keys.file("client-authority.pem");
    let station = station(&keys, &format!("client_authority = {authority:?}\n"));
    let der = CertificateDer::from_pem_file(keys.file("second.pem")).unwrap();
    let print = laixin::digest::sha256_hex(&der).to_uppercase();
    let bearer = |name: &str, certificate: &str| {
        let asked = [
            "token",
            "add",
            name,
            "--scope",
            "case_system",
            "--certificate",
            certificate,
        ];
        let token = station.command(&asked, None);
        format!("Authorization: Bearer {}\r\n", token.trim())
    };
    let (by_name, by_print) = (bearer("by-name", "cases"), bearer("by-print", &print));
    let listed = station.command(&["token", "list"], None);
    assert!(listed.contains("only with certificate cases"), "{listed}");
    let without = keys.client(None);
    let _running = start(&station, &without);
    let ask = |own: Option<&str>, bearer: &str| {
        let answer = get(&keys.client(own), station.address, "/v1/drafts", bearer).unwrap();
        let refused = answer.contains("\"code\":\"certificate_mismatch\"");
        (status(&answer), refused)
    };
    for (own, bearer) in [("cases", &by_name), ("second", &by_print)] {
        assert_eq!(ask(Some(own), bearer), (200, false), "{own}");
    }
    for (own, bearer) in [
        (Some("second"), &by_name),
        (None, &by_name),
        (Some("cases"), &by_print),
        (None, &by_print),
    ] {
        assert_eq!(ask(own, bearer), (403, true), "{own:?}");
    }
    station.command(&["verify"], None);
    // Untied in the file by whoever can write it, it no longer fits the ledger.
    station.tampered();
    rusqlite::Connection::open(station.folder("data/station.sqlite3"))
        .unwrap()
        .execute_batch("UPDATE tokens SET certificate = NULL WHERE name = 'by-name'")
        .unwrap();
    let verified = station.try_command(&["verify"], None);
    assert_eq!(verified.status.code(), Some(1), "{verified:?}");
}

#[test]
fn a_token_is_not_tied_where_no_certificate_is_asked_for() {
    let station = TestStation::new();
    let asked = [
        "token",
        "add",
        "cases",
        "--scope",
        "case_system",
        "--certificate",
        "cases",
    ];
    let done = station.try_command(&asked, None);
    assert_eq!(done.status.code(), Some(2));
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(told.contains("client_authority"), "{told}");
    assert_eq!(station.command(&["token", "list"], None), "");
}

fn refusal(station: &TestStation) -> (Option<i32>, String) {
    let run = station.try_command(&["run"], None);
    (
        run.status.code(),
        String::from_utf8_lossy(&run.stderr).into_owned(),
    )
}

#[test]
fn keys_that_do_not_fit_are_told_clearly_before_the_station_starts() {
    let (keys, other) = (Keys::new(), Keys::new());
    let with = |certificate: &Path, key: &Path| {
        let lines = format!("certificate = {certificate:?}\nkey = {key:?}\n");
        TestStation::with_settings(move |text| {
            text.replace("[[cabinet]]", &format!("{lines}[[cabinet]]"))
        })
    };
    let (code, told) = refusal(&with(&keys.file("station.pem"), &other.file("station.key")));
    assert!(code == Some(2) && told.contains("do not fit"), "{told}");
    let (code, told) = refusal(&with(&keys.file("none.pem"), &keys.file("station.key")));
    assert!(
        code == Some(2) && told.contains("none.pem: there is no certificate to be read"),
        "{told}"
    );
    let (code, told) = refusal(&with(&keys.file("station.key"), &keys.file("station.key")));
    assert!(
        code == Some(2) && told.contains("there is no certificate to be read"),
        "{told}"
    );
    let check = with(&keys.file("station.pem"), &other.file("station.key"))
        .try_command(&["check", "--language", "en"], None);
    assert_eq!(check.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&check.stdout).contains("do not fit"),
        "{check:?}"
    );
}

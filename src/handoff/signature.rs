//! Signatures as the Standard Webhooks specification has them: HMAC-SHA256 over id, time and body, in base64, by each of the secrets.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Shortest and longest secret, in bytes (Standard Webhooks: 24 to 64).
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;
const PREFIX: &str = "whsec_";

/// A secret that both sides know. Says nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// Reads `whsec_` and base64.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
        LENGTHS.contains(&bytes.len()).then_some(Self(bytes))
    }

    /// A new one, as it is written.
    ///
    /// # Panics
    /// When the system has no random numbers.
    pub fn new_text() -> String {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the system gives random numbers");
        format!("{PREFIX}{}", STANDARD.encode(bytes))
    }
}

/// Why there are no secrets to sign with.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("{} cannot be read: it holds the secrets that messages are signed with", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Others on this machine may read it.
    #[error("{} may be read by other users of this machine: chmod 600", file.display())]
    Open {
        /// The file.
        file: PathBuf,
    },
    /// A line is no secret.
    #[error("{}:{line}: a secret is {PREFIX} and base64 of {} to {} bytes; `laixin webhook new-secret` makes one", file.display(), LENGTHS.start(), LENGTHS.end())]
    NoSecret {
        /// The file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
    },
    /// There is none in it.
    #[error("{} has no secret in it; `laixin webhook new-secret` makes one", file.display())]
    Empty {
        /// The file.
        file: PathBuf,
    },
}

/// The secrets of a file: one a line, lines with `#` are notes.
///
/// # Errors
/// [`SecretError`].
pub fn secrets_of(file: &Path) -> Result<Vec<Secret>, SecretError> {
    let unreadable = |source| SecretError::Unreadable {
        file: file.to_owned(),
        source,
    };
    let mode = std::fs::metadata(file).map_err(unreadable)?.permissions();
    if mode.mode() & 0o077 != 0 {
        return Err(SecretError::Open {
            file: file.to_owned(),
        });
    }
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    let mut secrets = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        secrets.push(Secret::parse(text).ok_or_else(|| SecretError::NoSecret {
            file: file.to_owned(),
            line,
        })?);
    }
    if secrets.is_empty() {
        return Err(SecretError::Empty {
            file: file.to_owned(),
        });
    }
    Ok(secrets)
}

/// The `webhook-signature` of a message: `v1,` and base64 for each secret, a space between.
pub fn sign(secrets: &[Secret], id: &str, at_s: i64, body: &str) -> String {
    let one = |secret: &Secret| {
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret.0).expect("any length is a key");
        mac.update(format!("{id}.{at_s}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    };
    let all: Vec<String> = secrets.iter().map(one).collect();
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn the_signature_of_the_specification() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let signed = sign(
            std::slice::from_ref(&secret),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            body,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let other = Secret::parse(&Secret::new_text()).unwrap();
        let both = sign(
            &[secret, other],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            body,
        );
        assert!(both.starts_with(&format!("{signed} v1,")), "{both}");
    }

    #[test]
    fn what_is_no_secret_is_refused_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secrets");
        let with = |text: &str, mode: u32| {
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            secrets_of(&file)
        };
        let good = Secret::new_text();
        assert_eq!(
            with(&format!("# new\n{good}\n\n# old\n{good}\n"), 0o600)
                .unwrap()
                .len(),
            2
        );
        let told = with(&format!("{good}\nwhsec_c2hvcnQ=\n"), 0o600).unwrap_err();
        assert!(
            told.to_string().contains("secrets:2: a secret is whsec_"),
            "{told}"
        );
        assert!(matches!(with(&good, 0o644), Err(SecretError::Open { .. })));
        assert!(matches!(
            with("# none\n", 0o600),
            Err(SecretError::Empty { .. })
        ));
        assert_eq!(format!("{:?}", Secret::parse(&good)), "Some(Secret(…))");
    }
}

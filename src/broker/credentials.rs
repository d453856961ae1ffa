//! What is shown to the brokers: a `.creds` file, or the seed of an nkey alone. Known here without the client: `laixin check` looks at it too.

/// What a file of credentials holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held<'a> {
    /// The seed of a user.
    Seed(&'a str),
    /// A `.creds` file with the seed of a user in it.
    Creds,
    /// A sealing key: its own name is `seal_key`.
    SealingKey,
    /// Neither.
    Nothing,
}

impl<'a> Held<'a> {
    /// What this text is.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        let is_user =
            |seed: &str| seed.starts_with("SU") && nkeys::KeyPair::from_seed(seed).is_ok();
        let seed = text.trim();
        if is_user(seed) {
            return Self::Seed(seed);
        }
        if nkeys::XKey::from_seed(seed).is_ok() {
            return Self::SealingKey;
        }
        let mut behind = text
            .lines()
            .map(str::trim)
            .skip_while(|line| !line.contains("BEGIN USER NKEY SEED"));
        match text.contains("BEGIN NATS USER JWT") && behind.nth(1).is_some_and(is_user) {
            true => Self::Creds,
            false => Self::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealing_key_is_no_credential_and_neither_is_an_accounts() {
        let user = nkeys::KeyPair::new_user().seed().unwrap();
        assert_eq!(Held::of(&format!(" {user}\n")), Held::Seed(user.as_str()));
        let sealing = nkeys::XKey::new().seed().unwrap();
        assert_eq!(Held::of(&sealing), Held::SealingKey);
        let account = nkeys::KeyPair::new_account().seed().unwrap();
        let creds = |seed: &str| {
            format!(
                "-----BEGIN NATS USER JWT-----\neyJ0.eyJ.x\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
            )
        };
        assert_eq!(Held::of(&creds(&user)), Held::Creds);
        for bad in [
            "",
            "SU",
            &account,
            &creds(&sealing),
            &creds(&account),
            &creds(""),
        ] {
            assert_eq!(Held::of(bad), Held::Nothing, "{bad}");
        }
    }
}

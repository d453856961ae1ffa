//! What a password must be. The rules are settings; that it must not be easy to guess is none.

/// The rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Fewest characters.
    pub least_length: usize,
    /// Fewest kinds out of: small letters, capital letters, digits, everything else.
    pub least_kinds: usize,
}

/// Why a password was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too short.
    #[error("a password needs at least {0} characters")]
    TooShort(usize),
    /// Too long to be typed and to be hashed in passing.
    #[error("a password has at most {LONGEST} characters")]
    TooLong,
    /// Too few kinds of characters.
    #[error(
        "a password needs {0} kinds of characters out of small letters, capital letters, digits and others"
    )]
    TooFewKinds(usize),
    /// Everybody tries these first.
    #[error("this password is among the first that anybody tries")]
    Common,
}

/// Most characters.
pub const LONGEST: usize = 256;

/// What is tried first. Compared without case and without what stands behind.
const COMMON: [&str; 16] = [
    "password",
    "passw0rd",
    "p@ssw0rd",
    "admin",
    "administrator",
    "laixin",
    "xinfang",
    "123456",
    "12345678",
    "qwerty",
    "1q2w3e",
    "abc123",
    "letmein",
    "welcome",
    "iloveyou",
    "111111",
];

/// Whether the rules let this person take this password.
///
/// # Errors
/// [`Refused`].
pub fn check(rules: Rules, name: &str, password: &str) -> Result<(), Refused> {
    let length = password.chars().count();
    if length < rules.least_length {
        return Err(Refused::TooShort(rules.least_length));
    }
    if length > LONGEST {
        return Err(Refused::TooLong);
    }
    if kinds(password) < rules.least_kinds {
        return Err(Refused::TooFewKinds(rules.least_kinds));
    }
    if is_common(name, password) {
        return Err(Refused::Common);
    }
    Ok(())
}

fn kinds(password: &str) -> usize {
    let is_there = |kind: fn(char) -> bool| usize::from(password.chars().any(kind));
    is_there(|c| c.is_lowercase())
        + is_there(|c| c.is_uppercase())
        + is_there(|c| c.is_ascii_digit())
        + is_there(|c| !c.is_lowercase() && !c.is_uppercase() && !c.is_ascii_digit())
}

/// One of the common ones or the person's own name with a few characters around it, or few characters over and over.
fn is_common(name: &str, password: &str) -> bool {
    let plain = password.to_lowercase();
    let few: std::collections::BTreeSet<char> = plain.chars().collect();
    let around = |core: &str| {
        let core_length = core.chars().count();
        core_length >= 2 && plain.contains(core) && plain.chars().count() < core_length + 7
    };
    few.len() < 4 || around(&name.to_lowercase()) || COMMON.iter().any(|core| around(core))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        least_length: 10,
        least_kinds: 2,
    };

    #[test]
    fn the_rules_are_kept() {
        assert_eq!(check(RULES, "zhang", "short 1"), Err(Refused::TooShort(10)));
        assert_eq!(
            check(RULES, "zhang", &"long 1 ".repeat(40)),
            Err(Refused::TooLong)
        );
        assert_eq!(
            check(RULES, "zhang", "onlysmallletters"),
            Err(Refused::TooFewKinds(2))
        );
        assert_eq!(check(RULES, "zhang", "correct horse battery"), Ok(()));
        assert_eq!(check(RULES, "张三", "春眠不觉晓处处闻啼鸟1"), Ok(()));
        let strict = Rules {
            least_kinds: 4,
            ..RULES
        };
        assert_eq!(
            check(strict, "zhang", "correct horse 1"),
            Err(Refused::TooFewKinds(4))
        );
        assert_eq!(check(strict, "zhang", "Correct horse 1"), Ok(()));
    }

    #[test]
    fn what_anybody_tries_first_is_refused() {
        for password in [
            "Password-1",
            "administrator1",
            "1111111111-",
            "laixin2026",
            "zhangwei-88",
            "12345678-ab",
        ] {
            assert_eq!(
                check(RULES, "zhangwei", password),
                Err(Refused::Common),
                "{password}"
            );
        }
        assert_eq!(
            check(RULES, "zhangwei", "a zhangwei goes by the river"),
            Ok(())
        );
    }
}

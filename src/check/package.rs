//! Whether what dpkg installed is whole: a package that was cut while it was installed, or one of another version than the station's. Read from dpkg's own
//! files; says nothing where there are none or the station came another way.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Report;

/// Where dpkg writes down what is installed.
pub(super) const DPKG: &str = "/var/lib/dpkg";
const STATION: &str = "laixin";
/// dpkg unpacks and configures the largest of the packages in less.
const MOMENTS: Duration = Duration::from_secs(30);
const BESIDE: [&str; 2] = ["laixin-office", "laixin-openvino"];

/// One package, as dpkg has it.
#[derive(Debug, PartialEq, Eq)]
struct Package {
    /// dpkg's word: `installed`, `unpacked`, `half-installed` …
    state: String,
    version: String,
}

impl Package {
    /// None where it is not there, or was taken away.
    fn of(name: &str, written: &str) -> Option<Self> {
        // What dpkg did last it writes last.
        let of_name = |stanza: &&str| field(stanza, "Package") == Some(name);
        let newest = written.split("\n\n").filter(of_name).last()?;
        let state = field(newest, "Status").and_then(|status| status.split(' ').next_back());
        let found = Self {
            state: state.unwrap_or_default().to_owned(),
            version: field(newest, "Version").unwrap_or_default().to_owned(),
        };
        let is_gone = ["not-installed", "config-files"].contains(&found.state.as_str());
        (!is_gone).then_some(found)
    }
}

fn field<'a>(stanza: &'a str, name: &str) -> Option<&'a str> {
    stanza
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// The list of packages, and behind it what dpkg did since and, where it was cut, did not bring into the list.
fn written(dpkg: &Path) -> Option<String> {
    let mut all = fs::read_to_string(dpkg.join("status")).ok()?;
    let since = fs::read_dir(dpkg.join("updates")).into_iter().flatten();
    let mut since: Vec<_> = since
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.as_encoded_bytes().iter().all(u8::is_ascii_digit))
        })
        .collect();
    since.sort();
    for file in since {
        all.push_str("\n\n");
        all.push_str(&fs::read_to_string(file).unwrap_or_default());
    }
    Some(all)
}

/// Whether dpkg seems to be at work on the station's packages: one of them is not whole, and it wrote down something moments ago. The first of several files
/// restarts the station while the others are still to come.
pub(super) fn is_at_work(dpkg: &Path) -> bool {
    let is_half = |name: &str, written: &str| {
        Package::of(name, written).is_some_and(|found| found.state != "installed")
    };
    let Some(written) = written(dpkg) else {
        return false;
    };
    let is_fresh = |path: PathBuf| {
        let changed = path.metadata().and_then(|of| of.modified());
        changed.is_ok_and(|at| at.elapsed().is_ok_and(|ago| ago < MOMENTS))
    };
    [STATION]
        .iter()
        .chain(&BESIDE)
        .any(|name| is_half(name, &written))
        && ["status", "updates"]
            .iter()
            .any(|name| is_fresh(dpkg.join(name)))
}

/// The station's packages.
pub(super) fn check(dpkg: &Path, report: &mut Report) {
    let Some(written) = written(dpkg) else { return };
    let Some(station) = Package::of(STATION, &written) else {
        return;
    };
    let mut are_whole = true;
    let beside = BESIDE.map(|name| (name, Package::of(name, &written)));
    for (name, found) in [(STATION, Some(&station))]
        .into_iter()
        .chain(beside.iter().map(|(name, found)| (*name, found.as_ref())))
    {
        let Some(found) = found else { continue };
        if found.state != "installed" {
            report.bad(
                "package",
                "package_half",
                &[name, &found.version, &found.state],
            );
        } else if found.version != station.version {
            report.bad(
                "package",
                "package_of_another_version",
                &[name, &found.version, &station.version],
            );
        } else {
            continue;
        }
        are_whole = false;
    }
    if are_whole {
        report.good("package", "package_whole", &[&station.version]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(
        packages: &[(&str, &str, &str)],
        since: &[(&str, &str, &str)],
    ) -> Vec<(&'static str, usize)> {
        let folder = tempfile::tempdir().unwrap();
        let stanza = |(name, status, version): &(&str, &str, &str)| {
            format!(
                "Package: {name}\nStatus: {status}\nMaintainer: x\nVersion: {version}\nDescription: y\n Package: laixin\n"
            )
        };
        let stanzas =
            |of: &[(&str, &str, &str)]| of.iter().map(stanza).collect::<Vec<_>>().join("\n");
        fs::write(folder.path().join("status"), stanzas(packages)).unwrap();
        fs::create_dir(folder.path().join("updates")).unwrap();
        for (at, one) in since.iter().enumerate() {
            fs::write(folder.path().join(format!("updates/{at:04}")), stanza(one)).unwrap();
        }
        fs::write(
            folder.path().join("updates/tmp.i"),
            "Package: laixin\nStatus: x x y\n",
        )
        .unwrap();
        let mut report = Report::default();
        check(folder.path(), &mut report);
        report
            .findings
            .iter()
            .map(|one| (one.code, one.values.len()))
            .collect()
    }

    const WHOLE: &str = "install ok installed";

    #[test]
    fn a_package_that_was_cut_while_it_was_installed_is_bad() {
        for state in [
            "install reinstreq half-installed",
            "install ok unpacked",
            "install ok half-configured",
        ] {
            let expected = [("package_half", 3)];
            assert_eq!(
                told(&[("laixin", state, "0.1.1")], &[]),
                expected,
                "{state}"
            );
            // Killed before it brought that into its list.
            assert_eq!(
                told(
                    &[("laixin", WHOLE, "0.1.0")],
                    &[("laixin", WHOLE, "0.1.0"), ("laixin", state, "0.1.1")]
                ),
                expected
            );
            assert_eq!(
                told(
                    &[
                        ("laixin", WHOLE, "0.1.1"),
                        ("laixin-office", state, "0.1.1")
                    ],
                    &[]
                ),
                expected
            );
        }
    }

    #[test]
    fn a_second_package_of_another_version_than_the_station_is_bad() {
        for name in BESIDE {
            let told = |version| {
                told(
                    &[
                        ("laixin", "hold ok installed", "0.1.1"),
                        (name, WHOLE, version),
                    ],
                    &[],
                )
            };
            assert_eq!(told("0.1.0"), [("package_of_another_version", 3)]);
            assert_eq!(told("0.1.1"), [("package_whole", 1)]);
        }
    }

    /// The first of three packages restarts the station, which called the other two cut short.
    #[test]
    fn packages_that_are_being_installed_are_waited_for_and_those_that_were_cut_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let status = folder.path().join("status");
        let write = |state: &str| {
            let stanza =
                format!("Package: laixin-office\nStatus: install ok {state}\nVersion: 1\n");
            fs::write(&status, stanza).unwrap();
        };
        fs::create_dir(folder.path().join("updates")).unwrap();
        write("unpacked");
        assert!(is_at_work(folder.path()));
        let earlier = std::time::SystemTime::now() - 2 * MOMENTS;
        for path in [&status, &folder.path().join("updates")] {
            fs::File::open(path).unwrap().set_modified(earlier).unwrap();
        }
        assert!(!is_at_work(folder.path()));
        write("installed");
        assert!(!is_at_work(folder.path()));
    }

    #[test]
    fn a_machine_without_the_package_is_told_nothing() {
        let mut report = Report::default();
        check(Path::new("/no/such/folder"), &mut report);
        assert!(report.findings.is_empty());
        assert!(told(&[("bash", "install ok unpacked", "5")], &[]).is_empty());
        assert!(told(&[("laixin", "deinstall ok config-files", "0.1.0")], &[]).is_empty());
    }
}

//! The thread on a real folder, waited for with a bound and never slept for.

use super::*;
use crate::complete::tests::{jpeg, tiff};
use crate::{Offer, Refusal, Shape};
use std::collections::{HashMap, HashSet};
use std::os::unix::fs::{PermissionsExt, symlink};
use tempfile::TempDir;

const BOUND: Duration = Duration::from_secs(20);

fn settings(inbox: &Path, events: Events) -> FolderSettings {
    FolderSettings {
        events,
        rescan: Duration::from_millis(50),
        quiet: Duration::from_millis(60),
        incomplete_grace: Duration::from_millis(200),
        empty_grace: Duration::from_millis(200),
        linger: Duration::from_millis(300),
        ..FolderSettings::new(inbox)
    }
}

/// Waits for the first report that `pick` takes.
async fn wait<T>(folder: &mut Folder, mut pick: impl FnMut(Seen) -> Option<T>) -> T {
    let search = async {
        loop {
            if let Some(found) = pick(folder.next().await.expect("the folder is watched")) {
                return found;
            }
        }
    };
    tokio::time::timeout(BOUND, search)
        .await
        .expect("seen within the bound")
}

fn ready(seen: Seen) -> Option<Offer> {
    match seen {
        Seen::Ready(offer) => Some(offer),
        _ => None,
    }
}

fn refused(seen: Seen) -> Option<(String, Refusal)> {
    match seen {
        Seen::Refused(refused) => Some((refused.found.name, refused.reason)),
        _ => None,
    }
}

/// A folder whose rescan never comes in time, so that only events can bring the page.
fn events_only(inbox: &Path) -> FolderSettings {
    FolderSettings {
        rescan: Duration::from_secs(3600),
        ..settings(inbox, Events::Hints)
    }
}

#[tokio::test]
async fn text_named_jpg() {
    let inbox = TempDir::new().unwrap();
    fs::write(inbox.path().join("A001_p1.jpg"), "not a page").unwrap();
    let mut folder = Folder::watch(settings(inbox.path(), Events::Hints)).unwrap();
    let (name, reason) = wait(&mut folder, refused).await;
    assert_eq!(
        (name.as_str(), reason.code()),
        ("A001_p1.jpg", "not_an_image")
    );
    folder.stop();
    assert_eq!(
        fs::read(inbox.path().join("A001_p1.jpg")).unwrap(),
        b"not a page",
        "the driver moves nothing by itself"
    );
}

#[tokio::test]
async fn a_file_that_its_writer_has_open_waits_until_it_is_closed() {
    use std::io::Write;
    let inbox = TempDir::new().unwrap();
    let place = |name: &str| inbox.path().join(name);
    let mut folder = Folder::watch(settings(inbox.path(), Events::Hints)).unwrap();
    // Its events are watched from the first look on.
    fs::write(place("z.jpg"), jpeg()).unwrap();
    let _z = wait(&mut folder, ready).await;
    let mut writer = fs::File::create(place("a.jpg")).unwrap();
    writer.write_all(&jpeg()).unwrap();
    fs::write(place("b.jpg"), jpeg()).unwrap();
    let first = wait(&mut folder, ready).await;
    assert_eq!(first.found.name, "b.jpg");
    drop(writer);
    let second = wait(&mut folder, ready).await;
    assert_eq!(second.found.name, "a.jpg");
    folder.stop();
}

#[tokio::test]
async fn truncated_and_empty_pages_are_refused() {
    let inbox = TempDir::new().unwrap();
    fs::write(inbox.path().join("a.jpg"), &jpeg()[..20]).unwrap();
    fs::write(inbox.path().join("b.jpg"), []).unwrap();
    let mut folder = Folder::watch(settings(inbox.path(), Events::Hints)).unwrap();
    let first = wait(&mut folder, refused).await;
    let second = wait(&mut folder, refused).await;
    let reasons = HashMap::from([first, second]);
    assert_eq!(reasons["a.jpg"], Refusal::Truncated { bytes: 20 });
    assert_eq!(reasons["b.jpg"], Refusal::Empty);
    folder.stop();
}

#[tokio::test]
async fn rename_only_is_seen() {
    let (elsewhere, inbox) = two_folders();
    fs::write(elsewhere.join("p.jpg"), jpeg()).unwrap();
    let mut folder = Folder::watch(events_only(&inbox.1)).unwrap();
    folder.look_now();
    fs::rename(elsewhere.join("p.jpg"), inbox.1.join("A001_p1.jpg")).unwrap();
    assert_eq!(wait(&mut folder, ready).await.found.name, "A001_p1.jpg");
    folder.stop();
}

#[tokio::test]
async fn hard_link_is_seen() {
    let (elsewhere, inbox) = two_folders();
    fs::write(elsewhere.join("p.jpg"), jpeg()).unwrap();
    let mut folder = Folder::watch(events_only(&inbox.1)).unwrap();
    fs::hard_link(elsewhere.join("p.jpg"), inbox.1.join("A001_p1.jpg")).unwrap();
    assert_eq!(wait(&mut folder, ready).await.found.name, "A001_p1.jpg");
    folder.stop();
}

fn two_folders() -> (PathBuf, (TempDir, PathBuf)) {
    let both = TempDir::new().unwrap();
    let (elsewhere, inbox) = (both.path().join("elsewhere"), both.path().join("inbox"));
    fs::create_dir(&elsewhere).unwrap();
    fs::create_dir(&inbox).unwrap();
    (elsewhere, (both, inbox))
}

#[tokio::test]
async fn page_in_a_new_sub_folder_is_seen() {
    let inbox = TempDir::new().unwrap();
    let mut folder = Folder::watch(events_only(inbox.path())).unwrap();
    fs::create_dir(inbox.path().join("A001")).unwrap();
    fs::write(inbox.path().join("A001/0002.tif"), tiff(&[0, 0])).unwrap();
    let offer = wait(&mut folder, ready).await;
    assert_eq!(
        (
            offer.found.name.as_str(),
            offer.found.group.as_str(),
            offer.found.hint.number
        ),
        ("A001/0002.tif", "A001", Some(2))
    );
    assert_eq!(offer.shape, Shape::Tiff { frames: vec![0, 1] });
    folder.stop();
}

#[tokio::test]
async fn symlink_is_refused() {
    let inbox = TempDir::new().unwrap();
    symlink("/etc/passwd", inbox.path().join("A001_p1.jpg")).unwrap();
    let mut folder = Folder::watch(settings(inbox.path(), Events::Hints)).unwrap();
    assert_eq!(
        wait(&mut folder, refused).await,
        ("A001_p1.jpg".into(), Refusal::Symlink)
    );
    folder.stop();
}

#[tokio::test]
async fn unreadable_folder_heals() {
    let (_, (both, inbox)) = two_folders();
    let mut folder = Folder::watch(settings(&inbox, Events::Hints)).unwrap();
    fs::rename(&inbox, both.path().join("away")).unwrap();
    let kind = wait(&mut folder, |seen| match seen {
        Seen::FolderUnreadable { kind, .. } => Some(kind),
        _ => None,
    });
    assert_eq!(kind.await, io::ErrorKind::NotFound);
    // Another folder under the same name: the watch on the old one is worth nothing.
    fs::create_dir(&inbox).unwrap();
    fs::write(inbox.join("A001_p1.jpg"), jpeg()).unwrap();
    wait(&mut folder, |seen| {
        matches!(seen, Seen::FolderBack { .. }).then_some(())
    })
    .await;
    assert_eq!(wait(&mut folder, ready).await.found.name, "A001_p1.jpg");
    folder.stop();
}

#[tokio::test]
async fn folder_without_rights_heals() {
    let inbox = TempDir::new().unwrap();
    fs::set_permissions(inbox.path(), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read_dir(inbox.path()).is_ok() {
        println!("skipped: this user may read everything (root)");
        return;
    }
    let mut folder = Folder::watch(settings(inbox.path(), Events::Hints)).unwrap();
    wait(&mut folder, |seen| {
        matches!(
            seen,
            Seen::FolderUnreadable {
                kind: io::ErrorKind::PermissionDenied,
                ..
            }
        )
        .then_some(())
    })
    .await;
    fs::set_permissions(inbox.path(), fs::Permissions::from_mode(0o700)).unwrap();
    wait(&mut folder, |seen| {
        matches!(seen, Seen::FolderBack { .. }).then_some(())
    })
    .await;
    folder.stop();
}

#[tokio::test]
async fn burst_of_files_without_events() {
    const FILES: usize = 2_000;
    let (elsewhere, (_both, inbox)) = two_folders();
    for number in 0..FILES {
        fs::write(inbox.join(format!("L{number:04}_p1.jpg")), jpeg()).unwrap();
    }
    let mut folder = Folder::watch(settings(&inbox, Events::RescanOnly)).unwrap();
    let (mut taken, mut gone) = (HashSet::new(), 0);
    wait(&mut folder, |seen| {
        match seen {
            Seen::Ready(offer) => {
                fs::rename(&offer.found.path, elsewhere.join(&offer.found.name)).unwrap();
                assert!(taken.insert(offer.found.name), "offered once");
            }
            Seen::Gone(_) => gone += 1,
            _ => {}
        }
        (gone == FILES).then_some(())
    })
    .await;
    assert_eq!(taken.len(), FILES);
    folder.stop();
}

#[tokio::test]
async fn stops_while_nobody_takes_its_reports() {
    let inbox = TempDir::new().unwrap();
    for number in 0..500 {
        fs::write(inbox.path().join(format!("L{number:04}_p1.jpg")), jpeg()).unwrap();
    }
    let mut folder = Folder::watch(settings(inbox.path(), Events::Hints)).unwrap();
    wait(&mut folder, ready).await;
    folder.stop();
}

#[tokio::test]
async fn done_folder_inside_is_skipped() {
    let inbox = TempDir::new().unwrap();
    for skipped in ["done", ".claimed"] {
        fs::create_dir(inbox.path().join(skipped)).unwrap();
        fs::write(inbox.path().join(skipped).join("A000_p1.jpg"), jpeg()).unwrap();
    }
    fs::write(inbox.path().join("B001_p1.jpg"), jpeg()).unwrap();
    let skip = vec![inbox.path().join("done")];
    let mut folder = Folder::watch(FolderSettings {
        skip,
        ..settings(inbox.path(), Events::Hints)
    })
    .unwrap();
    assert_eq!(wait(&mut folder, ready).await.found.name, "B001_p1.jpg");
    folder.stop();
}

/// Figures for the README; not a test of right or wrong.
#[tokio::test]
#[ignore = "a measurement"]
async fn measure() {
    const FILES: usize = 20_000;
    let inbox = TempDir::new().unwrap();
    let mut page = jpeg();
    page.splice(
        page.len() - 2..page.len() - 2,
        std::iter::repeat_n(7, 1_500_000),
    );
    fs::write(inbox.path().join("big.jpg"), &page).unwrap();
    let began = Instant::now();
    for _ in 0..100 {
        assert_eq!(
            complete::inspect(&inbox.path().join("big.jpg")),
            complete::Verdict::Complete(Shape::Jpeg)
        );
    }
    println!(
        "walk of a 1.5 MB JPEG: {:.2} ms",
        began.elapsed().as_secs_f64() * 10.0
    );
    for number in 0..FILES {
        fs::write(inbox.path().join(format!("L{number:05}_p1.jpg")), jpeg()).unwrap();
    }
    let began = Instant::now();
    listing::list(inbox.path(), &[]).unwrap();
    println!(
        "listing of {FILES} files: {:.0} ms",
        began.elapsed().as_secs_f64() * 1e3
    );
    let mut folder = Folder::watch(FolderSettings::new(inbox.path())).unwrap();
    let began = Instant::now();
    let first = wait(&mut folder, ready).await;
    println!(
        "{FILES} files waiting at the start: first offer after {:.2} s",
        began.elapsed().as_secs_f64()
    );
    drop(first);
    for _ in 1..FILES {
        wait(&mut folder, ready).await;
    }
    println!(
        "{FILES} files waiting at the start: all offered after {:.2} s",
        began.elapsed().as_secs_f64()
    );
    folder.stop();
    let inbox = TempDir::new().unwrap();
    let mut folder = Folder::watch(FolderSettings::new(inbox.path())).unwrap();
    folder.look_now();
    for number in 0..5 {
        let name = format!("L{number}_p1.jpg");
        fs::write(inbox.path().join(&name), &page).unwrap();
        let began = Instant::now();
        wait(&mut folder, |seen| {
            ready(seen).filter(|offer| offer.found.name == name)
        })
        .await;
        println!(
            "1.5 MB page written, offered after {:.2} s",
            began.elapsed().as_secs_f64()
        );
    }
    folder.stop();
}

#[test]
fn an_overflowed_event_queue_and_an_error_ask_for_a_look() {
    use notify::event::{EventKind, Flag};
    let claim = notify::Event::new(EventKind::Any).add_path("/in/.claimed/a__1.jpg".into());
    assert!(!is_of_interest(&Ok(claim.clone())), "our own doing");
    assert!(is_of_interest(&Ok(claim.set_flag(Flag::Rescan))));
    assert!(is_of_interest(&Ok(
        notify::Event::new(EventKind::Other).set_flag(Flag::Rescan)
    )));
    assert!(is_of_interest(&Err(notify::Error::generic("overflow"))));
}

/// Each look opens the folder and its files: if that were a hint, an idle folder would be looked at without end.
#[test]
fn a_look_does_not_call_for_the_next_one() {
    let inbox = TempDir::new().unwrap();
    let file = inbox.path().join("L1_p1.jpg");
    fs::write(&file, "a page").unwrap();
    let (wake, woken) = std_mpsc::sync_channel(1);
    let _watcher = event_watcher(inbox.path(), wake, Writers::default()).unwrap();
    let soon = std::time::Duration::from_millis(300);
    assert_eq!(fs::read_dir(inbox.path()).unwrap().count(), 1);
    assert_eq!(fs::read(&file).unwrap(), b"a page");
    assert!(woken.recv_timeout(soon).is_err(), "it was only read");
    fs::write(&file, "another page").unwrap();
    let patience = std::time::Duration::from_secs(20);
    assert!(woken.recv_timeout(patience).is_ok(), "it was written");
}

/// More changes at once than the kernel queues, while nobody takes a report: every file is found all the same, once.
#[tokio::test]
#[ignore = "30,000 files: some seconds of a disk"]
async fn more_files_at_once_than_the_kernel_has_events_for() {
    const FILES: usize = 30_000;
    let root = tempfile::TempDir::new().unwrap();
    let mut folder = Folder::watch(FolderSettings {
        rescan: std::time::Duration::from_millis(500),
        quiet: std::time::Duration::from_millis(100),
        ..FolderSettings::new(root.path())
    })
    .unwrap();
    let bytes = crate::complete::tests::jpeg();
    for number in 0..FILES {
        std::fs::write(root.path().join(format!("L{number:05}_p1.jpg")), &bytes).unwrap();
    }
    let mut ready = std::collections::HashSet::new();
    let mut kept = Vec::new();
    let all = async {
        while ready.len() < FILES {
            if let Some(Seen::Ready(offer)) = folder.next().await {
                assert!(
                    ready.insert(offer.found.name.clone()),
                    "offered once while its offer lives"
                );
                kept.push(offer);
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(120), all)
        .await
        .expect("all of them");
    tokio::task::spawn_blocking(|| folder.stop()).await.unwrap();
}

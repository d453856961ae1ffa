//! A scanner's folder whose mount vanishes: what lies below it is another folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use laixin::clock::Millis;
use laixin::domain::intake::ArrivalState;
use tempfile::TempDir;

use super::station::{Station, page, wait_ready};

/// A tmpfs, one folder of which is bound to where it is wanted; both are unmounted when dropped.
struct Share {
    disk: TempDir,
    at: PathBuf,
}

impl Share {
    fn mounted_at(at: &Path) -> Option<Self> {
        let disk = TempDir::new().unwrap();
        let share = run(Command::new("mount")
            .args(["-t", "tmpfs", "tmpfs"])
            .arg(disk.path()))
        .then(|| Self {
            disk,
            at: at.to_path_buf(),
        })?;
        fs::create_dir(share.folder()).unwrap();
        share.mount();
        Some(share)
    }

    /// The folder, wherever it is mounted.
    fn folder(&self) -> PathBuf {
        self.disk.path().join("scans")
    }

    fn mount(&self) {
        let mut mount = Command::new("mount");
        assert!(run(mount.arg("--bind").arg(self.folder()).arg(&self.at)));
    }

    fn unmount(&self) {
        assert!(run(Command::new("umount").arg("-l").arg(&self.at)));
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-lq").arg(&self.at).output();
        let _ = run(Command::new("umount").arg("-l").arg(self.disk.path()));
    }
}

fn run(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn code(station: &Station) -> String {
    let parts = station.readiness.parts();
    let why = parts["scanner/s1"].as_ref();
    why.map_or("ready".into(), |why| why.code.clone())
}

#[tokio::test]
async fn a_mount_that_vanishes_is_told_and_nothing_is_taken_from_below() {
    let mut station = Station::new();
    station.linger = std::time::Duration::from_millis(200);
    station.release().await;
    // Somebody once wrote here while the share was away.
    station.file("X001_p1.jpg", &page(9));
    let Some(share) = Share::mounted_at(&station.inbox) else {
        println!("skipped: nothing can be mounted here (not root)");
        return;
    };
    station.start();
    station.file("A001_p1.jpg", &page(1));
    station.file("A009_p1.jpg.part", &page(8));
    station.wait_for(ArrivalState::Taken, 1).await;
    station.wait_for(ArrivalState::Waiting, 1).await;

    share.unmount();
    wait_ready(&station, false).await;
    assert_eq!(code(&station), "mount_gone");
    fs::write(share.folder().join("A002_p1.jpg"), page(2)).unwrap();
    station.stop().await;
    // Nor is it forgotten by a restart.
    station.readiness.ready("scanner/s1");
    station.start();
    wait_ready(&station, false).await;
    assert_eq!(code(&station), "mount_gone");
    assert_eq!(station.arrivals(ArrivalState::Taken).await.len(), 1);
    let waiting = station.arrivals(ArrivalState::Waiting).await;
    assert_eq!(waiting.len(), 1, "what waits on the share has not gone");
    assert!(!station.inbox.join(scanner::claim::CLAIMED_FOLDER).exists());

    share.mount();
    station.wait_for(ArrivalState::Taken, 2).await;
    wait_ready(&station, true).await;
    let health = station.store.with(|db| db.health_log(None, Millis(0), 10));
    let rows = health.await.unwrap();
    let told: Vec<&str> = rows.iter().map(|row| row.state.as_str()).collect();
    assert_eq!(told, ["good", "bad", "good"], "{rows:?}");
    station.stop().await;
    share.unmount();
    assert!(
        station.inbox.join("X001_p1.jpg").exists(),
        "what lies below the mount was left alone"
    );
}

#[tokio::test]
async fn a_folder_that_something_is_mounted_over_goes_on() {
    let mut station = Station::new();
    station.release().await;
    station.start();
    station.file("A001_p1.jpg", &page(1));
    station.wait_for(ArrivalState::Taken, 1).await;
    let Some(_share) = Share::mounted_at(&station.inbox) else {
        println!("skipped: nothing can be mounted here (not root)");
        return station.stop().await;
    };
    station.file("A002_p1.jpg", &page(2));
    station.wait_for(ArrivalState::Taken, 2).await;
    assert_eq!(code(&station), "ready");
    station.stop().await;
}

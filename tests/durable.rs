//! In which order things reach the disk: an original's bytes before its name, its folder after, and every claimed file's two folders. No crash of a process
//! shows that, only a power cut; so the calls themselves are listened to.

use std::fs;
use std::path::Path;
use std::process::Command;

use laixin::evidence::Evidence;
use scanner::claim::{self, Claimed};
use tempfile::TempDir;

const ROOT: &str = "LAIXIN_TEST_DURABLE";

/// Writes down every sync with the path it is about, and every rename by libc, in their order.
const LISTENER: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void note(const char *line) {
    const char *to = getenv("LAIXIN_TEST_HEARD");
    int fd = to ? open(to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd < 0) return;
    if (write(fd, line, strlen(line)) < 0) abort();
    close(fd);
}
static void synced(int fd) {
    char link[64], path[4096], line[4200];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return;
    path[n] = 0;
    snprintf(line, sizeof line, "sync %s\n", path);
    note(line);
}
int fsync(int fd) { static int (*real)(int); if (!real) real = dlsym(RTLD_NEXT, "fsync"); int done = real(fd); if (done == 0) synced(fd); return done; }
int fdatasync(int fd) { static int (*real)(int); if (!real) real = dlsym(RTLD_NEXT, "fdatasync"); int done = real(fd); if (done == 0) synced(fd); return done; }
int rename(const char *from, const char *to) {
    static int (*real)(const char *, const char *);
    if (!real) real = dlsym(RTLD_NEXT, "rename");
    char line[8300];
    int done = real(from, to);
    if (done == 0) { snprintf(line, sizeof line, "rename %s\n", to); note(line); }
    return done;
}
"#;

/// The process that is listened to: one original kept, one claimed file finished with.
#[test]
#[ignore = "run by bytes_names_and_folders_reach_the_disk_in_this_order"]
fn keeps_one_original() {
    let Some(root) = std::env::var_os(ROOT) else {
        println!("skipped: only its parent runs this");
        return;
    };
    let root = Path::new(&root);
    let evidence = Evidence::open(&root.join("evidence")).unwrap();
    evidence.put(b"an original").unwrap();
    let inbox = root.join("inbox");
    let path = inbox.join(".claimed/0a-1__A001_p1.jpg");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::create_dir_all(inbox.join("done")).unwrap();
    fs::write(&path, b"a page").unwrap();
    let claimed = Claimed {
        arrival_id: "0a-1".into(),
        folder: None,
        file_name: "A001_p1.jpg".into(),
        stamp: claim::stamp_of(&path).unwrap(),
        path,
    };
    claim::finish(&claimed, &inbox.join("done")).unwrap();
}

#[test]
fn bytes_names_and_folders_reach_the_disk_in_this_order() {
    let root = TempDir::new().unwrap();
    let (source, library) = (root.path().join("heard.c"), root.path().join("heard.so"));
    fs::write(&source, LISTENER).unwrap();
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .output()
        .expect("a C compiler is among what the set-up installs");
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let heard = root.path().join("heard");
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "durable::keeps_one_original", "--ignored"])
        .env(ROOT, root.path())
        .env("LAIXIN_TEST_HEARD", &heard)
        .env("LD_PRELOAD", &library)
        .status()
        .unwrap();
    assert!(status.success());
    let heard = fs::read_to_string(heard).unwrap();
    let named = heard
        .lines()
        .position(|line| line.starts_with("rename ") && line.contains("/evidence/"))
        .expect("the original gets its name by a rename");
    let original = heard
        .lines()
        .nth(named)
        .unwrap()
        .trim_start_matches("rename ");
    let folder = Path::new(original).parent().unwrap();
    let before: Vec<&str> = heard.lines().take(named).collect();
    let after: Vec<&str> = heard.lines().skip(named + 1).collect();
    assert!(
        before
            .iter()
            .any(|line| line.starts_with("sync ") && line.contains("/unfinished/")),
        "its bytes first: {heard}"
    );
    assert!(
        after.contains(&format!("sync {}", folder.display()).as_str()),
        "its folder behind the name: {heard}"
    );
    for folder in ["inbox/done", "inbox/.claimed"] {
        let wanted = format!("sync {}", root.path().join(folder).display());
        assert!(after.contains(&wanted.as_str()), "{wanted}: {heard}");
    }
}

//! A wall clock that a test sets, for a station in a process of its own.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::process::Command;

use super::TestStation;

/// What the system says, and so many seconds more, as the file says just now.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
static volatile int64_t *ahead;
__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("LAIXIN_CLOCK");
    int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    void *found = fd < 0 ? MAP_FAILED : mmap(0, 8, PROT_READ, MAP_SHARED, fd, 0);
    if (found != MAP_FAILED) ahead = found;
}
int clock_gettime(clockid_t which, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(which, at);
    if (done == 0 && which == CLOCK_REALTIME && ahead) at->tv_sec += *ahead;
    return done;
}
"#;

/// The clock of a station from its next start on.
pub struct Clock(File);

impl Clock {
    /// Without a C compiler there is none.
    pub fn of(station: &mut TestStation) -> Option<Self> {
        let [source, library, ahead] =
            ["clock.c", "clock.so", "clock"].map(|name| station.folder(name));
        fs::write(&source, CLOCK).expect("written");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .output();
        if !built.is_ok_and(|done| done.status.success()) {
            println!("no C compiler: the clock cannot be set");
            return None;
        }
        let file = File::options()
            .create_new(true)
            .read(true)
            .write(true)
            .open(&ahead)
            .expect("a clock");
        station.surround("LD_PRELOAD", library.display().to_string());
        station.surround("LAIXIN_CLOCK", ahead.display().to_string());
        let clock = Self(file);
        clock.set(0);
        Some(clock)
    }

    pub fn set(&self, ahead_s: i64) {
        let written = self.0.write_all_at(&ahead_s.to_ne_bytes(), 0);
        written.expect("the clock is set");
    }
}

//! A wall clock that a test sets, for a station in a process of its own.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::process::Command;

use super::TestStation;

/// What the system says, and so many seconds more, as the file says just now: the wall clock by the first number, every clock by the second, as if that
/// time had gone by. Who waits until a time tells the kernel one of its own.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
static volatile int64_t *ahead;
__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("LAIXIN_CLOCK");
    int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    void *found = fd < 0 ? MAP_FAILED : mmap(0, 16, PROT_READ, MAP_SHARED, fd, 0);
    if (found != MAP_FAILED) ahead = found;
}
int clock_gettime(clockid_t which, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(which, at);
    if (done == 0 && ahead) at->tv_sec += (which == CLOCK_REALTIME ? ahead[0] : 0) + (which == CLOCK_REALTIME || which == CLOCK_MONOTONIC ? ahead[1] : 0);
    return done;
}
long syscall(long which, ...) {
    static long (*real)(long, ...);
    if (!real) real = dlsym(RTLD_NEXT, "syscall");
    va_list all;
    va_start(all, which);
    long a = va_arg(all, long), b = va_arg(all, long), c = va_arg(all, long), d = va_arg(all, long), e = va_arg(all, long), f = va_arg(all, long);
    va_end(all);
    struct timespec until;
    if (which == SYS_futex && (b & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET && !(b & FUTEX_CLOCK_REALTIME) && d && ahead) {
        until = *(struct timespec *)d;
        until.tv_sec -= ahead[1];
        d = (long)&until;
    }
    return real(which, a, b, c, d, e, f);
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
        file.set_len(16).expect("a clock that is right");
        Some(Self(file))
    }

    /// The wall clock jumps.
    pub fn set(&self, ahead_s: i64) {
        let written = self.0.write_all_at(&ahead_s.to_ne_bytes(), 0);
        written.expect("the clock is set");
    }

    /// So much time has gone by in all, on every clock of the station.
    pub fn has_passed(&self, passed_s: i64) {
        let written = self.0.write_all_at(&passed_s.to_ne_bytes(), 8);
        written.expect("time goes by");
    }
}

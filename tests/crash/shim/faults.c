// Makes chosen calls of the process fail, and its clock jump, as a file says that may change while the process runs.
//
// Preloaded into a process (LD_PRELOAD). EQUITY_FAULTS names the file. Each line is a rule:
//
//   <call> <error> <part of a path> <skip> <count>    of the calls on such paths, `skip` go well, then `count` fail (-1: all)
//   clock <seconds>                                   the system's clock is off by so many seconds
//
// An error from 1000 on makes the call hang instead: for as many seconds as it is more than 1000, then it goes well.
//
// Calls: open read write sync truncate rename unlink mkdir thread, and `any` for all but thread. `write` of every kind counts as write,
// and so on. Error: the number of the error; 0 for a write: half of the bytes are written. `thread` has the path `-`. Rules begin to
// count anew when the file changes. Each failure is a line of `<file>.hits`.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { RULES = 16 };
static struct { char call[16], part[256]; int error; long skip, count; } rules[RULES];
static int rule_count;
static long off;
static struct timespec changed;
static char file[PATH_MAX], hits[PATH_MAX + 8];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void load(void) {
    struct stat stat;
    if (!*file || syscall(SYS_newfstatat, AT_FDCWD, file, &stat, 0)) return;
    if (!memcmp(&stat.st_mtim, &changed, sizeof changed)) return;
    char text[8192];
    int fd = syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) return;
    ssize_t length = syscall(SYS_read, fd, text, sizeof text - 1);
    syscall(SYS_close, fd);
    if (length < 0) return;
    text[length] = 0;
    changed = stat.st_mtim;
    rule_count = 0;
    off = 0;
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n")) && rule_count < RULES) {
        if (sscanf(line, "clock %ld", &off) == 1) continue;
        if (sscanf(line, "%15s %d %255s %ld %ld", rules[rule_count].call, &rules[rule_count].error,
                   rules[rule_count].part, &rules[rule_count].skip, &rules[rule_count].count) == 5) rule_count++;
    }
}

// The error of this call: -1 for none, 0 for a short write.
static int fault(const char *call, const char *path, int fd) {
    if (!*file) return -1;
    int error = -1, saved = errno;
    char link[64], real[PATH_MAX] = "-";
    pthread_mutex_lock(&lock);
    load();
    for (int n = 0; n < rule_count && error < 0; n++) {
        if (strcmp(rules[n].call, call) && (strcmp(rules[n].call, "any") || !strcmp(call, "thread"))) continue;
        if (!path && fd >= 0) {
            snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
            ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, real, sizeof real - 1);
            real[length < 0 ? 0 : length] = 0;
            path = real;
        }
        if (!strstr(path ? path : "-", rules[n].part)) continue;
        if (rules[n].skip > 0) { rules[n].skip--; continue; }
        if (!rules[n].count) continue;
        if (rules[n].count > 0) rules[n].count--;
        error = rules[n].error;
        int out = syscall(SYS_openat, AT_FDCWD, hits, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        char said[PATH_MAX + 64];
        int length = snprintf(said, sizeof said, "%s %d %s\n", call, error, path ? path : "-");
        if (out >= 0 && syscall(SYS_write, out, said, length) < 0) abort();
        if (out >= 0) syscall(SYS_close, out);
    }
    pthread_mutex_unlock(&lock);
    if (error >= 1000) {
        sleep(error - 1000);
        error = -1;
    }
    errno = saved;
    return error;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL(call, path, fd) \
    do { int error_ = fault(call, path, fd); if (error_ > 0) { errno = error_; return -1; } } while (0)

int open64(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = va_arg(list, mode_t);
    va_end(list);
    FAIL("open", path, -1);
    return REAL(open64)(path, flags, mode);
}
ssize_t read(int fd, void *bytes, size_t count) { FAIL("read", NULL, fd); return REAL(read)(fd, bytes, count); }
ssize_t pread64(int fd, void *bytes, size_t count, off64_t at) {
    FAIL("read", NULL, fd);
    return REAL(pread64)(fd, bytes, count, at);
}
// A short write writes half, and at least one byte.
static size_t half(size_t count) { return count > 1 ? count / 2 : count; }
ssize_t write(int fd, const void *bytes, size_t count) {
    int error = fault("write", NULL, fd);
    if (error > 0) { errno = error; return -1; }
    return REAL(write)(fd, bytes, error ? count : half(count));
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    int error = fault("write", NULL, fd);
    if (error > 0) { errno = error; return -1; }
    return REAL(pwrite64)(fd, bytes, error ? count : half(count), at);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    int error = fault("write", NULL, fd);
    if (error > 0) { errno = error; return -1; }
    if (!error && count) return REAL(write)(fd, parts[0].iov_base, half(parts[0].iov_len));
    return REAL(writev)(fd, parts, count);
}
int fsync(int fd) { FAIL("sync", NULL, fd); return REAL(fsync)(fd); }
int fdatasync(int fd) { FAIL("sync", NULL, fd); return REAL(fdatasync)(fd); }
int sync_file_range(int fd, off64_t at, off64_t count, unsigned int flags) {
    FAIL("sync", NULL, fd);
    return REAL(sync_file_range)(fd, at, count, flags);
}
int ftruncate64(int fd, off64_t length) { FAIL("truncate", NULL, fd); return REAL(ftruncate64)(fd, length); }
int rename(const char *from, const char *to) { FAIL("rename", from, -1); return REAL(rename)(from, to); }
int unlink(const char *path) { FAIL("unlink", path, -1); return REAL(unlink)(path); }
int mkdir(const char *path, mode_t mode) { FAIL("mkdir", path, -1); return REAL(mkdir)(path, mode); }
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *with) {
    int error = fault("thread", NULL, -1);
    return error > 0 ? error : REAL(pthread_create)(thread, attr, start, with);
}
int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = REAL(clock_gettime)(clock, time);
    if (*file && clock == CLOCK_REALTIME) {
        int saved = errno;
        pthread_mutex_lock(&lock);
        load();
        time->tv_sec += off;
        pthread_mutex_unlock(&lock);
        errno = saved;
    }
    return result;
}

__attribute__((constructor)) static void begin(void) {
    const char *named = getenv("EQUITY_FAULTS");
    if (!named) return;
    snprintf(file, sizeof file, "%s", named);
    snprintf(hits, sizeof hits, "%s.hits", named);
}

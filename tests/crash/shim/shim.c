// Keeps, beside a watched folder, an image of what of it would be there after a power cut.
//
// Preloaded into a process (LD_PRELOAD) it takes the place of fsync and fdatasync. Nothing but these two makes anything
// durable: not write, not sync_file_range, not msync, not close, not the end of the process.
//
//   fsync or fdatasync of a file      its content is durable, under its inode, not under a name
//   fsync of a folder                 the names in it are durable: creations, removals and renames alike
//
// So a file is there after the power cut if the names that lead to it were made durable, with the content that was made
// durable; a name without content is an empty file.
//
//   EQUITY_SHIM_ROOT    the watched folder, absolute
//   EQUITY_SHIM_IMAGE   the image; created if it is not there. What the watched folder holds then is durable.
//   EQUITY_SHIM_DROP=1  fsync and fdatasync inside the watched folder do nothing and say that all went well: stands for
//                       a program from which they were taken out
//
// The image holds: `root`, the id of the watched folder; `f-<id>`, the content of a file; `d-<id>`, the names of a folder,
// each as "<f or d> <id> <mode, octal> <name>" and a zero byte. An id is inode and time of birth, so that an inode
// that is used again is another file. `materialise` in ../shim.rs turns it into a folder.
//
// A process killed while the image of a file is brought up to date leaves some blocks new and some old: as a real disk
// may, for its fsync has not returned. Calls that do not go through the C library are not seen. Any failure to keep the
// image ends the process: a test must not trust a wrong one.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 20, BLOCK = 4096, ID = 64 };

static char root[PATH_MAX];   // empty: nothing is watched
static char image[PATH_MAX];
static int drop;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char now[CHUNK], before[CHUNK];

static void fail(const char *what, const char *about) {
    fprintf(stderr, "shim: %s %s: %s\n", what, about, strerror(errno));
    abort();
}

// Room for a path and what is put behind it; cut-off paths are failures.
typedef char path_t[PATH_MAX + 512];

static void path_in_image(path_t out, const char *prefix, const char *id) {
    snprintf(out, sizeof(path_t), "%s/%s%s", image, prefix, id);
}

static void id_of(int at, const char *name, char out[ID], struct statx *stat) {
    int flags = AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH);
    if (statx(at, name, flags, STATX_BASIC_STATS | STATX_BTIME, stat)) {
        stat->stx_mask = 0; // removed meanwhile
        return;
    }
    snprintf(out, ID, "%llu-%lld-%u", (unsigned long long)stat->stx_ino,
             (long long)stat->stx_btime.tv_sec, stat->stx_btime.tv_nsec);
}

static ssize_t fill(int fd, char *buffer, off_t at) {
    ssize_t sum = 0, got;
    while (sum < CHUNK && (got = pread(fd, buffer + sum, CHUNK - sum, at + sum)) > 0) sum += got;
    return got < 0 ? -1 : sum;
}

// Makes the content of the file durable, block by block where it differs.
static void keep_file(int original, const char *id) {
    path_t path, own;
    path_in_image(path, "f-", id);
    snprintf(own, sizeof own, "/proc/self/fd/%d", original);
    int from = open(own, O_RDONLY); // the caller's descriptor may be for writing only
    int to = open(path, O_RDWR | O_CREAT, 0600);
    if (from < 0 || to < 0) fail("cannot open", path);
    off_t at = 0;
    for (;;) {
        ssize_t length = fill(from, now, at), known = fill(to, before, at);
        if (length < 0 || known < 0) fail("cannot read", path);
        for (ssize_t block = 0; block < length; block += BLOCK) {
            ssize_t bytes = length - block < BLOCK ? length - block : BLOCK;
            if (block + bytes <= known && !memcmp(now + block, before + block, bytes)) continue;
            if (pwrite(to, now + block, bytes, at + block) != bytes) fail("cannot write", path);
        }
        at += length;
        if (length < CHUNK) break;
    }
    if (ftruncate(to, at)) fail("cannot shorten", path);
    close(from);
    close(to);
}

static void put_in_place(FILE *file, const char *temporary, const char *path) {
    if (ferror(file) || fclose(file) || rename(temporary, path)) fail("cannot write", path);
}

// Makes the names of the folder durable. With `all`, everything below it, names and contents.
static void keep_folder(int original, const char *id, int all) {
    path_t path, temporary;
    path_in_image(path, "d-", id);
    path_in_image(temporary, "t-", id);
    int fd = openat(original, ".", O_RDONLY | O_DIRECTORY);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    FILE *file = fopen(temporary, "w");
    if (!folder || !file) fail("cannot list", path);
    struct dirent *item;
    while ((item = readdir(folder))) {
        struct statx stat;
        char below[ID];
        if (!strcmp(item->d_name, ".") || !strcmp(item->d_name, "..")) continue;
        id_of(dirfd(folder), item->d_name, below, &stat);
        if (!stat.stx_mask) continue;
        int is_folder = S_ISDIR(stat.stx_mode);
        if (!is_folder && !S_ISREG(stat.stx_mode)) continue;
        fprintf(file, "%c %s %o %s%c", is_folder ? 'd' : 'f', below, stat.stx_mode & 07777, item->d_name, 0);
        if (all) {
            int child = openat(dirfd(folder), item->d_name, O_RDONLY | O_NOFOLLOW);
            if (child < 0) fail("cannot open", item->d_name);
            if (is_folder) keep_folder(child, below, 1);
            else keep_file(child, below);
            close(child);
        }
    }
    closedir(folder);
    put_in_place(file, temporary, path);
}

static void keep_root(const char *id) {
    path_t path, temporary;
    path_in_image(path, "root", "");
    path_in_image(temporary, "t-root", "");
    FILE *file = fopen(temporary, "w");
    if (!file) fail("cannot write", path);
    fputs(id, file);
    put_in_place(file, temporary, path);
}

// Whether the descriptor is inside the watched folder: 0 no, 1 yes, 2 the folder itself.
static int watched(int fd) {
    char link[64], path[PATH_MAX];
    if (!*root) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    size_t prefix = strlen(root);
    if (strncmp(path, root, prefix)) return 0;
    return path[prefix] == '/' ? 1 : path[prefix] ? 0 : 2;
}

static void keep(int fd, int place) {
    struct statx stat;
    char id[ID];
    id_of(fd, "", id, &stat);
    if (!stat.stx_mask) fail("cannot look at", "a descriptor");
    pthread_mutex_lock(&lock);
    if (S_ISREG(stat.stx_mode)) keep_file(fd, id);
    if (S_ISDIR(stat.stx_mode)) {
        keep_folder(fd, id, 0);
        if (place == 2) keep_root(id);
    }
    pthread_mutex_unlock(&lock);
}

static int sync_by(const char *name, int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int place = watched(fd);
    if (place && drop) return 0;
    int result = real(fd);
    if (place && !result) {
        int error = errno;
        keep(fd, place);
        errno = error;
    }
    return result;
}

int fsync(int fd) { return sync_by("fsync", fd); }
int fdatasync(int fd) { return sync_by("fdatasync", fd); }

__attribute__((constructor)) static void begin(void) {
    const char *folder = getenv("EQUITY_SHIM_ROOT"), *beside = getenv("EQUITY_SHIM_IMAGE");
    const char *taken_out = getenv("EQUITY_SHIM_DROP");
    if (!folder || !beside) return;
    drop = taken_out && !strcmp(taken_out, "1");
    if (!realpath(folder, root)) fail("cannot find", folder);
    if (mkdir(beside, 0700) && errno != EEXIST) fail("cannot create", beside);
    if (!realpath(beside, image)) fail("cannot find", beside);
    path_t seeded;
    path_in_image(seeded, "seeded", "");
    int first = open(seeded, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (first < 0) return; // a process before this one began the image
    close(first);
    struct statx stat;
    char id[ID];
    int fd = open(root, O_RDONLY | O_DIRECTORY);
    if (fd < 0) fail("cannot open", root);
    id_of(fd, "", id, &stat);
    keep_folder(fd, id, 1);
    keep_root(id);
    close(fd);
}

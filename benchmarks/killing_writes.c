/* Preloaded into a process, it kills it with SIGKILL in the middle of its n-th act on files of one folder.
 *
 * HOLDFAST_KILL="COUNTER FOLDER NTH MODE": COUNTER is a file of 8 bytes that all processes share, in which acts are
 * counted; NTH 0 only counts. MODE: 0 kills before the act, 1 in the middle of it (half of a write is done), 2 after it;
 * 4 is added to kill the whole process group. Acts: write, pwrite, truncation, fsync, rename, unlink, mkdir.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static long *counter, nth, mode;
static char folder[PATH_MAX];

__attribute__((constructor)) void holdfast_arm(void) {
    char place[PATH_MAX];
    const char *asked = getenv("HOLDFAST_KILL");
    if (!asked || sscanf(asked, "%4095s %4095s %ld %ld", place, folder, &nth, &mode) != 4) return;
    int file = open(place, O_RDWR);
    if (file < 0) return;
    void *shared = mmap(NULL, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    counter = shared == MAP_FAILED ? NULL : shared;
}

static int inside(const char *path) {
    char full[PATH_MAX];
    if (path[0] == '/') return strncmp(path, folder, strlen(folder)) == 0;
    return getcwd(full, sizeof full) && strncmp(full, folder, strlen(folder)) == 0;
}

static int inside_file(int file) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return path[0] == '/' && inside(path);
}

/* Whether this act is the one. */
static int due(int counts) { return counter && counts && __sync_add_and_fetch(counter, 1) == nth && nth > 0; }

static void die(void) { kill(mode & 4 ? 0 : getpid(), SIGKILL); for (;;) pause(); }

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define ACT(counts, call, half)                                \
    int last = due(counts);                                    \
    if (last && (mode & 3) == 0) die();                        \
    if (last && (mode & 3) == 1) { half; die(); }              \
    __auto_type result = call;                                 \
    if (last) die();                                           \
    return result

ssize_t write(int file, const void *from, size_t size) {
    ACT(inside_file(file), REAL(write)(file, from, size), REAL(write)(file, from, size / 2));
}
ssize_t pwrite(int file, const void *from, size_t size, off_t place) {
    ACT(inside_file(file), REAL(pwrite)(file, from, size, place), REAL(pwrite)(file, from, size / 2, place));
}
ssize_t pwrite64(int file, const void *from, size_t size, off64_t place) {
    ACT(inside_file(file), REAL(pwrite64)(file, from, size, place), REAL(pwrite64)(file, from, size / 2, place));
}
int ftruncate(int file, off_t size) { ACT(inside_file(file), REAL(ftruncate)(file, size), ); }
int ftruncate64(int file, off64_t size) { ACT(inside_file(file), REAL(ftruncate64)(file, size), ); }
int fsync(int file) { ACT(inside_file(file), REAL(fsync)(file), ); }
int fdatasync(int file) { ACT(inside_file(file), REAL(fdatasync)(file), ); }
int rename(const char *from, const char *to) { ACT(inside(to), REAL(rename)(from, to), ); }
int unlink(const char *path) { ACT(inside(path), REAL(unlink)(path), ); }
int mkdir(const char *path, mode_t rights) { ACT(inside(path), REAL(mkdir)(path, rights), ); }

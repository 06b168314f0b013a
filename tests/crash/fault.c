/*
 * Preloaded into host, kit and agent: a line for everything that matters after a crash, the end of the process (or an
 * error) at exactly the n-th of these calls, and a kernel generator that only notes what is mixed.
 *
 * Counted over all threads and children of one run, which no ptrace-based injector does. See fault.ts.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATE = 1, WRITE = 2, SYNC = 4, RENAME = 8, UNLINK = 16, TRUNCATE = 32, SEND = 64, MIX = 128 };
enum { KILL = 1000, SHORT = 1001 };
enum { RNDADDENTROPY = 0x40085203, RNDRESEEDCRNG = 0x5207 };

/* Shared with the test, which changes it while we run. */
static struct control {
  uint32_t at, kinds, action, seen, fired, from_then_on, mask;
} *control;
static const char *under;
static int log_fd = -1;

__attribute__((constructor)) static void begin(void) {
  const char *file = getenv("BOOTSEED_FAULT_CONTROL"), *log = getenv("BOOTSEED_FAULT_LOG");
  under = getenv("BOOTSEED_FAULT_UNDER");
  if (!file || !log || !under) return;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC, 0);
  void *shared = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  syscall(SYS_close, fd);
  log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || shared == MAP_FAILED || log_fd < 0) abort();
  control = shared;
}

static void note(const char *name, int hit, const char *detail) {
  int saved = errno;
  char line[PATH_MAX + 256];
  int size = snprintf(line, sizeof line, "%d %s%s %s\n", getpid(), name, hit ? "!" : "", detail);
  if (size > 0 && size < (int)sizeof line) syscall(SYS_write, log_fd, line, size);
  errno = saved;
}

/* Notes the call. Returns what it must end with: 0 (go on), an errno, or SHORT. KILL does not return. */
static int point(uint32_t kind, const char *name, const char *detail) {
  if (!control) return 0;
  uint32_t all = __atomic_load_n(&control->kinds, __ATOMIC_SEQ_CST);
  int hit = 0;
  if (all & kind) {
    uint32_t number = __atomic_add_fetch(&control->seen, 1, __ATOMIC_SEQ_CST);
    hit = number == control->at || (control->from_then_on && control->at && number > control->at) ||
          (control->mask >> ((number - 1) % 32) & 1);
  }
  uint32_t action = hit ? control->action : 0;
  note(name, hit, detail);
  if (hit) __atomic_add_fetch(&control->fired, 1, __ATOMIC_SEQ_CST);
  /* All processes of the run, as a power cut would: the test started them as a group of their own. */
  if (action == KILL) {
    syscall(SYS_kill, 0, SIGKILL);
    for (;;) pause();
  }
  return (int)action;
}

static int matters(const char *path) {
  return control && strncmp(path, under, strlen(under)) == 0;
}

/* A regular file or folder below the state: its path. */
static int path_of(int fd, char *path) {
  if (!control || fd == log_fd) return 0;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(link, path, PATH_MAX - 1);
  if (size < 0) return 0;
  path[size] = 0;
  return matters(path);
}

/* A relative name becomes a path. */
static int full_path(int dir, const char *name, char *path) {
  if (!control || !name) return 0;
  char base[PATH_MAX] = "";
  if (name[0] != '/') {
    if (dir == AT_FDCWD ? !getcwd(base, sizeof base) : !path_of(dir, base)) return 0;
    strncat(base, "/", sizeof base - strlen(base) - 1);
  }
  if (snprintf(path, PATH_MAX, "%s%s", base, name) >= PATH_MAX) return 0;
  return matters(path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL_WITH(rc)                \
  do {                               \
    int error = (rc);                \
    if (error) return errno = error, -1; \
  } while (0)

static void hexadecimal(const void *data, size_t size, char *text) {
  for (size_t i = 0; i < size; i++) sprintf(text + 2 * i, "%02x", ((const unsigned char *)data)[i]);
}

static int writing(int fd, const void *data, size_t size, size_t *length) {
  char path[PATH_MAX], detail[PATH_MAX + 64];
  if (!path_of(fd, path)) return 0;
  char bytes[17] = "-";
  /* A counter: what guests accept is known by it. */
  if (size == 8) hexadecimal(data, 8, bytes);
  snprintf(detail, sizeof detail, "%s %s", path, bytes);
  int rc = point(WRITE, "write", detail);
  if (rc == SHORT) *length = size / 2;
  return rc == SHORT && *length > 0 ? 0 : rc == SHORT ? ENOSPC : rc;
}

static void sending(int fd) {
  int type;
  socklen_t size = sizeof type;
  if (!control || fd <= 2 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) return;
  point(SEND, "send", "-");
}

ssize_t write(int fd, const void *data, size_t size) {
  size_t length = size;
  FAIL_WITH(writing(fd, data, size, &length));
  sending(fd);
  return REAL(write)(fd, data, length);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
  size_t length = size;
  FAIL_WITH(writing(fd, data, size, &length));
  return REAL(pwrite64)(fd, data, length, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return pwrite64(fd, data, size, at); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
  sending(fd);
  return REAL(writev)(fd, parts, count);
}

ssize_t send(int fd, const void *data, size_t size, int flags) {
  sending(fd);
  return REAL(send)(fd, data, size, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  sending(fd);
  return REAL(sendmsg)(fd, message, flags);
}

static int syncing(int fd) {
  char path[PATH_MAX];
  return path_of(fd, path) ? point(SYNC, "sync", path) : 0;
}

/* A library behind this one (libfiu) may have let it fail. */
static int synced(int fd, int rc) {
  char path[PATH_MAX];
  if (rc != 0 && path_of(fd, path)) note("failed", 0, path);
  return rc;
}

int fsync(int fd) {
  FAIL_WITH(syncing(fd));
  return synced(fd, REAL(fsync)(fd));
}

int fdatasync(int fd) {
  FAIL_WITH(syncing(fd));
  return synced(fd, REAL(fdatasync)(fd));
}

int ftruncate64(int fd, off64_t size) {
  char path[PATH_MAX];
  if (path_of(fd, path)) FAIL_WITH(point(TRUNCATE, "truncate", path));
  return REAL(ftruncate64)(fd, size);
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int two(uint32_t kind, const char *name, int from_dir, const char *from, int to_dir, const char *to) {
  char a[PATH_MAX], b[PATH_MAX], detail[2 * PATH_MAX];
  if (!full_path(from_dir, from, a) || !full_path(to_dir, to, b)) return 0;
  snprintf(detail, sizeof detail, "%s %s", a, b);
  return point(kind, name, detail);
}

int rename(const char *from, const char *to) {
  FAIL_WITH(two(RENAME, "rename", AT_FDCWD, from, AT_FDCWD, to));
  return REAL(rename)(from, to);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to) {
  FAIL_WITH(two(RENAME, "rename", from_dir, from, to_dir, to));
  return REAL(renameat)(from_dir, from, to_dir, to);
}

int link(const char *from, const char *to) {
  FAIL_WITH(two(RENAME, "link", AT_FDCWD, from, AT_FDCWD, to));
  return REAL(link)(from, to);
}

static int removing(int dir, const char *name) {
  char path[PATH_MAX];
  return full_path(dir, name, path) ? point(UNLINK, "unlink", path) : 0;
}

int unlink(const char *name) {
  FAIL_WITH(removing(AT_FDCWD, name));
  return REAL(unlink)(name);
}

int unlinkat(int dir, const char *name, int flags) {
  FAIL_WITH(removing(dir, name));
  return REAL(unlinkat)(dir, name, flags);
}

static int creating(int dir, const char *name, int flags) {
  char path[PATH_MAX];
  if (!(flags & (O_CREAT | O_TRUNC)) || !full_path(dir, name, path)) return 0;
  struct stat there;
  int fresh = (flags & O_CREAT) && stat(path, &there) != 0;
  return fresh || (flags & O_TRUNC) ? point(CREATE, fresh ? "create" : "empty", path) : 0;
}

#define MODE_OF(flags)                       \
  mode_t mode = 0;                           \
  if ((flags) & (O_CREAT | __O_TMPFILE)) {   \
    va_list more;                            \
    va_start(more, flags);                   \
    mode = va_arg(more, mode_t);             \
    va_end(more);                            \
  }

int open64(const char *name, int flags, ...) {
  MODE_OF(flags)
  FAIL_WITH(creating(AT_FDCWD, name, flags));
  return REAL(open64)(name, flags, mode);
}

int open(const char *name, int flags, ...) {
  MODE_OF(flags)
  FAIL_WITH(creating(AT_FDCWD, name, flags));
  return REAL(open64)(name, flags, mode);
}

int openat64(int dir, const char *name, int flags, ...) {
  MODE_OF(flags)
  FAIL_WITH(creating(dir, name, flags));
  return REAL(openat64)(dir, name, flags, mode);
}

int openat(int dir, const char *name, int flags, ...) {
  MODE_OF(flags)
  FAIL_WITH(creating(dir, name, flags));
  return REAL(openat64)(dir, name, flags, mode);
}

int ioctl(int fd, unsigned long request, ...) {
  va_list more;
  va_start(more, request);
  void *argument = va_arg(more, void *);
  va_end(more);
  if (control && (request == RNDADDENTROPY || request == RNDRESEEDCRNG)) {
    if (request == RNDRESEEDCRNG) FAIL_WITH(point(MIX, "reseed", "-"));
    else {
      int head[2];
      memcpy(head, argument, sizeof head);
      char detail[512] = "", bytes[257] = "";
      hexadecimal((char *)argument + sizeof head, head[1] > 128 ? 128 : (size_t)head[1], bytes);
      snprintf(detail, sizeof detail, "%d %s", head[0], bytes);
      FAIL_WITH(point(MIX, "mix", detail));
    }
    return 0;
  }
  return REAL(ioctl)(fd, request, argument);
}

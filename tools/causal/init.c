/* PID 1 of the mini VM of the causal proof. It brings the machine to the state in which user-data really arrives (long up, CRNG ready),
 * lays the seed file that QEMU's fw_cfg carries where the first-boot hook finds it, lets the shipped kit's modules mix it (run.py), runs
 * the real ssh-keygen, and prints what came out. It never touches the kernel's generator itself, except to wait for it.
 *
 * Kernel arguments of the form NAME=value become our environment:
 *   CAUSAL=shipped | control   handed to run.py; control replaces the forced reseed, nothing else
 *   CAUSAL_UPTIME=seconds      do nothing before this uptime: the CRNG's own reseed interval is uptime/2, so a late arrival makes the
 *                              difference between "mixed" and "reseeded" as wide as on a real first boot (virtual time: costs nothing)
 *
 * Output, one line each on the console: `CAUSAL seed BYTES`, run.py's `CAUSAL evidence JSON`, `CAUSAL hostkey ssh-ed25519 BASE64 …`,
 * `CAUSAL end`.   Build: gcc -O2 -static -o init init.c */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SEED_MAX 4096
#define SEED_PATH "/run/bootseed/seed"
#define KEY_PATH "/tmp/ssh_host_ed25519_key"

/* QEMU's fw_cfg, by port I/O because Debian's cloud kernel has no driver for it. Returns the item's size, -1 if there is none. */
static int read_fw_cfg(const char *name, unsigned char *out, int max) {
  const unsigned short selector = 0x510, data = 0x511, directory = 0x19;
  if (iopl(3)) return -1;
  outw(directory, selector);
  unsigned count = 0;
  for (int i = 0; i < 4; i++) count = count << 8 | inb(data);
  for (unsigned item = 0; item < count; item++) {
    unsigned char entry[64]; /* size u32be, key u16be, reserved u16, name 56 */
    for (int i = 0; i < 64; i++) entry[i] = inb(data);
    if (strcmp((char *)entry + 8, name)) continue;
    int size = entry[0] << 24 | entry[1] << 16 | entry[2] << 8 | entry[3];
    if (size > max) return -1;
    outw(entry[4] << 8 | entry[5], selector);
    for (int i = 0; i < size; i++) out[i] = inb(data);
    return size;
  }
  return -1;
}

static void run(char *const argv[]) {
  pid_t child = fork();
  if (child == 0) {
    execv(argv[0], argv);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (status) printf("CAUSAL failed %s status %d\n", argv[0], status);
}

static void wait_until_uptime(long seconds) {
  struct timespec until = {.tv_sec = seconds};
  clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &until, NULL);
}

int main(void) {
  mkdir("/proc", 0755), mkdir("/sys", 0755), mkdir("/dev", 0755), mkdir("/tmp", 0755), mkdir("/run", 0755), mkdir("/run/bootseed", 0700);
  mount("proc", "/proc", "proc", 0, NULL);
  mount("sys", "/sys", "sysfs", 0, NULL);
  mount("dev", "/dev", "devtmpfs", 0, NULL);
  int console = open("/dev/console", O_RDWR);
  for (int fd = 0; fd < 3; fd++) dup2(console, fd);
  setvbuf(stdout, NULL, _IONBF, 0);
  setenv("PYTHONHOME", "/usr", 1);
  setenv("PYTHONDONTWRITEBYTECODE", "1", 1);

  const char *uptime = getenv("CAUSAL_UPTIME"), *mode = getenv("CAUSAL");
  wait_until_uptime(uptime ? atol(uptime) : 0);
  unsigned char drawn[32]; /* blocks until the CRNG is ready; the draw also takes any reseed that is due, so none falls due later on */
  if (getrandom(drawn, sizeof drawn, 0) != sizeof drawn) printf("CAUSAL failed getrandom\n");

  static unsigned char seed[SEED_MAX];
  int bytes = read_fw_cfg("opt/bootseed/seed", seed, sizeof seed);
  printf("CAUSAL seed %d\n", bytes < 0 ? 0 : bytes);
  if (bytes > 0) {
    int file = open(SEED_PATH, O_CREAT | O_WRONLY, 0600);
    if (write(file, seed, bytes) != bytes) printf("CAUSAL failed write\n");
    close(file);
    run((char *[]){"/usr/bin/python3", "-B", "-S", "/causal/run.py", mode ? (char *)mode : "shipped", SEED_PATH, NULL});
  }
  run((char *[]){"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "causal", "-f", KEY_PATH, NULL});
  char line[256] = {0};
  int file = open(KEY_PATH ".pub", O_RDONLY);
  if (file < 0 || read(file, line, sizeof line - 1) < 1) strcpy(line, "none");
  line[strcspn(line, "\n")] = 0;
  printf("CAUSAL hostkey %s\nCAUSAL end\n", line);
  sync();
  reboot(RB_AUTOBOOT); /* QEMU runs with -no-reboot: this ends it */
  return 0;
}

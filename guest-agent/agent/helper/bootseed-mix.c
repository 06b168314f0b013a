/*
 * bootseed-mix: the only part of the agent that runs as root, and all that it does.
 *
 * Reads exactly 64 bytes from standard input (a pipe, or a systemd Accept=yes socket), mixes them into the kernel's pool
 * with credit 0, makes the generator reseed, and writes two bytes: errno of RNDADDENTROPY, errno of RNDRESEEDCRNG; 0 is
 * done, 255 not tried. 64 bytes that an attacker chose do no harm: without credit, mixing cannot take entropy away.
 *
 * Exit: 0 when both were done, 64 for any other length, 74 when the answer cannot be written, 77 when the kernel refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include <linux/random.h>

#ifndef RNDRESEEDCRNG
#define RNDRESEEDCRNG _IO('R', 0x07)
#endif

enum { HASH_BYTES = 64, NOT_TRIED = 255, WAIT_SECONDS = 30, READ_SECONDS = 10 };

/* struct rand_pool_info with its flexible array filled: the length told is the length there is. */
struct request {
  int entropy_count;
  int buf_size;
  unsigned char buf[HASH_BYTES];
};

static void wipe(void *at, size_t size) {
  volatile unsigned char *byte = at;
  while (size--) *byte++ = 0;
}

static void on_alarm(int signal) { (void)signal; }

/* Whether exactly 64 bytes came and nothing more: one byte over is another protocol. */
static int read_hash(unsigned char *into) {
  unsigned char extra;
  size_t got = 0;
  while (got < HASH_BYTES) {
    ssize_t n = read(STDIN_FILENO, into + got, HASH_BYTES - got);
    if (n <= 0) return 0;
    got += (size_t)n;
  }
  return read(STDIN_FILENO, &extra, 1) == 0;
}

static unsigned char reseed(int device) {
  if (ioctl(device, RNDRESEEDCRNG) == 0) return 0;
  if (errno != ENODATA) return (unsigned char)errno;
  /* Not ready: a *blocking* getrandom makes the kernel seed itself, a polling one would not. */
  unsigned char byte;
  alarm(WAIT_SECONDS);
  ssize_t n = getrandom(&byte, 1, 0);
  alarm(0);
  if (n != 1) return ENODATA;
  return ioctl(device, RNDRESEEDCRNG) == 0 ? 0 : (unsigned char)errno;
}

int main(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_alarm; /* no SA_RESTART: the alarm ends read and getrandom */
  sigaction(SIGALRM, &action, NULL);
  signal(SIGPIPE, SIG_IGN);

  struct request request = {0, HASH_BYTES, {0}};
  unsigned char codes[2] = {NOT_TRIED, NOT_TRIED};
  alarm(READ_SECONDS);
  int whole = read_hash(request.buf);
  alarm(0);
  if (!whole) {
    wipe(&request, sizeof request);
    return 64;
  }
  int device = open("/dev/random", O_RDWR | O_CLOEXEC);
  if (device < 0) {
    codes[0] = (unsigned char)errno;
  } else {
    codes[0] = ioctl(device, RNDADDENTROPY, &request) == 0 ? 0 : (unsigned char)errno;
    codes[1] = reseed(device);
    close(device);
  }
  wipe(&request, sizeof request);
  if (write(STDOUT_FILENO, codes, sizeof codes) != (ssize_t)sizeof codes) return 74;
  return codes[0] || codes[1] ? 77 : 0;
}

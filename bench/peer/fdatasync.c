/*
 * The floor under durable counters: `fdatasync FILE ROUNDS` writes one frame of a write-ahead log (a page and 24 bytes)
 * and syncs it, over and over in a file of 4 MiB that is there already, as SQLite does. Prints syncs per second.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FRAME = 4096 + 24, FRAMES = 1000 };

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
  static char frame[FRAME];
  if (argc != 3) return 64;
  const int rounds = atoi(argv[2]), file = open(argv[1], O_RDWR | O_CREAT, 0600);
  for (int i = 0; i < FRAMES; i++) {
    if (pwrite(file, frame, FRAME, (off_t)i * FRAME) != FRAME) return perror(argv[1]), 74;
  }
  if (fsync(file) != 0) return perror(argv[1]), 74;
  const double began = now();
  for (int i = 0; i < rounds; i++) {
    memset(frame, i, sizeof frame);
    if (pwrite(file, frame, FRAME, (off_t)(i % FRAMES) * FRAME) != FRAME || fdatasync(file) != 0)
      return perror(argv[1]), 74;
  }
  printf("%.1f\n", rounds / (now() - began));
}

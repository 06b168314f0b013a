/*
 * `run RESULT [--evict FILE]... -- PROGRAM ARGS…` runs a program and writes "cpu_us max_rss_kib status" of it and of
 * what it waited for to RESULT. --evict drops a file from the page cache first, so that a cold start can be measured.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int evict(const char *path) {
  int file = open(path, O_RDONLY), failed = file < 0 || fsync(file) != 0 || posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  if (file >= 0) close(file);
  return failed;
}

int main(int argc, char **argv) {
  int at = 2, status;
  for (; at + 1 < argc && strcmp(argv[at], "--evict") == 0; at += 2) {
    if (evict(argv[at + 1])) return perror(argv[at + 1]), 74;
  }
  if (at + 1 >= argc || strcmp(argv[at], "--") != 0) return 64;
  pid_t child = fork();
  if (child == 0) {
    execvp(argv[at + 1], argv + at + 1);
    perror(argv[at + 1]);
    _exit(127);
  }
  struct rusage used;
  if (child < 0 || wait4(child, &status, 0, &used) != child) return perror("run"), 71;
  FILE *result = fopen(argv[1], "w");
  if (!result) return perror(argv[1]), 73;
  long long us = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
  fprintf(result, "%lld %ld %d\n", us, used.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  return fclose(result) == 0 ? 0 : 74;
}

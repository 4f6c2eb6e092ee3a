/*
 * ask [-m SECONDS] URL...: what the sample's clients ask pages with. Each URL is http://HOST[:PORT][/PATH]; pages go to standard output.
 *
 * It is a client like most: the C library's own resolver gives the addresses, which are tried in their order until one answers, none but
 * the last for longer than half of the time that is left. It links to nothing but the C library: to a kernel in user mode the start of
 * curl with its thirty libraries is five times as dear, and clients start ten times a second.
 *
 * It ends as curl does, with the code of the last URL that failed: 0 a page, 3 no URL, 6 no address, 7 no connection, 22 the server says
 * no (or nothing), 28 not within SECONDS (2) for that URL, however long the name took.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FETCHED = 0, BAD_URL = 3, NOT_RESOLVED = 6, NOT_CONNECTED = 7, NOT_FETCHED = 22, TOO_LATE = 28 };

static long now(void) { /* in milliseconds */
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void late(int signal) {
  (void)signal;
  _exit(TOO_LATE); /* wherever it hangs, as in the resolver */
}

/* reach connects to one address, or returns -1. */
static int reach(const struct addrinfo *a, long until) {
  int s = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), err = 0;
  socklen_t size = sizeof err;
  if (s < 0) return -1;
  if (connect(s, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS) {
    struct pollfd p = {s, POLLOUT, 0};
    long left = until - now();
    if (poll(&p, 1, left > 0 ? (int)left : 0) == 1 && getsockopt(s, SOL_SOCKET, SO_ERROR, &err, &size) == 0 && err == 0) {
      fcntl(s, F_SETFL, 0); /* from here on it waits; the alarm ends that */
      return s;
    }
  }
  close(s);
  return -1;
}

/* fetch sends the request and passes the page on. */
static int fetch(int s, const char *host, const char *path) {
  char buf[4096], *body = NULL;
  size_t have = 0;
  ssize_t n = snprintf(buf, sizeof buf, "GET /%s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n", path, host);
  if (n >= (ssize_t)sizeof buf || write(s, buf, (size_t)n) != n) return NOT_FETCHED;
  while (!body && have < sizeof buf - 1 && (n = read(s, buf + have, sizeof buf - 1 - have)) > 0) {
    have += (size_t)n;
    buf[have] = 0;
    body = strstr(buf, "\r\n\r\n");
  }
  if (!body || strncmp(buf, "HTTP/1.", 7) != 0 || strtol(buf + 9, NULL, 10) / 100 != 2) return NOT_FETCHED;
  body += 4;
  fwrite(body, 1, have - (size_t)(body - buf), stdout);
  while ((n = read(s, buf, sizeof buf)) > 0) fwrite(buf, 1, (size_t)n, stdout);
  return fflush(stdout) == 0 && n == 0 ? FETCHED : NOT_FETCHED;
}

static int ask(const char *url, long within) {
  char host[256], *port;
  const char *path = url;
  size_t len;
  long until = now() + within;
  struct itimerval alarm = {{0, 0}, {within / 1000, within % 1000 * 1000}};
  struct addrinfo *list, *a, hints = {.ai_socktype = SOCK_STREAM};
  int s = -1;
  if (strncmp(path, "http://", 7) == 0) path += 7;
  len = strcspn(path, "/");
  if (len == 0 || len >= sizeof host) return BAD_URL;
  memcpy(host, path, len);
  host[len] = 0;
  path += len + (path[len] == '/');
  if ((port = strrchr(host, ':'))) *port++ = 0;
  signal(SIGALRM, late);
  setitimer(ITIMER_REAL, &alarm, NULL);
  if (getaddrinfo(host, port ? port : "80", &hints, &list) != 0) return NOT_RESOLVED;
  for (a = list; a && s < 0; a = a->ai_next) s = reach(a, a->ai_next ? now() + (until - now()) / 2 : until + 1000 /* the alarm is first */);
  return s < 0 ? NOT_CONNECTED : fetch(s, host, path);
}

int main(int argc, char **argv) {
  long within = 2000;
  int opt, code = 0;
  while ((opt = getopt(argc, argv, "m:")) != -1) {
    if (opt != 'm' || (within = (long)(strtod(optarg, NULL) * 1000)) <= 0) return BAD_URL;
  }
  if (optind == argc) return BAD_URL;
  for (; optind < argc - 1; optind++) { /* the alarm is for one URL, and may come in the middle of the resolver: each has its process */
    int status;
    pid_t child = fork();
    if (child == 0) return ask(argv[optind], within);
    if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) != 0) code = WEXITSTATUS(status);
  }
  int last = ask(argv[optind], within);
  return last ? last : code;
}

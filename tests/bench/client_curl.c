/* The same load on libcurl's multi interface, driven by epoll: `client_curl URL CONCURRENCY SECONDS
 * [close]` prints what client_bench prints. Each of the CONCURRENCY easy handles is used again and
 * again, with its connection. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

struct transfer {
  CURL* easy;
  size_t size;
};

static int epoll_fd;
static long timeout_ms = 0;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static size_t keep(char* data, size_t size, size_t count, void* user) {
  (void)data;
  ((struct transfer*)user)->size += size * count;
  return size * count;
}

static int on_socket(CURL* easy, curl_socket_t fd, int what, void* user, void* known) {
  struct epoll_event event;
  (void)easy;
  memset(&event, 0, sizeof event);
  event.data.fd = fd;
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    return 0;
  }
  if (what & CURL_POLL_IN) event.events |= EPOLLIN;
  if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
  if (known == NULL) {
    curl_multi_assign((CURLM*)user, fd, user);
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
  } else {
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &event);
  }
  return 0;
}

static int on_timer(CURLM* multi, long milliseconds, void* user) {
  (void)multi;
  (void)user;
  timeout_ms = milliseconds;
  return 0;
}

static void begin(CURLM* multi, struct transfer* transfer) {
  transfer->size = 0;
  curl_multi_add_handle(multi, transfer->easy);
}

/* Counts what has ended, and begins it anew. Returns how many are still to end. */
static long collect(CURLM* multi, double end, long* count, long active) {
  CURLMsg* message;
  int left;
  while ((message = curl_multi_info_read(multi, &left)) != NULL) {
    struct transfer* transfer;
    if (message->data.result != CURLE_OK) {
      fprintf(stderr, "%s\n", curl_easy_strerror(message->data.result));
      exit(1);
    }
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char**)&transfer);
    if (transfer->size != strlen("Hello, world")) exit(1);
    ++*count;
    curl_multi_remove_handle(multi, transfer->easy);
    if (now() < end) {
      begin(multi, transfer);
    } else {
      --active;
    }
  }
  return active;
}

int main(int argc, char** argv) {
  if (argc < 4) {
    fputs("usage: client_curl URL CONCURRENCY SECONDS [close]\n", stderr);
    return 2;
  }
  long concurrency = atol(argv[2]), active = concurrency, count = 0;
  const int close_each = argc > 4 && strcmp(argv[4], "close") == 0;
  struct transfer* transfers = calloc((size_t)concurrency, sizeof *transfers);
  CURLM* multi;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  multi = curl_multi_init();
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, multi);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, concurrency);
  const double start = now(), end = start + atof(argv[3]);
  for (long i = 0; i < concurrency; ++i) {
    CURL* easy = transfers[i].easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfers[i]);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfers[i]);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, (long)close_each);
    begin(multi, &transfers[i]);
  }
  while (active > 0) {
    struct epoll_event events[256];
    int running;
    const int found = epoll_wait(epoll_fd, events, 256, (int)(timeout_ms < 0 ? 1000 : timeout_ms));
    for (int i = 0; i < found; ++i) {
      const int mask = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                       (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                       (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
      curl_multi_socket_action(multi, events[i].data.fd, mask, &running);
    }
    if (found == 0 || timeout_ms == 0) {
      curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    active = collect(multi, end, &count, active);
  }
  printf("%ld %.3f\n", count, now() - start);
  return 0;
}

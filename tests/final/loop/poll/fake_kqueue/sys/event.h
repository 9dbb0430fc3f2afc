// Internal header: kqueue's declarations, for systems without it, as the manual pages give them.
// The types differ between systems, and the tests are compiled with each variant.
#pragma once
// Compiled as a system header, because a function named kevent hides the struct, which g++ warns of
// elsewhere.
#pragma GCC system_header

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#if defined(FAKE_NETBSD)
using kevent_filter = uint32_t;
using kevent_flags = uint32_t;
using kevent_data = int64_t;
using kevent_count = size_t;
#elif defined(FAKE_MACOS)
using kevent_filter = int16_t;
using kevent_flags = uint16_t;
using kevent_data = intptr_t;
using kevent_count = int;
#else  // FreeBSD, OpenBSD
using kevent_filter = short;
using kevent_flags = unsigned short;
using kevent_data = int64_t;
using kevent_count = int;
#endif

struct kevent {
  uintptr_t ident;
  kevent_filter filter;
  kevent_flags flags;
  unsigned int fflags;
  kevent_data data;
#if defined(FAKE_OLD_NETBSD)
  intptr_t udata;
#else
  void* udata;
#endif
#if defined(FAKE_FREEBSD)
  uint64_t ext[4];
#endif
};

#if defined(FAKE_NETBSD)
#define EVFILT_READ 0U
#define EVFILT_WRITE 1U
#else
#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#endif

#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_CLEAR 0x0020
#define EV_EOF 0x8000
#define NOTE_LOWAT 0x0001

extern "C" {
int kqueue();
int kevent(int kq, const struct kevent* changelist, kevent_count nchanges, struct kevent* eventlist,
           kevent_count nevents, const struct timespec* timeout);
}

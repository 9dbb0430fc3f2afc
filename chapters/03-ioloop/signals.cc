#include "03-ioloop/signals.h"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

namespace mini {

Signals::Signals() {
  sigemptyset(&watched_);
  pthread_sigmask(SIG_SETMASK, nullptr, &before_);
  event_ = Socket(::signalfd(-1, &watched_, SFD_NONBLOCK | SFD_CLOEXEC));
  if (event_.fd() < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
}

Signals::~Signals() {
  read();  // a pending signal would take effect as soon as the next line unblocks it
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

// [watch]
void Signals::watch(int signal_number) {
  if (signal_number == SIGKILL || signal_number == SIGSTOP ||
      sigaddset(&watched_, signal_number) != 0) {
    throw std::invalid_argument("cannot handle signal " + std::to_string(signal_number));
  }
  pthread_sigmask(SIG_BLOCK, &watched_, nullptr);
  if (::signalfd(event_.fd(), &watched_, 0) < 0) {
    throw std::system_error(errno, std::generic_category(), "signalfd");
  }
}

std::vector<int> Signals::read() {
  std::vector<int> numbers;
  signalfd_siginfo info;
  while (::read(event_.fd(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    numbers.push_back(static_cast<int>(info.ssi_signo));
  }
  return numbers;
}
// [/watch]

}  // namespace mini

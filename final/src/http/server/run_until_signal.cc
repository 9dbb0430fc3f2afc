#include <signal.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/log.h>
#include <tornado/systemd.h>

#include <optional>
#include <string>

namespace tornado::ioloop {
namespace {

using httpserver::ShutdownReport;

constexpr int kSignals[] = {SIGTERM, SIGINT};

void describe(const ShutdownReport& report) {
  log::gen_log.info("Shut down. Connections: " + std::to_string(report.finished) + " finished, " +
                    std::to_string(report.cut) + " cut off, " + std::to_string(report.idle_closed) +
                    " closed idle");
}

// While the loop runs; a loop that is blocked misses it, and systemd restarts the program.
void feed_watchdog() {
  systemd::notify("WATCHDOG=1");
}

}  // namespace

ShutdownReport run_until_signal(httpserver::HTTPServer& server, double grace) {
  IOLoop& loop = IOLoop::current();
  const auto give_signals_back = [&loop] {
    for (const int signal : kSignals) loop.remove_signal_handler(signal);
  };
  std::optional<Future<ShutdownReport>> report;
  for (const int signal : kSignals) {
    loop.add_signal_handler(signal, [&](int number) {
      log::gen_log.info(std::string("Shutting down: ") + (number == SIGINT ? "SIGINT" : "SIGTERM"));
      // A second signal ends the process, even if the loop is blocked.
      give_signals_back();
      systemd::notify("STOPPING=1");
      report = server.shutdown(grace);
      report->add_done_callback([&loop](const auto&) { loop.stop(); });
    });
  }
  std::optional<PeriodicCallback> watchdog;
  if (const auto seconds = systemd::watchdog_interval()) {
    watchdog.emplace(&feed_watchdog, *seconds / 2 * 1e3);
    watchdog->start();
  }
  loop.add_callback([] { systemd::notify("READY=1"); });
  loop.start();
  give_signals_back();
  if (!report || !report->done()) return {};
  describe(report->result());
  return report->result();
}

}  // namespace tornado::ioloop

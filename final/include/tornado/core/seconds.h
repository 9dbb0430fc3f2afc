// Internal header: spans of time.
#pragma once

namespace tornado::core {

// `count()` ticks of `period` seconds: any std::chrono::duration, without the header.
template <class D>
concept Duration = requires(const D& d) {
  typename D::rep;
  D::period::num;
  D::period::den;
  d.count();
};

template <Duration D>
constexpr double to_seconds(const D& d) {
  return static_cast<double>(d.count()) * static_cast<double>(D::period::num) /
         static_cast<double>(D::period::den);
}

// A span of time: a number of seconds, or any std::chrono duration.
class Seconds {
 public:
  constexpr Seconds() = default;
  constexpr Seconds(double seconds) noexcept : seconds_(seconds) {}
  template <Duration D>
  constexpr Seconds(const D& duration) : seconds_(to_seconds(duration)) {}
  constexpr operator double() const noexcept { return seconds_; }

 private:
  double seconds_ = 0;
};

}  // namespace tornado::core

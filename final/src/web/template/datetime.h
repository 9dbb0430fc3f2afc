// Internal header: Python's datetime.datetime, as far as pages need it.
#pragma once

#include <tornado/template_value.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace tornado::template_::detail {

// A time in UTC.
class DatetimeObject final : public Object {
 public:
  // Microseconds since 1970. Throws RenderError (OverflowError) outside the years 1 to 9999.
  explicit DatetimeObject(std::int64_t microseconds);

  std::int64_t microseconds() const noexcept { return microseconds_; }
  std::string strftime(std::string_view pattern) const;

  std::string str() const override { return isoformat(' '); }
  std::string_view type_name() const override { return "datetime.datetime"; }
  bool attribute(std::string_view name, Value& result) const override;

 private:
  std::string isoformat(char between) const;

  const std::int64_t microseconds_;
};

// The module: a dict of its names.
Value datetime_module();

}  // namespace tornado::template_::detail

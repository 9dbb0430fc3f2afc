// Internal header: numbers for the names in a loop's records.
#pragma once

#include <cstdint>
#include <source_location>
#include <typeinfo>

namespace tornado::ioloop::detail {

// Return the number that record_name() knows. They allocate nothing and take no lock: only the
// address of the compiler's own description is kept, and it is made readable when somebody asks.
// 0 when the table is full, or for a place that is not known. Any thread.
std::uint16_t name_of(const std::type_info& type) noexcept;
std::uint16_t name_of(const std::source_location& place) noexcept;

}  // namespace tornado::ioloop::detail

#include "http/server/limits.h"

#include <arpa/inet.h>

#include <array>

namespace tornado::http {
namespace {

using Bytes = std::array<unsigned char, 16>;

std::uint64_t number(const Bytes& bytes, std::size_t begin) {
  std::uint64_t result = 0;
  for (std::size_t i = begin; i < begin + 8; ++i) result = result << 8 | bytes[i];
  return result;
}

}  // namespace

AddressCounts::Key AddressCounts::key(const std::string& ip) const {
  if (limit_ == 0) return kUncounted;
  Bytes bytes{};
  if (::inet_pton(AF_INET, ip.c_str(), bytes.data()) == 1) {
    return number(bytes, 0) >> 32;
  }
  const std::string address = ip.substr(0, ip.find('%'));  // without the interface
  if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return kUncounted;
  const std::uint64_t network = number(bytes, 0);
  // The numbers of IPv6 networks are above all numbers of IPv4. Network 0 holds ::1 and
  // IPv4-mapped addresses, whose last 32 bits are the IPv4 address.
  return network != 0 ? network : number(bytes, 8) & 0xffff'ffff;
}

bool AddressCounts::full(Key key) const {
  const auto found = counts_.find(key);
  return found != counts_.end() && found->second >= limit_;
}

void AddressCounts::add(Key key) {
  if (key != kUncounted) ++counts_[key];
}

void AddressCounts::remove(Key key) {
  const auto found = counts_.find(key);
  if (found != counts_.end() && --found->second == 0) counts_.erase(found);
}

}  // namespace tornado::http

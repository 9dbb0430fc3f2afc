// The header that a proxy sends first: the PROXY protocol.
#include "http/message/proxy_header.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tornado::http {
namespace {

using namespace std::string_literals;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string binary(char command, char family, const std::string& rest) {
  const auto size = rest.size();
  return kSignature + command + family + static_cast<char>(size >> 8) +
         static_cast<char>(size & 255) + rest;
}

const std::string kIPv4 = "\xC0\x00\x02\x07\xC0\x00\x02\x01\xDC\x04\x01\xBB"s;
const std::string kIPv6 = "\x20\x01\x0D\xB8"s + std::string(11, '\0') + "\x07"s +
                          std::string(15, '\0') + "\x01\xDC\x04\x01\xBB"s;

struct Good {
  std::string header;
  std::string client;
};

const std::vector<Good>& good_headers() {
  static const std::vector<Good> headers = {
      {"PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n", "192.0.2.7"},
      {"PROXY TCP6 2001:DB8::7 ::1 0 65535\r\n", "2001:db8::7"},
      {"PROXY UNKNOWN\r\n", ""},
      {"PROXY UNKNOWN ffff::1 whatever\r\n", ""},
      {binary('\x21', '\x11', kIPv4), "192.0.2.7"},
      {binary('\x21', '\x21', kIPv6), "2001:db8::7"},
      {binary('\x21', '\x11', kIPv4 + "\x04\x00\x02xx"s), "192.0.2.7"},  // a TLV after it
      {binary('\x21', '\x31', std::string(216, 'a')), ""},               // a Unix socket
      {binary('\x21', '\0', ""), ""},                                    // unknown
      {binary('\x20', '\0', ""), ""},                                    // LOCAL: a health check
      {binary('\x20', '\x11', kIPv4), ""},
  };
  return headers;
}

TEST(ProxyHeader, names_the_client_whatever_follows) {
  for (const Good& good : good_headers()) {
    for (const std::string after : {"", "GET / HTTP/1.1\r\n", "\r\nPROXY "}) {
      const ProxyHeader header = parse_proxy_header(good.header + after);
      EXPECT_EQ(header.status, ProxyHeaderStatus::kDone) << good.header;
      EXPECT_EQ(header.size, good.header.size()) << good.header;
      EXPECT_EQ(header.client, good.client) << good.header;
    }
  }
}

TEST(ProxyHeader, every_part_of_a_header_needs_more) {
  for (const Good& good : good_headers()) {
    for (std::size_t size = 0; size < good.header.size(); ++size) {
      EXPECT_EQ(parse_proxy_header(good.header.substr(0, size)).status,
                ProxyHeaderStatus::kNeedMore)
          << size << " bytes of " << good.header;
    }
  }
}

TEST(ProxyHeader, a_malformed_header_is_bad) {
  const std::vector<std::string> headers = {
      "GET / HTTP/1.1\r\n\r\n",
      "proxy TCP4 192.0.2.7 192.0.2.1 1 2\r\n",
      "PROXY TCP5 192.0.2.7 192.0.2.1 1 2\r\n",
      "PROXY \r\n",
      "PROXY TCP4\r\n",
      "PROXY TCP4 192.0.2.7 192.0.2.1\r\n",
      "PROXY TCP4 192.0.2.7 192.0.2.1 1\r\n",
      "PROXY TCP4 192.0.2.7 192.0.2.1 1 2 3\r\n",
      "PROXY TCP4 192.0.2.7 192.0.2.1 1 65536\r\n",
      "PROXY TCP4 192.0.2.7 192.0.2.1 01 2\r\n",
      "PROXY TCP4 192.0.2.7 192.0.2.1 -1 2\r\n",
      "PROXY TCP4 192.0.2.256 192.0.2.1 1 2\r\n",
      "PROXY TCP4 2001:db8::7 192.0.2.1 1 2\r\n",
      "PROXY TCP6 192.0.2.7 ::1 1 2\r\n",
      "PROXY TCP4  192.0.2.7 192.0.2.1 1 2\r\n",
      "PROXY TCP4 192.0.2.7\0 192.0.2.1 1 2\r\n"s,
      "PROXY UNKNOWN" + std::string(200, ' ') + "\r\n",  // more than 107 bytes
      "PROXY TCP4 192.0.2.7 192.0.2.1 1 2\n" + std::string(80, 'x'),
      binary('\x11', '\x11', kIPv4),            // version 1 in binary
      binary('\x22', '\x11', kIPv4),            // no such command
      binary('\x21', '\x11', kIPv4.substr(1)),  // too short for its addresses
      binary('\x21', '\x21', kIPv4),            // the same for IPv6
      kSignature + "\x21\x11\xFF\xFF"s,         // announces 65,535 bytes
      kSignature.substr(0, 11) + "X",
  };
  for (const std::string& header : headers) {
    const ProxyHeader parsed = parse_proxy_header(header);
    EXPECT_EQ(parsed.status, ProxyHeaderStatus::kBad) << header;
    EXPECT_NE(std::string(parsed.reason), "") << header;
  }
}

}  // namespace
}  // namespace tornado::http

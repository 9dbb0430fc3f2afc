#include "http/server/xheaders.h"

#include <tornado/httputil.h>
#include <tornado/netutil.h>

#include <algorithm>
#include <string_view>

#include "http/message/chars.h"

namespace tornado::http {
namespace {

// Removes the last entry from a comma-separated list and returns it.
std::string_view pop_last(std::string_view& list) {
  const auto comma = list.rfind(',');
  const std::string_view last =
      trim_blanks(comma == std::string_view::npos ? list : list.substr(comma + 1));
  list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
  return last;
}

std::string forwarded_for(std::string_view list, const std::vector<std::string>& trusted) {
  std::string_view entry;
  do {
    entry = pop_last(list);
  } while (!list.empty() && std::find(trusted.begin(), trusted.end(), entry) != trusted.end());
  return std::string(entry);
}

}  // namespace

void apply_xheaders(const httputil::HTTPHeaders& headers, const std::vector<std::string>& trusted,
                    httputil::HTTPRequestContext& context) {
  std::string ip = headers.get("X-Real-Ip");
  if (ip.empty()) ip = forwarded_for(headers.get("X-Forwarded-For"), trusted);
  if (netutil::is_valid_ip(ip)) context.remote_ip = std::move(ip);

  std::string scheme = headers.get("X-Scheme");
  if (scheme.empty()) scheme = headers.get("X-Forwarded-Proto");
  std::string_view list = scheme;
  const std::string_view last = pop_last(list);
  if (last == "http" || last == "https") context.protocol = last;
}

}  // namespace tornado::http

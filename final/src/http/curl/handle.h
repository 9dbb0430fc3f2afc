// Internal header. RAII owners of libcurl's objects, and a way to set options without macros.
#pragma once

#include <curl/curl.h>
#include <tornado/curl_httpclient.h>

#include <memory>
#include <new>
#include <string>
#include <type_traits>

namespace tornado::http {

struct CurlDeleter {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
using CurlEasy = std::unique_ptr<CURL, CurlDeleter>;

// State that several handles share; it must outlive them.
struct CurlShareDeleter {
  void operator()(CURLSH* share) const noexcept { curl_share_cleanup(share); }
};
using CurlShare = std::unique_ptr<CURLSH, CurlShareDeleter>;

// A list of lines that libcurl reads during a transfer (curl_slist).
class CurlLines {
 public:
  CurlLines() = default;
  CurlLines(const CurlLines&) = delete;
  CurlLines& operator=(const CurlLines&) = delete;
  ~CurlLines() { curl_slist_free_all(lines_); }

  void add(const std::string& line) {
    curl_slist* const longer = curl_slist_append(lines_, line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    lines_ = longer;
  }
  curl_slist* get() const noexcept { return lines_; }

 private:
  curl_slist* lines_ = nullptr;
};

// Throws CurlError if libcurl rejects the value. libcurl copies strings.
template <class T>
void set_option(CURL* easy, CURLoption option, T value) {
  static_assert(std::is_pointer_v<T> || std::is_same_v<T, long> || std::is_same_v<T, curl_off_t>,
                "libcurl reads exactly these types");
  const CURLcode result = (curl_easy_setopt)(easy, option, value);
  if (result != CURLE_OK) throw curl_httpclient::CurlError(result, curl_easy_strerror(result));
}
inline void set_option(CURL* easy, CURLoption option, const std::string& value) {
  set_option(easy, option, value.c_str());
}

}  // namespace tornado::http

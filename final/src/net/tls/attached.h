// Internal header: our own objects that live as long as an SSL_CTX.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <new>

namespace tornado::ssl::detail {

// At most one T per context.
template <class T>
class Attached {
 public:
  static T& set(SSL_CTX* context, std::unique_ptr<T> object) {
    if (::SSL_CTX_set_ex_data(context, index(), object.get()) != 1) throw std::bad_alloc();
    return *object.release();
  }
  // Returns null if there is none.
  static T* get(const SSL_CTX* context) noexcept {
    return static_cast<T*>(::SSL_CTX_get_ex_data(context, index()));
  }

 private:
  static void free(void* /*context*/, void* object, CRYPTO_EX_DATA* /*data*/, int /*index*/,
                   long /*number*/, void* /*argument*/) {
    delete static_cast<T*>(object);
  }
  static int index() {
    static const int one = ::SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &free);
    return one;
  }
};

}  // namespace tornado::ssl::detail

// TLS streams: which certificates are trusted, and what passes once the handshake is done.
#include <openssl/ssl.h>

#include <fstream>

#include "net/tls/ssl_context.h"
#include "tls_test_tools.h"

namespace tornado {
namespace {

using iostream::IOStream;
using iostream::SSLIOStream;
using test::authority;
using test::client_options;
using test::run;
using test::run_until;
using test::server_options;
using test::shake_hands;

// Returns a server's options with this certificate.
ssl::SSLOptions showing(const test::Identity& identity) {
  ssl::SSLOptions options;
  options.certfile = identity.file;
  return options;
}

template <class E>
void expect_refused(const Future<IOStream>& handshake, const std::string& why) {
  ASSERT_TRUE(handshake.done());
  EXPECT_TRUE(test::holds<E>(handshake.exception()));
  EXPECT_NE(test::message_of(handshake.exception()).find(why), std::string::npos)
      << test::message_of(handshake.exception());
}

// ---- trust --------------------------------------------------------------------------------------

// IOS-16
TEST(TlsTrust, a_good_certificate_by_name_and_by_address) {
  ioloop::IOLoop loop;
  for (const char* host : {"localhost", "localhost.", "127.0.0.1"}) {
    const auto pair = shake_hands(loop, server_options(), client_options(), host);
    ASSERT_EQ(pair.client.exception(), nullptr)
        << host << test::message_of(pair.client.exception());
    const SSLIOStream client(pair.client.result());
    const SSLIOStream server(pair.server.result());
    EXPECT_EQ(client.version(), "TLSv1.3");
    EXPECT_FALSE(client.cipher().empty());
    EXPECT_EQ(server.server_hostname(), std::string(host).starts_with('l') ? "localhost" : "");
    EXPECT_EQ(client.peer_certificate()->subject, "CN=localhost");
    EXPECT_FALSE(server.peer_certificate().has_value());
  }
}

// IOS-17
TEST(TlsTrust, a_certificate_for_another_host) {
  ioloop::IOLoop loop;
  const auto by_name = shake_hands(loop, server_options(), client_options(), "example.org");
  expect_refused<ssl::SSLCertVerificationError>(by_name.client, "hostname mismatch");
  expect_refused<ssl::SSLError>(by_name.server, "alert");
  const auto by_ip = shake_hands(loop, server_options(), client_options(), "127.0.0.2");
  expect_refused<ssl::SSLCertVerificationError>(by_ip.client, "IP address mismatch");
}

TEST(TlsTrust, wildcards_stand_for_one_label) {
  ioloop::IOLoop loop;
  test::CertificateSpec spec;
  spec.alt_names = "DNS:*.example.org";
  const auto identity = authority().issue(spec);
  for (const auto& [host, good] :
       {std::pair("www.example.org", true), {"example.org", false}, {"a.b.example.org", false}}) {
    const auto pair = shake_hands(loop, showing(identity), client_options(), host);
    EXPECT_EQ(pair.client.exception() == nullptr, good) << host;
  }
}

TEST(TlsTrust, expired_and_not_yet_valid) {
  ioloop::IOLoop loop;
  test::CertificateSpec old;
  old.valid_from = -7200;
  old.valid_until = -3600;
  const auto expired = authority().issue(old);
  expect_refused<ssl::SSLCertVerificationError>(
      shake_hands(loop, showing(expired), client_options()).client, "has expired");
  test::CertificateSpec early;
  early.valid_from = 1800;
  const auto future = authority().issue(early);
  expect_refused<ssl::SSLCertVerificationError>(
      shake_hands(loop, showing(future), client_options()).client, "not yet valid");
}

TEST(TlsTrust, self_signed_and_unknown_authority) {
  ioloop::IOLoop loop;
  const auto own = authority().self_signed();
  expect_refused<ssl::SSLCertVerificationError>(
      shake_hands(loop, showing(own), client_options()).client, "self-signed");
  const test::Authority stranger("Stranger");
  const auto theirs = stranger.issue();
  expect_refused<ssl::SSLCertVerificationError>(
      shake_hands(loop, showing(theirs), client_options()).client,
      "unable to get local issuer certificate");
}

TEST(TlsTrust, by_default_the_systems_authorities_are_trusted_and_ours_is_not_one) {
  ioloop::IOLoop loop;
  expect_refused<ssl::SSLCertVerificationError>(
      shake_hands(loop, server_options(), ssl::SSLContext()).client,
      "unable to get local issuer certificate");
}

TEST(TlsTrust, what_is_switched_off_is_not_checked) {
  ioloop::IOLoop loop;
  ssl::SSLOptions trusting;
  trusting.cert_reqs = ssl::CertReqs::kNone;
  const auto any = shake_hands(loop, server_options(), trusting, "example.org");
  EXPECT_EQ(any.client.exception(), nullptr);
  EXPECT_EQ(SSLIOStream(any.server.result()).server_hostname(), "example.org");
  EXPECT_EQ(shake_hands(loop, server_options(), trusting, "").client.exception(), nullptr);
  auto any_name = client_options();
  any_name.check_hostname = false;
  EXPECT_EQ(shake_hands(loop, server_options(), any_name, "example.org").client.exception(),
            nullptr);
}

TEST(TlsTrust, a_client_that_checks_must_name_the_host) {
  ioloop::IOLoop loop;
  const auto plain = test::stream_pair();
  EXPECT_THROW(static_cast<void>(plain.client.start_tls(false, client_options())),
               std::invalid_argument);
  EXPECT_THROW(
      static_cast<void>(plain.client.start_tls(false, client_options(), std::string("a\0b", 3))),
      std::invalid_argument);
  EXPECT_FALSE(plain.client.closed());
}

TEST(TlsTrust, client_certificates) {
  ioloop::IOLoop loop;
  auto asking = server_options();
  asking.ca_certs = authority().file();
  test::CertificateSpec spec;
  spec.common_name = "a client";
  spec.alt_names = "email:client@example.org";
  const auto good = authority().issue(spec);
  const test::Authority stranger("Stranger");
  const auto bad = stranger.issue(spec);
  auto with = client_options();
  with.certfile = good.file;

  const auto pair = shake_hands(loop, asking, with);
  ASSERT_EQ(pair.server.exception(), nullptr) << test::message_of(pair.server.exception());
  const auto certificate = SSLIOStream(pair.server.result()).peer_certificate();
  ASSERT_TRUE(certificate.has_value());
  EXPECT_EQ(certificate->subject, "CN=a client");
  EXPECT_EQ(certificate->issuer, "CN=Test Authority");
  EXPECT_EQ(certificate->subject_alt_names, std::vector<std::string>{"email:client@example.org"});
  EXPECT_FALSE(certificate->serial_number.empty());
  EXPECT_EQ(certificate->not_after - certificate->not_before, 7200);
  EXPECT_FALSE(certificate->der.empty());

  const auto missing = shake_hands(loop, asking, client_options());
  expect_refused<ssl::SSLError>(missing.server, "peer did not return a certificate");
  auto wrong = client_options();
  wrong.certfile = bad.file;
  expect_refused<ssl::SSLCertVerificationError>(shake_hands(loop, asking, wrong).server,
                                                "unable to get local issuer certificate");
  asking.cert_reqs = ssl::CertReqs::kOptional;
  EXPECT_EQ(shake_hands(loop, asking, client_options()).server.exception(), nullptr);
  EXPECT_NE(shake_hands(loop, asking, wrong).server.exception(), nullptr);
}

// A TLS 1.3 client is done before the server has seen its certificate.
TEST(TlsTrust, a_refused_client_reads_why) {
  ioloop::IOLoop loop;
  auto asking = server_options();
  asking.ca_certs = authority().file();
  const auto pair = shake_hands(loop, asking, client_options());
  ASSERT_EQ(pair.client.exception(), nullptr);
  const auto read = pair.client.result().read_bytes(1);
  run_until(loop, [&] { return read.done(); });
  try {
    read.result();
    ADD_FAILURE();
  } catch (const iostream::StreamClosedError& error) {
    EXPECT_TRUE(test::holds<ssl::SSLError>(error.real_error));
    EXPECT_NE(test::message_of(error.real_error).find("certificate required"), std::string::npos);
  }
}

TEST(TlsTrust, versions) {
  ioloop::IOLoop loop;
  auto old = client_options();
  old.maximum_version = ssl::TLSVersion::kTLSv1_2;
  const auto pair = shake_hands(loop, server_options(), old);
  ASSERT_EQ(pair.client.exception(), nullptr);
  EXPECT_EQ(SSLIOStream(pair.client.result()).version(), "TLSv1.2");
  auto modern = server_options();
  modern.minimum_version = ssl::TLSVersion::kTLSv1_3;
  expect_refused<ssl::SSLError>(shake_hands(loop, modern, old).client, "alert protocol version");
}

TEST(TlsTrust, ciphers) {
  ioloop::IOLoop loop;
  auto client = client_options();
  client.maximum_version = ssl::TLSVersion::kTLSv1_2;
  client.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
  const auto pair = shake_hands(loop, server_options(), client);
  ASSERT_EQ(pair.client.exception(), nullptr);
  EXPECT_EQ(SSLIOStream(pair.client.result()).cipher(), "ECDHE-ECDSA-AES128-GCM-SHA256");
}

TEST(TlsTrust, by_default_every_cipher_has_forward_secrecy) {
  for (const bool server_side : {true, false}) {
    ssl::SSLContext context(server_side ? server_options() : client_options());
    const auto connection = context.impl().connection(server_side, "localhost");
    const STACK_OF(SSL_CIPHER)* const ciphers = ::SSL_get_ciphers(connection.get());
    ASSERT_GT(sk_SSL_CIPHER_num(ciphers), 0);
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
      const SSL_CIPHER* const cipher = sk_SSL_CIPHER_value(ciphers, i);
      EXPECT_NE(::SSL_CIPHER_get_kx_nid(cipher), NID_kx_rsa) << ::SSL_CIPHER_get_name(cipher);
    }
  }
}

TEST(TlsAlpn, the_servers_first_choice_that_both_know) {
  ioloop::IOLoop loop;
  auto server = server_options();
  server.alpn_protocols = {"h2", "http/1.1"};
  auto client = client_options();
  client.alpn_protocols = {"spdy/3", "http/1.1", "h2"};
  const auto pair = shake_hands(loop, server, client);
  EXPECT_EQ(SSLIOStream(pair.client.result()).selected_alpn_protocol(), "h2");
  EXPECT_EQ(SSLIOStream(pair.server.result()).selected_alpn_protocol(), "h2");
  client.alpn_protocols = {"imap"};
  const auto none = shake_hands(loop, server, client);
  EXPECT_EQ(SSLIOStream(none.client.result()).selected_alpn_protocol(), "");
}

// ---- options ------------------------------------------------------------------------------------

void expect_bad(const ssl::SSLOptions& options, bool server_side, const std::string& why) {
  try {
    netutil::ssl_options_to_context(options, server_side);
    ADD_FAILURE() << "took what should fail with " << why;
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find(why), std::string::npos) << error.what();
  }
}

// NET-10 TCP-01
TEST(TlsOptions, options_that_do_not_work_say_why) {
  expect_bad({}, true, "missing key \"certfile\"");
  ssl::SSLOptions options;
  options.certfile = authority().path("none.pem");
  expect_bad(options, true, "none.pem\": No such file");
  options = {};
  options.keyfile = test::localhost_identity().file;
  expect_bad(options, false, "keyfile without certfile");
  options = server_options();
  options.keyfile = authority().file();
  expect_bad(options, true, "key values mismatch");
  options = server_options();
  options.ciphers = "NO-SUCH-CIPHER";
  expect_bad(options, true, "no cipher match");
  options = server_options();
  options.cert_reqs = ssl::CertReqs::kRequired;
  expect_bad(options, true, "needs ca_certs");
  options = client_options();
  options.alpn_protocols = {""};
  expect_bad(options, false, "ALPN");
  options.alpn_protocols = {};
  options.ca_certs = authority().path("garbage.pem");
  std::ofstream(options.ca_certs) << "not a certificate";
  expect_bad(options, false, "garbage.pem");
}

TEST(TlsOptions, an_encrypted_key_is_refused_without_asking_the_terminal) {
  ssl::SSLOptions options;
  options.certfile = authority().path("encrypted.pem");
  test::Authority::save(test::localhost_identity(), options.certfile, "secret");
  expect_bad(options, true, "keyfile");
}

TEST(TlsOptions, reload_takes_new_files_and_keeps_the_old_if_they_are_bad) {
  ioloop::IOLoop loop;
  ssl::SSLOptions options;
  options.certfile = authority().path("renewed.pem");
  const auto first = authority().issue();
  test::Authority::save(first, options.certfile);
  const auto server = netutil::ssl_options_to_context(options, true);
  const auto serial = [&] {
    const auto pair = shake_hands(loop, server, client_options());
    return SSLIOStream(pair.client.result()).peer_certificate()->serial_number;
  };
  const std::string before = serial();
  const auto open = shake_hands(loop, server, client_options());

  const auto second = authority().issue();
  test::Authority::save(second, options.certfile);
  EXPECT_EQ(serial(), before);
  server.reload();
  const std::string after = serial();
  EXPECT_NE(after, before);

  std::ofstream(options.certfile) << "half a certif";
  EXPECT_THROW(server.reload(), std::invalid_argument);
  EXPECT_EQ(serial(), after);

  const IOStream client = open.client.result();  // from before, and unharmed
  const IOStream peer = open.server.result();
  run(loop, [=]() -> Future<void> {
    co_await client.write("still here\n");
    EXPECT_EQ(co_await peer.read_until("\n"), "still here\n");
  });
}

TEST(TlsOptions, contexts_are_handles) {
  EXPECT_EQ(ssl::SSLContext(), ssl::SSLContext());
  const ssl::SSLContext one(client_options());
  const ssl::SSLContext copy = one;  // NOLINT(performance-unnecessary-copy-initialization)
  EXPECT_EQ(one, copy);
  EXPECT_NE(one, ssl::SSLContext(client_options()));
}

}  // namespace
}  // namespace tornado

// WebSocket's codecs: frames, messages, and the texts of the handshake, with bytes that arrive in
// pieces of any size.
#include <gtest/gtest.h>
#include <zlib.h>

#include <limits>
#include <string>
#include <vector>

#include "base/text/utf8_validator.h"
#include "http/websocket/deflate.h"
#include "http/websocket/frame.h"
#include "http/websocket/handshake.h"
#include "http/websocket/message.h"

namespace tornado::http {
namespace {

using escape::Utf8Validator;

constexpr MaskKey kKey = {'\x37', '\xfa', '\x21', '\x3d'};  // RFC 6455 5.7

std::string frame(Opcode opcode, std::string_view payload, bool fin = true, bool rsv1 = false,
                  bool masked = true) {
  std::string out;
  append_frame_header(out, opcode, fin, rsv1, payload.size(), masked ? &kKey : nullptr);
  if (masked) {
    append_masked(out, payload, kKey);
  } else {
    out.append(payload);
  }
  return out;
}

MessageRules server_rules(bool compressed = false) {
  MessageRules rules;
  rules.frames.masked = true;
  rules.frames.compressed = compressed;
  return rules;
}

// Returns a reader's results, as text: "text:..", "ping:..", and at the end "bad 1002 reason".
struct Reading {
  std::vector<std::string> events;
  std::size_t unread = 0;
  bool operator==(const Reading&) const = default;
};

std::string event(const MessageResult& result) {
  const std::string payload(result.payload);
  switch (result.status) {
    case MessageStatus::kText:
      return "text:" + payload;
    case MessageStatus::kBinary:
      return "binary:" + payload;
    case MessageStatus::kClose:
      return "close:" + payload;
    case MessageStatus::kPing:
      return "ping:" + payload;
    case MessageStatus::kPong:
      return "pong:" + payload;
    case MessageStatus::kBad:
      return "bad " + std::to_string(result.code) + " " + result.reason;
    case MessageStatus::kNeedMore:
      break;
  }
  return "?";
}

// Presents the bytes as a stream does: those not consumed come again, with `step` more.
Reading read(std::string_view bytes, const MessageRules& rules, std::size_t step) {
  MessageReader reader(rules);
  Reading reading;
  std::string scratch;
  std::size_t begin = 0;
  for (std::size_t end = 0; end < bytes.size();) {
    end = std::min(end + step, bytes.size());
    while (begin < end) {
      // A copy of exactly this size lets AddressSanitizer detect a read beyond what has arrived.
      const std::vector<char> arrived(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                                      bytes.begin() + static_cast<std::ptrdiff_t>(end));
      const MessageResult result = reader.next({arrived.data(), arrived.size()}, scratch);
      EXPECT_LE(result.consumed, arrived.size());
      begin += result.consumed;
      if (result.status != MessageStatus::kNeedMore) reading.events.push_back(event(result));
      if (result.status == MessageStatus::kBad) return reading;
      if (result.status == MessageStatus::kNeedMore && result.consumed == 0) break;
    }
  }
  reading.unread = bytes.size() - begin;
  return reading;
}

// Expects the same events however the bytes are cut.
Reading read_all_ways(std::string_view bytes, const MessageRules& rules = server_rules()) {
  const Reading whole = read(bytes, rules, bytes.size());
  for (const std::size_t step : {1U, 2U, 3U, 5U, 7U, 64U, 1000U}) {
    EXPECT_EQ(read(bytes, rules, step), whole) << "in steps of " << step;
  }
  return whole;
}

std::vector<std::string> events(std::string_view bytes,
                                const MessageRules& rules = server_rules()) {
  const Reading reading = read_all_ways(bytes, rules);
  EXPECT_EQ(reading.unread, 0U);
  return reading.events;
}

using Events = std::vector<std::string>;

// ---- UTF-8 --------------------------------------------------------------------------------------

bool is_utf8(std::string_view text, std::size_t step) {
  Utf8Validator utf8;
  for (; !text.empty(); text.remove_prefix(std::min(step, text.size()))) {
    if (!utf8.take(text.substr(0, step))) return false;
  }
  return utf8.complete();
}

TEST(Utf8Validator, takes_every_code_point_and_nothing_else_cut_anywhere) {
  const std::vector<std::string> good = {"",
                                         "ascii only, longer than eight bytes",
                                         "\x7f",
                                         "\xc2\x80",
                                         "\xdf\xbf",
                                         "\xe0\xa0\x80",
                                         "\xed\x9f\xbf",
                                         "\xee\x80\x80",
                                         "\xef\xbf\xbf",
                                         "\xf0\x90\x80\x80",
                                         "\xf4\x8f\xbf\xbf",
                                         "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"};
  const std::vector<std::string> bad = {"\x80",
                                        "\xbf",
                                        "\xc0\x80",
                                        "\xc1\xbf",
                                        "\xc2",
                                        "\xc2\x7f",
                                        "\xc2\xc0",
                                        "\xe0\x9f\xbf",
                                        "\xed\xa0\x80",
                                        "\xed\xbf\xbf",
                                        "\xe1\x80",
                                        "\xf0\x8f\xbf\xbf",
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80",
                                        "\xf0\x90\x80",
                                        "\xfe",
                                        "\xff",
                                        "12345678\x80"};
  for (const std::size_t step : {1U, 2U, 3U, 100U}) {
    for (const auto& text : good) EXPECT_TRUE(is_utf8(text, step)) << text;
    for (const auto& text : bad) EXPECT_FALSE(is_utf8(text, step)) << text;
  }
}

TEST(Utf8Validator, refuses_with_the_first_byte_that_cannot_be) {
  Utf8Validator utf8;
  EXPECT_TRUE(utf8.take("\xf4"));
  EXPECT_FALSE(utf8.take("\x90"));
}

// ---- frames -------------------------------------------------------------------------------------

TEST(WsFrame, examples_of_RFC_6455_5_7) {
  EXPECT_EQ(frame(Opcode::kText, "Hello"), "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
  EXPECT_EQ(frame(Opcode::kText, "Hello", true, false, false), "\x81\x05Hello");
  EXPECT_EQ(frame(Opcode::kPing, "Hello", true, false, false), "\x89\x05Hello");
  EXPECT_EQ(frame(Opcode::kBinary, std::string(256, 'x'), true, false, false).substr(0, 4),
            std::string("\x82\x7e\x01\x00", 4));
  EXPECT_EQ(frame(Opcode::kBinary, std::string(65536, 'x'), true, false, false).substr(0, 10),
            std::string("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10));
}

// UT-03
TEST(WsFrame, masks_from_any_place_of_a_payload) {
  std::string text(100, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 7);
  for (std::size_t size = 0; size <= 40; ++size) {
    for (std::size_t position = 0; position < 9; ++position) {
      std::string masked(size, '\0');
      apply_mask(masked.data(), text.data(), size, kKey, position);
      for (std::size_t i = 0; i < size; ++i) {
        ASSERT_EQ(masked[i], static_cast<char>(text[i] ^ kKey[(position + i) % 4]));
      }
    }
  }
}

TEST(WsFrame, keys_differ) {
  EXPECT_NE(random_mask_key(), random_mask_key());
}

TEST(WsMessage, frames_of_each_length_form) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65535U, 65536U, 70000U}) {
    const std::string payload(size, 'x');
    const std::string bytes = frame(Opcode::kBinary, payload);
    EXPECT_EQ(read(bytes, server_rules(), bytes.size()).events, Events{"binary:" + payload});
    EXPECT_EQ(read(bytes, server_rules(), 1000).events, Events{"binary:" + payload});
  }
}

// Behaviour 5.2: reserved bits, opcodes, masks, lengths, control frames.
TEST(WsMessage, every_reserved_bit_and_opcode) {
  for (int first = 0; first < 256; ++first) {
    std::string bytes = frame(Opcode::kText, "");
    bytes[0] = static_cast<char>(first);
    const int opcode = first & 0x0F;
    const bool control = (opcode & 8) != 0;
    for (const bool compressed : {false, true}) {
      const Reading reading = read_all_ways(bytes, server_rules(compressed));
      bool good = (first & 0x30) == 0 && (opcode <= 2 || (opcode >= 8 && opcode <= 10));
      if (opcode == 0) good = false;  // there is nothing to continue
      if ((first & 0x40) != 0 && (!compressed || control)) good = false;
      if (control && (first & 0x80) == 0) good = false;
      const bool refused = !reading.events.empty() && reading.events[0].starts_with("bad 1002");
      EXPECT_EQ(refused, !good) << std::hex << first << " compressed " << compressed;
    }
  }
}

TEST(WsMessage, masks_must_be_there_from_clients_and_must_not_from_servers) {
  EXPECT_EQ(events(frame(Opcode::kText, "a", true, false, false)),
            Events{"bad 1002 unmasked client frame"});
  MessageRules client;
  client.frames.masked = false;
  EXPECT_EQ(events(frame(Opcode::kText, "a"), client), Events{"bad 1002 masked server frame"});
  EXPECT_EQ(events(frame(Opcode::kText, "a", true, false, false), client), Events{"text:a"});
}

TEST(WsMessage, lengths_in_their_shortest_form_only) {
  const std::string key(kKey.data(), 4);
  const auto with_length = [&](std::string length) {
    return "\x82" + length + key + std::string(1000, 'x');
  };
  const Events refused = {"bad 1002 length not in its shortest form"};
  EXPECT_EQ(events(with_length(std::string("\xfe\x00\x7d", 3))), refused);
  EXPECT_EQ(events(with_length(std::string("\xff\x00\x00\x00\x00\x00\x00\xff\xff", 9))), refused);
  EXPECT_EQ(events(with_length(std::string("\xff\x80\x00\x00\x00\x00\x00\x00\x00", 9))),
            Events{"bad 1002 length of 2^63 or more"});
}

TEST(WsMessage, control_frames) {
  EXPECT_EQ(events(frame(Opcode::kPing, std::string(125, 'p'))),
            Events{"ping:" + std::string(125, 'p')});
  EXPECT_EQ(events(frame(Opcode::kPing, std::string(126, 'p'))),
            Events{"bad 1002 control frame too long"});
  EXPECT_EQ(events(frame(Opcode::kPing, "p", false)), Events{"bad 1002 fragmented control frame"});
  EXPECT_EQ(events(frame(Opcode::kPong, "x") + frame(Opcode::kClose, "")),
            (Events{"pong:x", "close:"}));
}

TEST(WsMessage, fragments_with_control_frames_between_them) {
  EXPECT_EQ(events(frame(Opcode::kText, "one ", false) + frame(Opcode::kPing, "?") +
                   frame(Opcode::kContinuation, "", false) + frame(Opcode::kPong, "!") +
                   frame(Opcode::kContinuation, "two") + frame(Opcode::kBinary, "\x80")),
            (Events{"ping:?", "pong:!", "text:one two", "binary:\x80"}));
  EXPECT_EQ(events(frame(Opcode::kText, "", false) + frame(Opcode::kContinuation, "")),
            Events{"text:"});
  EXPECT_EQ(events(frame(Opcode::kText, "one", false) + frame(Opcode::kText, "two")),
            Events{"bad 1002 new message within a fragmented one"});
  EXPECT_EQ(events(frame(Opcode::kContinuation, "one")),
            Events{"bad 1002 continuation of no message"});
}

TEST(WsMessage, text_is_checked_across_fragments_and_before_it_is_whole) {
  EXPECT_EQ(events(frame(Opcode::kText, "\xe2\x82", false) + frame(Opcode::kContinuation, "\xac")),
            Events{"text:\xe2\x82\xac"});
  EXPECT_EQ(events(frame(Opcode::kText, "\xe2\x82")), Events{"bad 1007 text that is not UTF-8"});
  EXPECT_EQ(events(frame(Opcode::kBinary, "\xe2\x82")), Events{"binary:\xe2\x82"});
  // The first bytes of a frame of a mebibyte are enough.
  std::string bytes = frame(Opcode::kText, std::string("\xff") + std::string(1'048'576, 'x'));
  EXPECT_EQ(read(std::string_view(bytes).substr(0, 20), server_rules(), 20).events,
            Events{"bad 1007 text that is not UTF-8"});
}

TEST(WsMessage, the_limit_counts_fragments_and_comes_before_the_payload) {
  MessageRules rules = server_rules();
  rules.max_size = 10;
  EXPECT_EQ(events(frame(Opcode::kText, "0123456789"), rules), Events{"text:0123456789"});
  const std::string over = frame(Opcode::kText, "0123456789a");
  EXPECT_EQ(read(std::string_view(over).substr(0, 6), rules, 6).events,
            Events{"bad 1009 message too big"});
  EXPECT_EQ(
      events(frame(Opcode::kText, "012345", false) + frame(Opcode::kContinuation, "6789", false) +
                 frame(Opcode::kContinuation, "a"),
             rules),
      Events{"bad 1009 message too big"});
}

// ---- close --------------------------------------------------------------------------------------

TEST(WsClose, every_code) {
  for (int code = 0; code <= 65535; ++code) {
    const std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code)};
    ClosePayload close;
    const bool good = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                      (code >= 3000 && code <= 4999);
    ASSERT_EQ(parse_close_payload(payload, close), good ? 0 : 1002) << code;
    ASSERT_EQ(close.code, good ? code : 0);
  }
}

TEST(WsClose, payloads) {
  ClosePayload close;
  EXPECT_EQ(parse_close_payload("", close), 0);
  EXPECT_EQ(close.code, 0);
  EXPECT_EQ(parse_close_payload("\x03", close), 1002);
  const std::string with_reason = close_payload(1000, "a reason");
  EXPECT_EQ(parse_close_payload(with_reason, close), 0);
  EXPECT_EQ(close.reason, "a reason");
  EXPECT_EQ(parse_close_payload(close_payload(1000, "\xff"), close), 1007);
  EXPECT_EQ(parse_close_payload(close_payload(1000, "\xe2\x82"), close), 1007);
  EXPECT_EQ(close_payload(0, ""), "");
}

// ---- compression --------------------------------------------------------------------------------

std::string compressed(Deflater& deflater, std::string_view text) {
  std::string out;
  deflater.compress(text, out);
  return out;
}

// RFC 7692 7.2.3.
TEST(WsDeflate, examples_of_RFC_7692) {
  const MessageRules rules = server_rules(true);
  const auto message = [](std::string_view payload) {
    return frame(Opcode::kText, payload, true, true);
  };
  const std::string hello("\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
  const std::string again("\xf2\x00\x11\x00\x00", 5);
  EXPECT_EQ(events(message(hello) + message(again), rules), (Events{"text:Hello", "text:Hello"}));
  EXPECT_EQ(
      events(frame(Opcode::kText, hello.substr(0, 3), false, true) +
                 frame(Opcode::kPing, "between") + frame(Opcode::kContinuation, hello.substr(3)),
             rules),
      (Events{"ping:between", "text:Hello"}));
  const std::string stored("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11);
  EXPECT_EQ(events(message(stored), rules), Events{"text:Hello"});
  // A last block, followed by text that refers to the text before the block.
  const std::string last("\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8);
  EXPECT_EQ(events(message(last) + message(again), rules), (Events{"text:Hello", "text:Hello"}));
  const std::string two("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13);
  EXPECT_EQ(events(message(two), rules), Events{"text:Hello"});
  const std::string empty("\0", 1);
  EXPECT_EQ(events(message(empty) + message(hello) + message(empty), rules),
            (Events{"text:", "text:Hello", "text:"}));
  DeflateSettings settings;
  Deflater deflater(settings);
  EXPECT_EQ(compressed(deflater, "Hello"), hello);
  EXPECT_EQ(compressed(deflater, "Hello"), again);
  EXPECT_EQ(compressed(deflater, ""), empty);
}

// One side inflates what the other compresses: every window, with takeover and without.
TEST(WsDeflate, round_trips) {
  std::vector<std::string> texts = {"", "a", std::string(100'000, 'x'), ""};
  std::string mixed;
  for (int i = 0; i < 40'000; ++i) mixed += static_cast<char>('a' + i * i % 23 + i / 9973);
  texts.push_back(mixed);
  texts.push_back(mixed.substr(7));
  for (std::uint8_t bits = 8; bits <= 15; ++bits) {
    for (const bool takeover : {true, false}) {
      DeflateSettings settings;
      settings.window_bits = bits;
      settings.takeover = takeover;
      Deflater own(settings);
      MessageRules rules = server_rules(true);
      rules.window_bits = bits;
      rules.takeover = takeover;
      std::string bytes;
      Events expected;
      for (const std::string& text : texts) {
        Deflater& deflater = takeover ? own : shared_deflater(settings);
        bytes += frame(Opcode::kBinary, compressed(deflater, text), true, true);
        expected.push_back("binary:" + text);
      }
      EXPECT_EQ(read(bytes, rules, bytes.size()).events, expected) << int{bits} << takeover;
      EXPECT_EQ(read(bytes, rules, 777).events, expected) << int{bits} << takeover;
    }
  }
}

TEST(WsDeflate, a_message_that_stands_for_itself_may_come_between_others) {
  DeflateSettings settings;
  Deflater own(settings);
  std::string bytes = frame(Opcode::kText, compressed(own, "one two three"), true, true);
  bytes += frame(Opcode::kText, compressed(shared_deflater(settings), "one two"), true, true);
  own.reset();  // it has not seen what the peer now has
  bytes += frame(Opcode::kText, compressed(own, "one two three"), true, true);
  bytes += frame(Opcode::kText, compressed(own, "one two three"), true, true);
  EXPECT_EQ(
      events(bytes, server_rules(true)),
      (Events{"text:one two three", "text:one two", "text:one two three", "text:one two three"}));
}

TEST(WsDeflate, the_limit_is_on_the_inflated_size) {
  MessageRules rules = server_rules(true);
  rules.max_size = 1000;
  DeflateSettings settings;
  settings.takeover = false;
  const auto bomb = [&](std::size_t size) {
    const std::string text(size, 'x');
    return frame(Opcode::kText, compressed(shared_deflater(settings), text), true, true);
  };
  EXPECT_EQ(events(bomb(1000), rules), Events{"text:" + std::string(1000, 'x')});
  EXPECT_EQ(events(bomb(1001), rules), Events{"bad 1009 message too big after decompression"});
  EXPECT_EQ(events(bomb(100'000), rules), Events{"bad 1009 message too big after decompression"});
}

TEST(WsDeflate, the_limit_may_be_none) {
  DeflateSettings settings;
  Deflater deflater(settings);
  Inflater inflater(15);
  std::string out;
  constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(inflater.inflate(compressed(deflater, "hello"), out, kNone), InflateStatus::kOk);
  EXPECT_EQ(inflater.finish(out, kNone), InflateStatus::kOk);
  EXPECT_EQ(out, "hello");
}

// Returns `text` as a complete DEFLATE stream that refers to the text `before` it.
std::string whole_stream(const std::string& text, const std::string& before) {
  z_stream stream{};
  EXPECT_EQ(::deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string known = before;
  if (!known.empty()) {
    ::deflateSetDictionary(&stream, reinterpret_cast<Bytef*>(known.data()),
                           static_cast<uInt>(known.size()));
  }
  std::string in = text;
  std::string out(in.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

// RFC 7692 7.2.3.4: a message of several streams, with the window empty, partly full and full.
TEST(WsDeflate, a_stream_refers_to_the_text_of_the_streams_before_it) {
  std::string noise;  // contains no repetition
  for (std::uint32_t i = 1; noise.size() < 100'000; i = i * 1'664'525 + 1'013'904'223) {
    noise += static_cast<char>(i >> 24);
  }
  const std::vector<std::size_t> sizes{0, 10, 20'000, 32'768, 32'769, 100'000};
  for (const std::size_t size : sizes) {
    const std::string first = noise.substr(0, size);
    const std::string window = first.substr(size - std::min<std::size_t>(size, 32'000));
    const std::string again = whole_stream(window, window);
    EXPECT_LE(again.size(), window.size() / 50 + 20) << "it refers to nothing";
    const std::string wire = whole_stream(first, "") + again + again;
    for (const std::size_t step : {wire.size(), std::size_t{1000}, std::size_t{7}}) {
      Inflater inflater(15);
      std::string out;
      for (std::size_t at = 0; at < wire.size(); at += step) {
        ASSERT_EQ(inflater.inflate(wire.substr(at, step), out, 1'000'000), InflateStatus::kOk);
      }
      EXPECT_EQ(inflater.finish(out, 1'000'000), InflateStatus::kOk);
      EXPECT_TRUE(out == first + window + window) << size << " in steps of " << step;
    }
  }
}

TEST(WsDeflate, a_megabyte_of_streams_without_text) {
  const std::string last("\x03\x00", 2);
  std::string wire;
  while (wire.size() < 1'000'000) wire += last;
  Inflater inflater(15);
  std::string out;
  EXPECT_EQ(inflater.inflate(wire, out, 1000), InflateStatus::kOk);
  EXPECT_EQ(inflater.finish(out, 1000), InflateStatus::kOk);
  EXPECT_EQ(out, "");
}

TEST(WsDeflate, data_that_does_not_inflate_or_is_not_text) {
  const MessageRules rules = server_rules(true);
  EXPECT_EQ(events(frame(Opcode::kText, "\xff\xff\xff", true, true), rules),
            Events{"bad 1007 data that does not inflate"});
  // A reference to text before the beginning.
  EXPECT_EQ(events(frame(Opcode::kText, std::string("\xf2\x00\x11\x00\x00", 5), true, true), rules),
            Events{"bad 1007 data that does not inflate"});
  DeflateSettings settings;
  Deflater deflater(settings);
  EXPECT_EQ(events(frame(Opcode::kText, compressed(deflater, "\xff"), true, true), rules),
            Events{"bad 1007 text that is not UTF-8"});
}

// ---- the handshake ------------------------------------------------------------------------------

TEST(WsHandshake, keys) {
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_TRUE(is_websocket_key("dGhlIHNhbXBsZSBub25jZQ=="));
  EXPECT_TRUE(is_websocket_key(make_websocket_key()));
  EXPECT_NE(make_websocket_key(), make_websocket_key());
  for (const char* bad :
       {"", "x", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=x",
        "dGhlIHNhbXBsZSBub25jZ===", "dGhlIHNhbXBsZSBub25jZQ==,x", "dGhl IHNhbXBsZSBub25jZ=="}) {
    EXPECT_FALSE(is_websocket_key(bad)) << bad;
  }
}

TEST(WsHandshake, extension_lists) {
  const auto list = parse_extensions(R"( foo , bar; x; y = 2 ;z="3",, baz )");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 3U);
  EXPECT_EQ((*list)[1].name, "bar");
  ASSERT_EQ((*list)[1].parameters.size(), 3U);
  EXPECT_FALSE((*list)[1].parameters[0].value);
  EXPECT_EQ((*list)[1].parameters[1].value, "2");
  EXPECT_EQ((*list)[1].parameters[2].value, "3");
  EXPECT_TRUE(parse_extensions("")->empty());
  for (const char* bad : {"foo;", "foo; =1", "foo; a=", "foo bar", "\"foo\"", "foo; a=\"b",
                          "foo; a=\"b c\"", "foo; a=\"\"", "foo; a=\"b\\"}) {
    EXPECT_FALSE(parse_extensions(bad)) << bad;
  }
}

// RFC 7692 7.1: which offers are accepted, how, and which are skipped.
// WS-14
TEST(WsHandshake, a_server_chooses_among_offers) {
  const auto answer = [](std::string_view offers, const DeflateWish& wish = {}) {
    const auto agreement = choose_deflate(offers, wish);
    return agreement ? deflate_answer(*agreement) : "declined";
  };
  const std::string plain = "permessage-deflate";
  EXPECT_EQ(answer("permessage-deflate"), plain);
  EXPECT_EQ(answer("x-webkit-deflate-frame, permessage-deflate"), plain);
  EXPECT_EQ(answer("permessage-deflate; client_max_window_bits"), plain);
  EXPECT_EQ(answer("permessage-deflate; client_max_window_bits=10"),
            plain + "; client_max_window_bits=10");
  EXPECT_EQ(answer("permessage-deflate; client_max_window_bits=\"10\""),
            plain + "; client_max_window_bits=10");
  EXPECT_EQ(answer("permessage-deflate; server_max_window_bits=8"),
            plain + "; server_max_window_bits=8");
  EXPECT_EQ(answer("permessage-deflate; server_max_window_bits=15"),
            plain + "; server_max_window_bits=15");
  EXPECT_EQ(answer("permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
            plain + "; server_no_context_takeover; client_no_context_takeover");
  for (const char* bad :
       {"", "foo", "permessage-deflate; unknown", "permessage-deflate; unknown=1",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=08",
        "permessage-deflate; server_max_window_bits=ten",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=x",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=true",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
        "permessage-deflate; ="}) {
    EXPECT_EQ(answer(bad), "declined") << bad;
  }
  EXPECT_EQ(answer("permessage-deflate; server_max_window_bits=99, permessage-deflate"), plain);
  DeflateWish small;
  small.window_bits = 10;
  small.takeover = false;
  EXPECT_EQ(answer("permessage-deflate", small),
            plain +
                "; server_no_context_takeover; client_no_context_takeover"
                "; server_max_window_bits=10");
  EXPECT_EQ(answer("permessage-deflate; client_max_window_bits", small),
            plain +
                "; server_no_context_takeover; client_no_context_takeover"
                "; server_max_window_bits=10; client_max_window_bits=10");
}

// WS-14
TEST(WsHandshake, a_client_reads_the_answer) {
  const auto status = [](std::string_view value, const DeflateWish& wish = {}) {
    DeflateAgreement agreement;
    return read_deflate_answer(value, wish, agreement);
  };
  EXPECT_EQ(deflate_offer({}), "permessage-deflate; client_max_window_bits");
  EXPECT_EQ(status(""), AnswerStatus::kNone);
  EXPECT_EQ(status("permessage-deflate"), AnswerStatus::kAgreed);
  for (const char* bad :
       {"foo", "permessage-deflate, permessage-deflate", "permessage-deflate; x",
        "permessage-deflate; client_max_window_bits", "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_no_context_takeover=1", "permessage-deflate;"}) {
    EXPECT_EQ(status(bad), AnswerStatus::kBad) << bad;
  }
  DeflateWish small;
  small.window_bits = 9;
  EXPECT_EQ(deflate_offer(small),
            "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9");
  EXPECT_EQ(status("permessage-deflate", small), AnswerStatus::kBad);
  EXPECT_EQ(status("permessage-deflate; server_max_window_bits=9", small), AnswerStatus::kAgreed);
  DeflateWish alone;
  alone.takeover = false;
  EXPECT_EQ(status("permessage-deflate", alone), AnswerStatus::kBad);
  DeflateAgreement agreement;
  EXPECT_EQ(read_deflate_answer("permessage-deflate; server_no_context_takeover; "
                                "client_max_window_bits=12; server_max_window_bits=11",
                                {}, agreement),
            AnswerStatus::kAgreed);
  EXPECT_FALSE(agreement.server_takeover);
  EXPECT_TRUE(agreement.client_takeover);
  EXPECT_EQ(agreement.client_window_bits, 12);
  EXPECT_EQ(agreement.server_window_bits, 11);
}

}  // namespace
}  // namespace tornado::http

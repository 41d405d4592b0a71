// Hostile HTTP: requests smuggled, endless, deep, cut off, dripping, random. Each is refused with a 4xx (or 501) or its
// connection is closed in time; nothing takes effect, nothing grows, and normal orders are served meanwhile.
#include <sys/resource.h>

#include <cstdlib>
#include <random>
#include <regex>
#include <set>

#include "scenarios/hostile.h"
#include "support/exchanges.h"

namespace ldt::testing {
namespace {

constexpr std::chrono::seconds kPromptly{8};  // to close a connection whose request is refused
constexpr std::chrono::seconds kSlowEnd{25};  // to close one that drips: the server gives a request 10 s
constexpr int kThreads = 16;

struct Row {
  std::string what;
  std::string bytes;
  std::string answers;  // a regular expression of the statuses, in order: "400", "200 400"; "": closed without any
  bool half_close = false;
};

std::string times(const std::string& text, std::size_t count) {
  std::string all;
  all.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

std::string statuses_in(const std::vector<Answer>& answers) {
  std::string all;
  for (const auto& answer : answers) all += (all.empty() ? "" : " ") + std::to_string(answer.status);
  return all;
}

class HostileHttp : public Hostile {
 protected:
  void expect_refused(const std::vector<Row>& rows) {
    in_parallel(static_cast<int>(rows.size()), kThreads,
                [&](int i) { expect_refused(rows[static_cast<std::size_t>(i)]); });
  }

  void expect_refused(const Row& row) {
    const auto received = RawSocket(market.http_address()).exchange(row.bytes, row.half_close, kPromptly);
    record_raw_exchange(row.bytes, received.bytes);
    const auto statuses = statuses_in(answers_in(received.bytes));
    EXPECT_TRUE(std::regex_match(statuses, std::regex(row.answers)))
        << row.what << ": '" << statuses << "', not '" << row.answers << "'\n"
        << received.bytes.substr(0, 300);
    EXPECT_TRUE(received.closed) << row.what << ": still open after " << received.after.count() << " ms";
  }

  /// The header of a POST of an order, but for what ends it.
  static std::string post(const std::string& lines) {
    return "POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + lines;
  }
  /// An order in full, with a length, after which the connection is to be closed.
  static std::string post_of(const std::string& body) {
    return post("Connection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n") + body;
  }
  static std::string chunk(const std::string& data) {
    char size[20];
    std::snprintf(size, sizeof(size), "%zx\r\n", data.size());
    return size + data + "\r\n";
  }
  static std::string get(const std::string& lines) { return "GET /healthz HTTP/1.1\r\nHost: x\r\n" + lines + "\r\n"; }
};

TEST_F(HostileHttp, WithTwoOrWrongLengthsIsRefused) {
  const std::string body = tempting_body();
  const std::string length = std::to_string(body.size());
  const std::string smuggled = post_of(body);
  const auto lengths = [&](const std::string& lines) { return post(lines + "\r\n") + body; };
  const auto chunked = [&](const std::string& lines) { return post(lines + "\r\n") + chunk(body) + "0\r\n\r\n"; };
  expect_refused({
      {"length, then chunked", post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") + smuggled,
       "400"},
      {"chunked, then length", chunked("Transfer-Encoding: chunked\r\nContent-Length: " + length + "\r\n"), "400"},
      {"two lengths", lengths("Content-Length: " + length + "\r\nContent-Length: 0\r\n") + smuggled, "400"},
      {"the same length twice", lengths("Content-Length: " + length + "\r\nContent-Length: " + length + "\r\n"), "400"},
      {"a list of lengths", lengths("Content-Length: " + length + ", " + length + "\r\n"), "400"},
      {"length with a plus", lengths("Content-Length: +" + length + "\r\n"), "400"},
      {"negative length", lengths("Content-Length: -" + length + "\r\n"), "400"},
      {"hexadecimal length", lengths("Content-Length: 0x10\r\n"), "400"},
      {"no digits", lengths("Content-Length: \r\n"), "400"},
      {"length beyond 2^64", lengths("Content-Length: 18446744073709551617\r\n"), "400"},
      {"length just below 2^64", lengths("Content-Length: 18446744073709551615\r\n"), "413|400"},
      {"length of 2^63", lengths("Content-Length: 9223372036854775808\r\n"), "413|400"},
      {"length of 300 digits", lengths("Content-Length: " + times("9", 300) + "\r\n"), "400"},
      {"another coding", chunked("Transfer-Encoding: xchunked\r\n"), "501"},
      {"identity", lengths("Transfer-Encoding: identity\r\nContent-Length: " + length + "\r\n"), "400|501"},
      {"chunked twice", chunked("Transfer-Encoding: chunked, chunked\r\n"), "501|400"},
      {"chunked in two lines", chunked("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "501|400"},
      {"chunked behind a vertical tab",
       chunked("Transfer-Encoding: \x0B"
               "chunked\r\n"),
       "501|400"},
      {"chunked in HTTP/1.0", "POST /v1/orders HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(body), "501"},
      {"space before the colon", chunked("Transfer-Encoding : chunked\r\n"), "400"},
      {"folded header", chunked("Transfer-Encoding:\r\n chunked\r\n"), "400"},
      {"folded length", lengths("Content-Length:\r\n\t" + length + "\r\n"), "400"},
      {"bare LF", "POST /v1/orders HTTP/1.1\nHost: x\nContent-Length: " + length + "\n\n" + body, "400"},
      {"bare LF in a header", chunked("X: a\nTransfer-Encoding: chunked\r\n"), "400"},
      {"bare CR in a header", chunked("X: a\rTransfer-Encoding: chunked\r\n"), "400"},
      {"NUL in a header", lengths(std::string("X: a\0b\r\nContent-Length: ", 24) + length + "\r\n"), "400"},
      {"NUL in a name", lengths(std::string("X\0Y: a\r\n", 8)), "400"},
      {"no name", lengths(": a\r\n"), "400"},
      {"no colon", lengths("Content-Length\r\n"), "400"},
  });
}

TEST_F(HostileHttp, InChunksIsRefused) {
  const std::string body = tempting_body();
  const auto chunks = [&](const std::string& text) { return post("Transfer-Encoding: chunked\r\n\r\n") + text; };
  expect_refused({
      {"no size", chunks("zz\r\n" + body), "400"},
      {"negative size", chunks("-1\r\n" + body), "400"},
      {"size with a plus", chunks("+1\r\n" + body), "400"},
      {"hexadecimal mark", chunks("0x20\r\n" + body + "\r\n\r\n"), "400"},
      {"size beyond 2^64", chunks("1FFFFFFFFFFFFFFFF\r\n" + body), "400|413"},
      {"size of 2^63", chunks("8000000000000000\r\n" + body), "400|413"},
      {"endless size", chunks(times("0", 100'000)), "400|431"},
      {"endless extension", chunks("1;" + times("x", 200'000)), "400|431"},
      {"extensions in number", chunks("1" + times(";a=b", 50'000)), "400|431"},
      {"bare LF behind the size", chunks("2a\n" + body + "\r\n0\r\n\r\n"), "400"},
      {"more than its size", chunks("5\r\n" + body + "\r\n0\r\n\r\n"), "400"},
      {"length in the trailer", chunks(chunk(body) + "0\r\nContent-Length: 3\r\n\r\n"), "400"},
      {"endless trailer", chunks(chunk("{}") + "0\r\nX: " + times("x", 200'000)), "400|431"},
      {"a byte at a time", chunks(times(chunk("["), 70'000)), "413|400"},
      {"10 MB", chunks(times(chunk(times(" ", 65'000)), 160)), "413"},
      {"cut off", chunks("ff\r\n" + body), "", true},
  });
}

TEST_F(HostileHttp, AByteAtATimeIsServedAsAnyOther) {
  const std::string body = Json{{"user", user()}, {"sku", sku()}, {"quantity", 1}}.dump();
  const std::string bytes =
      post("Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n") + chunk(body) + "0\r\nX-Trailer: x\r\n\r\n";
  const std::string empty = post("Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n") + "0\r\n\r\n";
  for (const auto& [text, status] : {std::pair{bytes, "202"}, std::pair{empty, "400"}}) {
    RawSocket socket(market.http_address());
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
      ASSERT_EQ(socket.send_some(text.substr(i, 1)), 1) << "closed after " << i << " bytes";
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(statuses_in(answers_in(socket.exchange(text.substr(text.size() - 1), false, kPromptly).bytes)), status);
  }
}

TEST_F(HostileHttp, BeyondEveryMeasureIsRefused) {
  const std::string megabyte = times("x", 1'000'000);
  std::vector<Row> rows{
      {"a header of a megabyte", get("X: " + megabyte + "\r\n"), "431"},
      {"a header that does not end", "GET / HTTP/1.1\r\nHost: x\r\nX: " + megabyte, "431"},
      {"a name of a megabyte", get(megabyte + ": x\r\n"), "431|400"},
      {"5,000 headers", get(times("X: y\r\n", 5'000)), "431"},
      {"101 headers", get(times("X: y\r\n", 101)), "431"},
      {"a path of 9 KB", "GET /" + times("p", 9'000) + " HTTP/1.1\r\nHost: x\r\n\r\n", "414"},
      {"a path of a megabyte", "GET /" + megabyte + " HTTP/1.1\r\nHost: x\r\n\r\n", "414|431"},
      {"a query of a megabyte", "GET /v1/orders?user=" + megabyte + " HTTP/1.1\r\nHost: x\r\n\r\n", "414|431"},
      {"a method of a megabyte", megabyte + " / HTTP/1.1\r\nHost: x\r\n\r\n", "400|431"},
      {"100,000 deep", post_of(times("[", 100'000)), "413"},
      {"100,000 deep, chunked", post("Transfer-Encoding: chunked\r\n\r\n") + chunk(times("[", 100'000)) + "0\r\n\r\n",
       "413"},
      {"65,000 deep", post_of(times("[", 65'000)), "400"},
      {"10,000 objects deep", post_of(times("{\"a\":", 10'000)), "400"},
      {"30,000 deep and closed", post_of(times("[", 30'000) + times("]", 30'000)), "400"},
      {"20,000 members", post_of("{" + times("\"a\":1,", 10'000) + "\"a\":1}"), "4(00|13|22)"},
      {"a name of 60 KB", post_of("{\"" + times("n", 60'000) + "\":1}"), "422"},
      {"a number of 60 KB", post_of("{\"quantity\":" + times("9", 60'000) + "}"), "4(00|22)"},
  };
  const std::string ten_megabytes = times(" ", 10'000'000);
  for (int i = 0; i < 16; ++i) rows.push_back({"10 MB", post_of(ten_megabytes), "413"});
  expect_refused(rows);
}

TEST_F(HostileHttp, InAnotherLanguageIsRefused) {
  const auto odd = [&](const std::string& user) {
    return post_of("{\"user\":\"" + user + "\",\"sku\":\"late-day\",\"quantity\":1}");
  };
  expect_refused({
      {"HTTP/0.9", "GET /\r\n", "400"},
      {"HTTP/0.9 of an order", "POST /v1/orders\r\n\r\n" + tempting_body(), "400"},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string("\0\0\0\4\0\0\0\0\0", 9), "400"},
      {"HTTP/3.0", "GET / HTTP/3.0\r\nHost: x\r\n\r\n", "400"},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + times("\x55", 500), "400"},
      {"NULs", std::string(5'000, '\0'), "400|431"},
      {"nothing at all", "", "", true},
      {"empty lines", times("\r\n", 20'000), "400|431"},
      {"a request line that stops", "POST /v1/ord", "", true},
      {"a header that stops", post("Content-Le"), "", true},
      {"a body that stops", post("Content-Length: 500\r\n\r\n") + tempting_body(), "", true},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", "400"},
      {"two Hosts", get("Host: y\r\n"), "400"},
      {"a blank in the path", "GET /v1/orders x HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"another expectation", post("Expect: 200-ok\r\nContent-Length: 2\r\n\r\n{}"), "417"},
      {"half a character", odd("a\xC3"), "400"},
      {"overlong UTF-8", odd("\xC0\xAF"), "400"},
      {"half a pair in UTF-8", odd("\xED\xA0\x80"), "400"},
      {"a character beyond Unicode", odd("\xF4\x90\x80\x80"), "400"},
      {"NUL in a string", odd(std::string(1, '\0')), "400"},
      {"NUL behind the body", post_of(tempting_body() + std::string(1, '\0')), "400"},
      {"garbage behind a request", get("") + std::string("\xff\x00\xfe garbage\r\n\r\n", 15), "200 400"},
      {"garbage behind two requests", get("") + get("") + times("garbage ", 5'000), "200 200 4(00|31)"},
      {"half closed behind a request", get(""), "200", true},
  });
}

/// Good requests for an unknown SKU with some bytes changed, and bytes that were never a request.
class Noise {
 public:
  explicit Noise(std::uint64_t seed) : engine_(seed) {}

  std::string next() { return below(3) == 0 ? random_bytes() : mutated(); }

 private:
  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(engine_); }

  std::string random_bytes() {
    std::string bytes(1 + below(8'000), '\0');
    for (auto& byte : bytes) byte = static_cast<char>(below(256));
    return bytes;
  }

  std::string mutated() {
    const std::string body = R"({"user":"nobody","sku":"no-such-sku-at-all","quantity":1})";
    std::string bytes = "POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " +
                        std::to_string(body.size()) + "\r\n\r\n" + body;
    for (std::size_t i = 0, changes = 1 + below(4); i < changes; ++i) change(bytes);
    return bytes;
  }

  void change(std::string& bytes) {
    const std::size_t at = below(bytes.size());
    const std::size_t length = 1 + below(std::min<std::size_t>(20, bytes.size() - at));
    switch (below(4)) {
      case 0:
        bytes[at] = static_cast<char>(below(256));
        break;
      case 1:
        bytes.erase(at, length);
        break;
      case 2:
        bytes.insert(at, bytes.substr(at, length));
        break;
      default:
        bytes.insert(at, 1, "\r\n\t \0:;,{}[]\"\\"[below(15)]);
        break;
    }
    if (bytes.empty()) bytes = "x";
  }

  std::mt19937_64 engine_;
};

TEST_F(HostileHttp, OfRandomBytesHasNoEffect) {
  constexpr int kConnections = 600;
  const char* wanted = std::getenv("LDT_SEED");
  const std::uint64_t seed = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : std::random_device{}();
  std::printf("seed: LDT_SEED=%llu\n", static_cast<unsigned long long>(seed));
  in_parallel(kConnections, kThreads, [&](int i) {
    const std::string bytes = Noise(seed + static_cast<std::uint64_t>(i)).next();
    const auto received = RawSocket(market.http_address()).exchange(bytes, true, kPromptly);
    EXPECT_TRUE(received.closed) << "connection " << i << " is still open";
    for (const auto& answer : answers_in(received.bytes)) {
      EXPECT_GE(answer.status, 400) << "connection " << i << ": " << answer;
      EXPECT_NE(answer.status, 500) << "connection " << i << ": " << answer;
    }
  });
}

/// A connection that sends a byte now and then.
struct Dripping {
  std::string what, bytes;
  RawSocket socket;
  std::size_t sent = 0;
  std::string received;
  std::optional<std::chrono::milliseconds> closed_after;
};

class HostileCrowd : public HostileHttp {
 protected:
  static void allow_many_connections() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }

  void add(const std::string& what, const std::string& bytes, std::size_t at_once, int count) {
    for (int i = 0; i < count; ++i) {
      dripping_.push_back({what, bytes, RawSocket(market.http_address()), at_once, {}, {}});
      dripping_.back().socket.send_some(bytes.substr(0, at_once));
    }
  }

  /// Gives each another byte, until the server has closed all of them; false if it does not in time.
  bool drip(const std::function<void()>& meanwhile) {
    const auto began = std::chrono::steady_clock::now();
    const auto since = [&] {
      return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    };
    std::size_t open = dripping_.size();
    while (open > 0 && since() < kSlowEnd) {
      open = 0;
      for (auto& one : dripping_) {
        if (one.closed_after) continue;
        one.socket.send_some(one.bytes.substr(one.sent % one.bytes.size(), 1));
        ++one.sent;
        if (one.socket.drain(one.received)) one.closed_after = since();
        open += one.closed_after ? 0 : 1;
      }
      meanwhile();
    }
    return open == 0;
  }

  std::vector<Dripping> dripping_;
};

TEST_F(HostileCrowd, ThatDripsIdlesComesAndGoesIsEndedAndServesNobodyWorse) {
  constexpr int kIdle = 1'000, kEach = 40, kComeAndGo = 20;
  allow_many_connections();
  std::vector<RawSocket> idle;
  for (int i = 0; i < kIdle; ++i) idle.emplace_back(market.http_address());
  std::vector<RawSocket> deaf;  // ask for much and read nothing
  for (int i = 0; i < kEach; ++i) {
    deaf.emplace_back(market.http_address());
    deaf.back().send_some(times("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 200));
  }
  const std::string header = post("X-Filler: ");
  const std::string length = post("Content-Length: 5000\r\n\r\n");
  const std::string chunks = post("Transfer-Encoding: chunked\r\n\r\n");
  add("header", header + times("f", 5'000), 5, kEach);
  add("value of a header", header + times("f", 5'000), header.size(), kEach);
  add("body", length + times(" ", 5'000), length.size(), kEach);
  add("size of a chunk", chunks + times("0", 5'000), chunks.size(), kEach);
  add("chunk", chunks + "1000\r\n" + times(" ", 5'000), chunks.size() + 6, kEach);
  const bool ended = drip([&] {
    for (int i = 0; i < kComeAndGo; ++i) RawSocket(market.http_address()).reset();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  });
  EXPECT_TRUE(ended) << "the server lets requests drip for ever";
  for (const auto& one : dripping_) {
    record_raw_exchange("", one.received);
    const auto statuses = statuses_in(answers_in(one.received));
    EXPECT_TRUE(statuses == "408" || statuses.empty()) << one.what << ": " << statuses;
  }
}

}  // namespace
}  // namespace ldt::testing

// Hostile gRPC, over the Unix sockets of all four services: what is not HTTP/2, frames that break its rules, messages
// that are larger than allowed or than promised. Each ends with a refusal or a closed connection; no service dies or
// grows.
#include <map>

#include "scenarios/hostile.h"

namespace ldt::testing {
namespace {

constexpr std::chrono::seconds kPromptly{8};
const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum class Frame : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kReset = 3,
  kSettings = 4,
  kPing = 6,
  kWindow = 8,
  kMore = 9
};
constexpr std::uint8_t kEndStream = 1;
constexpr std::uint8_t kEndHeaders = 4;

std::string big_endian(std::uint32_t value, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text += static_cast<char>((value >> shift) & 0xFF);
  return text;
}

/// A frame that says it carries `length` bytes, whatever it does carry.
std::string frame_saying(std::uint32_t length, Frame type, std::uint8_t flags, std::uint32_t stream,
                         const std::string& payload) {
  return big_endian(length, 3) + static_cast<char>(type) + static_cast<char>(flags) + big_endian(stream, 4) + payload;
}

std::string frame(Frame type, std::uint8_t flags, std::uint32_t stream, const std::string& payload) {
  return frame_saying(static_cast<std::uint32_t>(payload.size()), type, flags, stream, payload);
}

std::string opening() { return kPreface + frame(Frame::kSettings, 0, 0, ""); }

/// A header field as HPACK writes one that it does not remember.
std::string field(const std::string& name, const std::string& value) {
  return std::string(1, '\0') + static_cast<char>(name.size()) + name + static_cast<char>(value.size()) + value;
}

std::string call_of(const std::string& method, std::uint32_t stream = 1) {
  return frame(Frame::kHeaders, kEndHeaders, stream,
               field(":method", "POST") + field(":scheme", "http") + field(":path", method) +
                   field(":authority", "localhost") + field("te", "trailers") +
                   field("content-type", "application/grpc"));
}

/// The data of a message that says it has `length` bytes.
std::string message_saying(std::uint32_t length, const std::string& bytes, char compressed = 0) {
  return frame(Frame::kData, 0, 1, std::string(1, compressed) + big_endian(length, 4) + bytes);
}

std::string times(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

/// Calls that are given up as soon as they are made.
std::string given_up(const std::string& method, std::uint32_t count) {
  std::string all;
  for (std::uint32_t i = 0; i < count; ++i) {
    all += call_of(method, 2 * i + 1) + frame(Frame::kReset, 0, 2 * i + 1, big_endian(8, 4));
  }
  return all;
}

/// Whether the server ended stream 1: by trailers, or by resetting it.
bool ended_the_stream(const std::string& bytes) {
  for (std::size_t at = 0; at + 9 <= bytes.size();) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[at + i]); };
    const std::size_t length = (byte(0) << 16) + (byte(1) << 8) + byte(2);
    const auto type = static_cast<Frame>(byte(3));
    const bool ends = type == Frame::kReset || (type == Frame::kHeaders && (byte(4) & kEndStream) != 0);
    if (byte(8) == 1 && ends) return true;
    at += 9 + length;
  }
  return false;
}

struct Attack {
  std::string what, bytes;
};

class HostileGrpc : public Hostile {
 protected:
  /// Each rule of HTTP/2 broken once, in each service.
  void break_the_rules() {
    in_all_services([&](const std::string& service) {
      const std::string call = call_of(method_of(service));
      const Attack attacks[] = {
          {"HTTP/1.1", "POST " + method_of(service) + " HTTP/1.1\r\nHost: x\r\n\r\n"},
          {"garbage", times("garbage ", 1'000)},
          {"NULs", std::string(10'000, '\0')},
          {"half a preface", kPreface.substr(0, 10)},
          {"garbage behind the preface", kPreface + times("\xFF", 5'000)},
          {"data of 16 MB", opening() + frame_saying(0xFFFFFF, Frame::kData, 0, 1, times("x", 1'000))},
          {"settings of 5 bytes", kPreface + frame(Frame::kSettings, 0, 0, "12345")},
          {"settings of a stream", kPreface + frame(Frame::kSettings, 0, 1, "")},
          {"headers of no stream", opening() + frame(Frame::kHeaders, kEndHeaders, 0, field("a", "b"))},
          {"headers that point nowhere", opening() + frame(Frame::kHeaders, kEndHeaders, 1, times("\xFF", 50))},
          {"an endless HPACK integer", opening() + frame(Frame::kHeaders, kEndHeaders, 1, "\x7F" + times("\xFF", 200))},
          {"a continuation of nothing", opening() + frame(Frame::kMore, kEndHeaders, 1, field("a", "b"))},
          {"headers without end", opening() + frame(Frame::kHeaders, 0, 1, field("a", "b")) +
                                      times(frame(Frame::kMore, 0, 1, times(field("a", times("b", 100)), 100)), 500)},
          {"a window of 0", opening() + frame(Frame::kWindow, 0, 0, big_endian(0, 4))},
          {"a window that overflows", opening() + times(frame(Frame::kWindow, 0, 0, big_endian(0x7FFFFFFF, 4)), 3)},
          {"2,000 pings", opening() + times(frame(Frame::kPing, 0, 0, "12345678"), 2'000)},
          {"2,000 calls given up", opening() + given_up(method_of(service), 2'000)},
          {"data before a call", opening() + message_saying(5, "12345")},
          {"a call cut off", opening() + call.substr(0, call.size() / 2)},
      };
      for (const auto& [what, bytes] : attacks) {
        const auto received = RawSocket(socket_of(service)).exchange(bytes, true, kPromptly);
        EXPECT_TRUE(received.closed) << service << ": " << what << " is still open after " << received.after.count()
                                     << " ms";
      }
    });
  }

  static std::string method_of(const std::string& service) {
    const std::map<std::string, std::string> methods{{"order", "/ldt.order.v1.OrderService/GetOrder"},
                                                     {"payment", "/ldt.payment.v1.PaymentService/Charge"},
                                                     {"inventory", "/ldt.inventory.v1.InventoryService/Reserve"},
                                                     {"delivery", "/ldt.delivery.v1.DeliveryService/Deliver"}};
    return methods.at(service);
  }
  [[nodiscard]] std::string socket_of(const std::string& service) const { return market.grpc_address(service); }

  void in_all_services(const std::function<void(const std::string& service)>& attack) {
    in_parallel(static_cast<int>(kServices.size()), static_cast<int>(kServices.size()),
                [&](int i) { attack(kServices[static_cast<std::size_t>(i)]); });
  }
};

TEST_F(HostileGrpc, ThatBreaksTheRulesOfHttp2IsClosed) {
  break_the_rules();
  measure();  // gRPC and the allocator keep some of what they once needed; it must not become more
  break_the_rules();
}

TEST_F(HostileGrpc, MessagesThatAreTooLargeOrNoMessagesAreRefused) {
  in_all_services([&](const std::string& service) {
    const std::string call = opening() + call_of(method_of(service));
    const Attack attacks[] = {
        {"no protobuf",
         call + message_saying(8, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF") + frame(Frame::kData, kEndStream, 1, "")},
        {"compressed, but how", call + message_saying(5, "12345", 1) + frame(Frame::kData, kEndStream, 1, "")},
        {"no such compression", call + message_saying(5, "12345", 7) + frame(Frame::kData, kEndStream, 1, "")},
        {"no such method", opening() + call_of("/ldt.x.v1.X/Y") + frame(Frame::kData, kEndStream, 1, "")},
        {"a message that stops", call + message_saying(1'000, "12345") + frame(Frame::kData, kEndStream, 1, "")},
        {"no message", call + frame(Frame::kData, kEndStream, 1, "")},
    };
    for (const auto& [what, bytes] : attacks) {
      RawSocket socket(socket_of(service));
      std::string received;
      ASSERT_EQ(socket.send_some(bytes), static_cast<long>(bytes.size())) << what;
      bool closed = false;
      const auto refused = [&] { return (closed = socket.drain(received)) || ended_the_stream(received); };
      EXPECT_TRUE(eventually(refused, kPromptly)) << service << ": " << what << " is neither refused nor closed";
    }
  });
}

TEST_F(HostileGrpc, PromisesOfGigabytesTakeNoMemory) {
  constexpr int kPromises = 32;
  in_all_services([&](const std::string& service) {
    std::vector<RawSocket> promising;
    for (int i = 0; i < kPromises; ++i) {
      const std::uint32_t size = i % 2 == 0 ? 0xFFFFFFFF : 4 * 1024 * 1024;
      promising.emplace_back(socket_of(service));
      promising.back().send_some(opening() + call_of(method_of(service)) + message_saying(size, "12345"));
    }
  });
}

/// What the server lets a client send, by HTTP/2's flow control.
class Windows {
 public:
  /// Takes in the frames that came since the last time.
  void read(const std::string& received) {
    while (at_ + 9 <= received.size() && at_ + 9 + number(received, at_, 3) <= received.size()) {
      const auto length = number(received, at_, 3);
      const std::size_t payload = at_ + 9;
      const auto type = static_cast<Frame>(received[at_ + 3]);
      if (type == Frame::kSettings) read_settings(received.substr(payload, length));
      if (type == Frame::kWindow) (received[at_ + 8] == 0 ? connection_ : stream_) += number(received, payload, 4);
      at_ = payload + length;
    }
  }
  [[nodiscard]] std::size_t open() const {
    return static_cast<std::size_t>(std::max<std::int64_t>(0, std::min(connection_, stream_)));
  }
  void take(std::size_t bytes) {
    connection_ -= static_cast<std::int64_t>(bytes);
    stream_ -= static_cast<std::int64_t>(bytes);
  }

 private:
  static std::uint32_t number(const std::string& text, std::size_t at, int bytes) {
    std::uint32_t value = 0;
    for (int i = 0; i < bytes; ++i)
      value = (value << 8) + static_cast<std::uint8_t>(text[at + static_cast<std::size_t>(i)]);
    return value;
  }
  void read_settings(const std::string& settings) {
    constexpr std::uint32_t kInitialWindow = 4;
    for (std::size_t at = 0; at + 6 <= settings.size(); at += 6) {
      if (number(settings, at, 2) != kInitialWindow) continue;
      stream_ += std::int64_t{number(settings, at + 2, 4)} - initial_;
      initial_ = number(settings, at + 2, 4);
    }
  }

  std::size_t at_ = 0;
  std::int64_t initial_ = 65'535, connection_ = 65'535, stream_ = 65'535;
};

/// Sends a message of so many bytes as fast as the server takes it. True once the server has refused it or has closed.
bool is_refused(RawSocket& socket, const std::string& call, std::uint32_t size) {
  constexpr std::size_t kFrame = 16 * 1024;
  std::string outgoing = call + message_saying(size, "");
  std::size_t left = size;
  std::string received;
  Windows windows;
  windows.take(5);
  return eventually(
      [&] {
        const bool closed = socket.drain(received);
        windows.read(received);
        while (left > 0 && windows.open() > 0 && outgoing.size() < 1'000'000) {
          const std::size_t piece = std::min({left, windows.open(), kFrame});
          outgoing += frame(Frame::kData, left == piece ? kEndStream : 0, 1, std::string(piece, '\0'));
          windows.take(piece);
          left -= piece;
        }
        outgoing.erase(0, static_cast<std::size_t>(std::max(0L, socket.send_some(outgoing))));
        return closed || ended_the_stream(received);
      },
      kPromptly);
}

TEST_F(HostileGrpc, MessagesBeyondTheLimitAreRefused) {
  constexpr std::uint32_t kBeyond = 16 * 1024 * 1024 + 1;
  in_all_services([&](const std::string& service) {
    RawSocket socket(socket_of(service));
    EXPECT_TRUE(is_refused(socket, opening() + call_of(method_of(service)), kBeyond)) << service;
  });
}

}  // namespace
}  // namespace ldt::testing

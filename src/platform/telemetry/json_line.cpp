// Formats log records by appending to one string: no tree, no allocation once the string has grown.
// Pure. Invariant: see the header.
#include "platform/telemetry/json_line.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <span>

#include "base/append_text.h"
#include "platform/telemetry/utf8.h"

namespace ldt::telemetry {
namespace {

/// Appends to a string by way of a buffer: a log line is made of many small pieces, each too small for a call.
class LineWriter {
 public:
  explicit LineWriter(std::string& out) : out_(out) {}
  ~LineWriter() { flush(); }
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  void raw(std::string_view text) {
    if (text.empty()) return;  // it may have no address, which memcpy must not be given
    if (text.size() > buffer_.size() - used_) flush();
    if (text.size() > buffer_.size()) {
      out_ += text;
      return;
    }
    std::memcpy(buffer_.data() + used_, text.data(), text.size());
    used_ += text.size();
  }
  void raw(char c) {
    if (used_ == buffer_.size()) flush();
    buffer_[used_++] = c;
  }
  void hex(std::span<const std::uint8_t> bytes) {
    for (const std::uint8_t byte : bytes) {
      const HexPair pair = hex_pair(byte);
      raw({pair.data(), pair.size()});
    }
  }

 private:
  void flush() {
    out_.append(buffer_.data(), used_);
    used_ = 0;
  }

  std::string& out_;
  std::array<char, 1024> buffer_;  // most lines fit
  std::size_t used_ = 0;
};

void write_control(LineWriter& out, unsigned char c) {
  switch (c) {
    case '\n':
      return out.raw("\\n");
    case '\r':
      return out.raw("\\r");
    case '\t':
      return out.raw("\\t");
    default:
      out.raw("\\u00");
      out.hex({&c, 1});
  }
}

bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

/// True if all eight bytes of `word` are plain: exactly is_plain() of each, but for bytes beyond ASCII, which are not.
bool all_plain(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHigh = 0x8080808080808080;
  const auto has_zero = [](std::uint64_t bytes) { return (bytes - kOnes) & ~bytes; };
  const std::uint64_t below_space = (word - kOnes * 0x20) & ~word;
  return ((word | below_space | has_zero(word ^ kOnes * '"') | has_zero(word ^ kOnes * '\\') |
           has_zero(word ^ kOnes * 0x7f)) &
          kHigh) == 0;
}

std::size_t plain_length(std::string_view text) {
  std::size_t length = 0;
  for (; length + 8 <= text.size(); length += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + length, 8);
    if (!all_plain(word)) break;
  }
  const std::size_t rest = text.size() - length;
  if (rest > 0 && rest < 8) {  // filled up with plain bytes
    std::uint64_t word = 0x2020202020202020;
    std::memcpy(&word, text.data() + length, rest);
    if (all_plain(word)) return text.size();
  }
  while (length < text.size() && is_plain(static_cast<unsigned char>(text[length]))) ++length;
  return length;
}

void write_string(LineWriter& out, std::string_view text) {
  out.raw('"');
  while (true) {
    const std::size_t plain = plain_length(text);
    out.raw(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto c = static_cast<unsigned char>(text.front());
    std::size_t length = 1;
    if (c == '"' || c == '\\') {
      out.raw('\\');
      out.raw(text.front());
    } else if (c < 0x20 || c == 0x7f) {
      write_control(out, c);
    } else {
      length = utf8_sequence(text);
      out.raw(length > 0 ? text.substr(0, length) : kReplacement);
      if (length == 0) length = 1;
    }
    text.remove_prefix(length);
  }
  out.raw('"');
}

template <class Number>
void write_number(LineWriter& out, Number value) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.raw({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

struct WriteValue {
  LineWriter& out;
  void operator()(std::string_view text) const { write_string(out, text); }
  void operator()(std::int64_t number) const { write_number(out, number); }
  void operator()(bool flag) const { out.raw(flag ? "true" : "false"); }
  void operator()(double number) const {
    if (std::isfinite(number)) {
      write_number(out, number);
    } else {
      out.raw("null");
    }
  }
};

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return "DEBUG";
    case Severity::kInfo:
      return "INFO";
    case Severity::kWarn:
      return "WARN";
    case Severity::kError:
      return "ERROR";
  }
  return "ERROR";
}

void append_json_line(std::string& line, WallTime time, Severity severity, std::string_view service,
                      std::string_view body, const TraceContext* context, Attributes attributes) {
  LineWriter out(line);
  const TimeText when = time_text(time);
  out.raw(R"({"time":")");
  out.raw({when.data(), when.size()});
  out.raw(R"(","severity":")");
  out.raw(to_string(severity));
  out.raw(R"(","service":)");
  write_string(out, service);
  out.raw(R"(,"body":)");
  write_string(out, body);
  if (context != nullptr && context->valid()) {
    out.raw(R"(,"trace_id":")");
    out.hex(context->trace_id);
    out.raw(R"(","span_id":")");
    out.hex(context->span_id);
    out.raw('"');
  }
  for (const Attribute& attribute : attributes) {
    out.raw(",\"");
    out.raw(attribute.key);  // a literal of the code: plain
    out.raw("\":");
    std::visit(WriteValue{out}, attribute.value);
  }
  out.raw("}\n");
}

}  // namespace ldt::telemetry

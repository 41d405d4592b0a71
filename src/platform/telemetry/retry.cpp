#include "platform/telemetry/retry.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

namespace ldt::telemetry {

using std::chrono::milliseconds;

milliseconds Retries::pause_after_failure(milliseconds wish, double chance) {
  if (failed_ < RetrySettings::kForEver) ++failed_;
  const std::chrono::duration<double, std::milli> longest = settings_.longest;
  const auto pause = std::min(pause_, longest) * (0.5 + chance / 2);
  pause_ = std::min(pause_ * settings_.factor, longest);
  return std::max({milliseconds{0}, std::chrono::duration_cast<milliseconds>(pause), std::min(wish, kLongestWish)});
}

milliseconds retry_after(std::string_view header, WallTime now) {
  unsigned seconds = 0;
  const char* const end = header.data() + header.size();
  const auto [rest, error] = std::from_chars(header.data(), end, seconds);
  if (rest == end && error == std::errc{}) return std::min<milliseconds>(std::chrono::seconds{seconds}, kLongestWish);
  std::tm date{};
  const std::string text(header);
  const char* const parsed = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (parsed == nullptr || *parsed != '\0') return milliseconds{0};
  const milliseconds until{std::int64_t{::timegm(&date)} * 1'000 - now.us / 1'000};
  return std::clamp(until, milliseconds{0}, kLongestWish);
}

}  // namespace ldt::telemetry

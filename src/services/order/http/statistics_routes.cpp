// GET /v1/statistics: what the processes of all four services have done and spent.
// Depends on Participants. Invariant: a service that cannot be asked is named as such, and hides no other one.
#include <array>
#include <atomic>
#include <memory>
#include <utility>

#include "platform/http/json_writer.h"
#include "services/order/http/answers.h"
#include "services/order/http/api_context.h"

namespace ldt::order {
namespace {

using http::append_integer;
using http::Comma;

constexpr std::size_t kStatisticsBytes = 2048;
constexpr std::array kPeers{saga::Participant::kPayment, saga::Participant::kInventory, saga::Participant::kDelivery};

void append_member(std::string& out, std::string_view name_and_colon, std::int64_t value) {
  out += name_and_colon;
  append_integer(out, value);
}

void append_batch_sizes(std::string& out, const std::vector<std::int64_t>& counts) {
  out += ",\"batch_sizes\":[";
  Comma comma;
  std::int64_t at_most = 1;
  for (const std::int64_t count : counts) {
    comma(out);
    append_member(out, "{\"at_most\":", at_most);
    append_member(out, ",\"count\":", count);
    out.push_back('}');
    at_most *= 2;
  }
  out.push_back(']');
}

void append_service(std::string& out, std::string_view name, const PeerResult<ServiceStatistics>& statistics) {
  out.append("{\"service\":\"").append(name).append("\",\"up\":");
  http::append_bool(out, statistics.has_value());
  if (statistics) {
    append_member(out, ",\"uptime_us\":", statistics->uptime_us);
    append_member(out, ",\"cpu_us\":", statistics->cpu_us);
    append_member(out, ",\"resident_bytes\":", statistics->resident_bytes);
    append_member(out, ",\"commits\":", statistics->commits);
    append_member(out, ",\"operations\":", statistics->operations);
    append_member(out, ",\"fsyncs\":", statistics->fsyncs);
    append_member(out, ",\"bytes_written\":", statistics->bytes_written);
    append_batch_sizes(out, statistics->batch_sizes);
  }
  out.push_back('}');
}

/// Gathers the answers of all; whoever brings the last one answers.
struct Gathering {
  explicit Gathering(http::Responder to) : responder(std::move(to)) {}

  http::Responder responder;
  std::array<PeerResult<ServiceStatistics>, kPeers.size()> peers;
  std::atomic<std::size_t> missing{kPeers.size()};
};

std::string statistics_json(const ServiceStatistics& own, const Gathering& gathering) {
  std::string out = "{\"services\":[";
  out.reserve(kStatisticsBytes);
  append_service(out, "order", own);
  for (std::size_t i = 0; i < kPeers.size(); ++i) {
    out.push_back(',');
    append_service(out, saga::to_string(kPeers[i]), gathering.peers[i]);
  }
  out += "]}";
  return out;
}

void show(const SharedContext& context, const http::Responder& responder) {
  const auto gathering = std::make_shared<Gathering>(responder);
  for (std::size_t i = 0; i < kPeers.size(); ++i) {
    context->participants.statistics(kPeers[i], [context, gathering, i](PeerResult<ServiceStatistics> result) {
      gathering->peers[i] = std::move(result);
      if (gathering->missing.fetch_sub(1) > 1) return;
      gathering->responder.answer_with([context, gathering] {
        return json_response(statistics_json(context->options.own_statistics(), *gathering));
      });
    });
  }
}

}  // namespace

void add_statistics_routes(http::Router& router, const SharedContext& context) {
  router.add(http::Method::kGet, "/v1/statistics",
             [context](const http::Request&, const http::Responder& responder) { show(context, responder); });
}

}  // namespace ldt::order

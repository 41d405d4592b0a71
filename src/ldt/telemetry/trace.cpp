// `ldt trace`: one order's way through all services, as the telemetry store has it.

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "ldt/client/api_client.h"
#include "ldt/commands.h"
#include "ldt/exit_codes.h"
#include "ldt/output/json_access.h"
#include "ldt/output/terminal.h"
#include "ldt/output/text.h"
#include "ldt/telemetry/waterfall.h"

namespace ldt {
namespace {

/// An order that has just ended is told of a moment later.
constexpr std::chrono::milliseconds kPatience{1'000};
constexpr std::chrono::milliseconds kPause{50};

/// The saga's own span is there, and those of the participants: each of the order service's attempts has one below it.
/// Not where a participant had none to tell, or was not yet asked for one: then the patience ends.
bool is_whole(const boost::json::value& trace) {
  std::set<std::string> parents;
  bool ended = false;
  for (const auto& span : json::array(trace, "spans")) {
    parents.insert(json::text(span, "parent_span_id"));
    ended = ended || json::text(span, "name") == "order.saga";
  }
  const auto& spans = json::array(trace, "spans");
  return ended && std::all_of(spans.begin(), spans.end(), [&](const auto& span) {
           return json::text(span, "kind") != "CLIENT" || parents.contains(json::text(span, "span_id"));
         });
}

Result<Answer> ask(const ApiClient& client, const std::string& id) {
  const std::string path = "/v1/orders/" + percent_encode(id) + "/trace";
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  auto answer = client.get(path);
  while (answer && answer->ok() && !is_whole(answer->json) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kPause);
    answer = client.get(path);
  }
  return answer;
}

void show(const boost::json::value& trace) {
  print(coloured(stdout, Colour::kDim, "trace " + json::cell(trace, "trace_id")) + "\n" +
        to_waterfall(trace, terminal_columns()));
}

}  // namespace

int run(const TraceCommand& command) {
  bool is_empty = false;
  const int code = present(
      command.target, [&](const ApiClient& client) { return ask(client, command.id); },
      [&](const boost::json::value& trace) {
        is_empty = json::array(trace, "spans").empty();
        show(trace);
      });
  if (code != kExitOk || !is_empty) return code;
  complain("no spans: the trace of this order was not sampled, or is too old; `ldt logs " + printable(command.id) +
           " --files` has its log");
  return kExitNegative;
}

}  // namespace ldt

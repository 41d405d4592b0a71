#include "support/event_stream.h"

#include <regex>
#include <set>
#include <sstream>

namespace ldt::testing {
namespace {

std::string request_for(const std::string& path, const Headers& headers) {
  std::string request = "GET " + path + " HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n";
  for (const auto& [name, value] : headers) request.append(name).append(": ").append(value).append("\r\n");
  return request + "\r\n";
}

}  // namespace

EventStream::EventStream(const std::string& address, const std::string& path, const Headers& headers)
    : socket_(address) {
  socket_.send_some(request_for(path, headers));
}

int EventStream::status() {
  (void)eventually([&] {
    read();
    return !head_.empty() || closed_;
  });
  return head_.size() > 12 ? std::stoi(head_.substr(9, 3)) : 0;
}

void EventStream::read() {
  const std::size_t before = raw_.size();
  closed_ = closed_ || socket_.drain(raw_);
  bytes_ += raw_.size() - before;
  if (head_.empty()) {
    const auto end = raw_.find("\r\n\r\n");
    if (end == std::string::npos) return;
    head_ = raw_.substr(0, end + 4);
    raw_.erase(0, end + 4);
  }
  take_chunks();
  take_events();
}

void EventStream::take_chunks() {
  while (!complete_) {
    const auto line = raw_.find("\r\n");
    if (line == std::string::npos) return;
    const auto size = std::stoul(raw_.substr(0, line), nullptr, 16);
    if (raw_.size() < line + 2 + size + 2) return;
    text_.append(raw_, line + 2, size);
    raw_.erase(0, line + 2 + size + 2);
    complete_ = size == 0;
  }
}

void EventStream::take_events() {
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text_.find("\n\n", begin)) != std::string::npos; begin = end + 2) {
    take_event(text_.substr(begin, end - begin));
  }
  text_.erase(0, begin);
}

void EventStream::take_event(const std::string& block) {
  std::istringstream lines(block);
  StreamEvent event;
  std::string data;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("id: ")) last_id_ = line.substr(4);
    if (line.starts_with("event: ")) event.type = line.substr(7);
    if (line.starts_with("data: ")) data += line.substr(6);
  }
  if (data.empty()) return;  // a comment, or words for the connection
  event.id = last_id_;
  event.data = Json::parse(data);
  events_.push_back(std::move(event));
}

std::optional<StreamEvent> EventStream::until(const std::function<bool(const StreamEvent&)>& fits,
                                              std::chrono::milliseconds patience) {
  std::optional<StreamEvent> found;
  const auto look = [&] {
    read();
    while (!found && searched_ < events_.size()) {
      if (fits(events_[searched_])) found = events_[searched_];
      ++searched_;
    }
    return found.has_value() || closed_ || complete_;
  };
  (void)eventually(look, patience);
  return found;
}

std::optional<StreamEvent> EventStream::end_of(const std::string& order) {
  return until([&](const StreamEvent& event) {
    return event.order() == order && (event.type == "ldt.order.completed.v1" || event.type == "ldt.order.reverted.v1");
  });
}

bool EventStream::until_closed(std::chrono::milliseconds patience) {
  return eventually(
      [&] {
        read();
        return closed_ || complete_;
      },
      patience);
}

std::vector<StreamEvent> EventStream::events_of(const std::string& order) const {
  std::vector<StreamEvent> found;
  for (const auto& event : events_) {
    if (event.order() == order) found.push_back(event);
  }
  return found;
}

std::string fault_of(const StreamEvent& event) {
  static const std::set<std::string> kMembers{"specversion", "id",   "source",          "type",
                                              "subject",     "time", "datacontenttype", "data"};
  static const std::regex kTime(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)");
  const Json& data = event.data;
  std::set<std::string> members;
  for (const auto& [name, value] : data.items()) {
    members.insert(name);
    if (name != "data" && (!value.is_string() || value.get<std::string>().empty())) return name + " is no text";
  }
  if (members != kMembers) return "members: " + data.dump();
  const auto text = [&](const char* name) { return data.at(name).get<std::string>(); };
  if (text("specversion") != "1.0") return "specversion";
  if (text("type") != event.type) return "`event:` is not the type";
  if (text("source") != "/v1/orders/" + text("subject")) return "source is not the subject's path";
  if (!std::regex_match(text("time"), kTime)) return "time";
  if (data.at("data").at("order").at("id").get<std::string>() != text("subject")) return "another order in it";
  if (data.at("data").contains("step") != (event.type == "ldt.order.step.v1")) return "a step is where none belongs";
  return "";
}

}  // namespace ldt::testing

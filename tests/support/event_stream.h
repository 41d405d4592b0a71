// A reader of server-sent events, by the byte: what came over one connection, in order, and how it ended.
// Depends on raw_socket.h; undoes chunks itself, so that a body that was broken off is told from one that is complete.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "support/eventually.h"
#include "support/http.h"
#include "support/raw_socket.h"

namespace ldt::testing {

struct StreamEvent {
  std::string id;    // of the stream
  std::string type;  // `event:`
  Json data;

  [[nodiscard]] std::string order() const { return data.at("subject"); }
  /// What names the event for ever.
  [[nodiscard]] std::string name() const {
    return data.at("source").get<std::string>() + " " + data.at("id").get<std::string>();
  }
};

class EventStream {
 public:
  /// Asks for the path; returns at once.
  EventStream(const std::string& address, const std::string& path, const Headers& headers = {});

  /// The status, once the head has come; 0 if it does not.
  int status();
  [[nodiscard]] const std::string& head() const { return head_; }

  /// Reads until an event fits, and gives it; nothing if none does in time or the stream ends before.
  std::optional<StreamEvent> until(const std::function<bool(const StreamEvent&)>& fits,
                                   std::chrono::milliseconds patience = kPatience);
  /// The order's end.
  std::optional<StreamEvent> end_of(const std::string& order);
  /// Reads until the server ends the stream; false if it does not in time.
  bool until_closed(std::chrono::milliseconds patience = kPatience);
  /// Takes what is there.
  void read();

  [[nodiscard]] const std::vector<StreamEvent>& events() const { return events_; }
  [[nodiscard]] std::vector<StreamEvent> events_of(const std::string& order) const;
  /// The `id:` that was read last.
  [[nodiscard]] const std::string& last_id() const { return last_id_; }
  /// The server has closed the connection.
  [[nodiscard]] bool closed() const { return closed_; }
  /// The last chunk has come.
  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  void take_chunks();
  void take_events();
  void take_event(const std::string& block);

  RawSocket socket_;
  std::string raw_;  // not yet understood
  std::string head_;
  std::string text_;  // of the body, not yet an event
  std::vector<StreamEvent> events_;
  std::size_t searched_ = 0;  // events that until() has given or passed over
  std::string last_id_;
  bool closed_ = false;
  bool complete_ = false;
  std::size_t bytes_ = 0;
};

/// What is wrong with it as a CloudEvent 1.0 of this API; empty: nothing.
[[nodiscard]] std::string fault_of(const StreamEvent& event);

}  // namespace ldt::testing

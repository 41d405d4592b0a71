#include "services/order/peers/participant_calls.h"

#include <utility>

#include "base/check.h"
#include "ldt/delivery/v1/delivery.grpc.pb.h"
#include "ldt/inventory/v1/inventory.grpc.pb.h"
#include "ldt/payment/v1/payment.grpc.pb.h"

namespace ldt::order {

namespace wire = participant::v1;

namespace {

void describe_trace(const TraceContext& trace, wire::TraceContext& message) {
  message.set_trace_id(trace.trace_id.data(), trace.trace_id.size());
  message.set_span_id(trace.span_id.data(), trace.span_id.size());
  message.set_flags(trace.sampled ? 1 : 0);
}

wire::FailureKind wire_kind(saga::FailureKind kind) {
  switch (kind) {
    case saga::FailureKind::kTimeout:
      return wire::FAILURE_KIND_TIMEOUT;
    case saga::FailureKind::kUnknown:
      return wire::FAILURE_KIND_UNKNOWN;
    case saga::FailureKind::kCrash:
      return wire::FAILURE_KIND_CRASH;
    case saga::FailureKind::kDelay:
      return wire::FAILURE_KIND_DELAY;
    case saga::FailureKind::kRefuse:
      return wire::FAILURE_KIND_REFUSE;
  }
  CHECK(!"no such kind");
}

void describe_failure(const SentInstruction& sent, wire::FailureInstruction& message) {
  const auto& instruction = sent.instruction;
  message.set_index(sent.index);
  message.set_kind(wire_kind(instruction.kind));
  message.set_effect(instruction.effect == saga::FailureEffect::kApplied ? wire::FAILURE_EFFECT_APPLIED
                                                                         : wire::FAILURE_EFFECT_NONE);
  message.set_attempts(instruction.attempts.value_or(0));
  if (instruction.delay) message.set_delay_ms(static_cast<std::uint32_t>(instruction.delay->count()));
}

/// What the requests of all six methods, and a batch's commands, have in common.
template <class Request>
void describe_common(const Command& command, Request& request) {
  request.set_order_id(command.order.bytes.data(), command.order.bytes.size());
  request.set_attempt(command.number);
  describe_trace(command.trace, *request.mutable_trace());
  for (const auto& sent : command.instructions) describe_failure(sent, *request.add_failures());
}

// What differs between the participants: the names of their methods and fields.

struct Payment {
  using Service = payment::v1::PaymentService;
  using DoRequest = payment::v1::ChargeRequest;
  using DoResponse = payment::v1::ChargeResponse;
  using UndoRequest = payment::v1::RefundRequest;
  using UndoResponse = payment::v1::RefundResponse;

  static void describe(const Command& command, wire::Command& message) {
    message.set_holder(command.user);
    message.set_amount(command.amount);
  }
  template <class Request>
  static void fill(const Command& command, Request& request) {
    request.set_user(command.user);
    request.set_amount(command.amount);
  }
  template <class Async, class... Arguments>
  static void do_it(Async* stub, Arguments&&... arguments) {
    stub->Charge(std::forward<Arguments>(arguments)...);
  }
  template <class Async, class... Arguments>
  static void undo_it(Async* stub, Arguments&&... arguments) {
    stub->Refund(std::forward<Arguments>(arguments)...);
  }
};

struct Inventory {
  using Service = inventory::v1::InventoryService;
  using DoRequest = inventory::v1::ReserveRequest;
  using DoResponse = inventory::v1::ReserveResponse;
  using UndoRequest = inventory::v1::ReleaseRequest;
  using UndoResponse = inventory::v1::ReleaseResponse;

  static void describe(const Command& command, wire::Command& message) {
    message.set_holder(command.sku);
    message.set_amount(command.amount);
  }
  template <class Request>
  static void fill(const Command& command, Request& request) {
    request.set_sku(command.sku);
    request.set_quantity(command.amount);
  }
  template <class Async, class... Arguments>
  static void do_it(Async* stub, Arguments&&... arguments) {
    stub->Reserve(std::forward<Arguments>(arguments)...);
  }
  template <class Async, class... Arguments>
  static void undo_it(Async* stub, Arguments&&... arguments) {
    stub->Release(std::forward<Arguments>(arguments)...);
  }
};

struct Delivery {
  using Service = delivery::v1::DeliveryService;
  using DoRequest = delivery::v1::DeliverRequest;
  using DoResponse = delivery::v1::DeliverResponse;
  using UndoRequest = delivery::v1::RevokeRequest;
  using UndoResponse = delivery::v1::RevokeResponse;

  static void describe(const Command& command, wire::Command& message) {
    message.set_holder(command.user);
    message.set_item(command.sku);
    message.set_amount(command.amount);
  }
  template <class Request>
  static void fill(const Command& command, Request& request) {
    request.set_user(command.user);
    request.set_sku(command.sku);
    request.set_quantity(command.amount);
  }
  template <class Async, class... Arguments>
  static void do_it(Async* stub, Arguments&&... arguments) {
    stub->Deliver(std::forward<Arguments>(arguments)...);
  }
  template <class Async, class... Arguments>
  static void undo_it(Async* stub, Arguments&&... arguments) {
    stub->Revoke(std::forward<Arguments>(arguments)...);
  }
};

template <class Participant>
class Calls final : public ParticipantCalls {
 public:
  explicit Calls(const std::shared_ptr<grpc::Channel>& channel) : stub_(Participant::Service::NewStub(channel)) {}

  void open_stream(grpc::ClientContext* context, BatchReactor* reactor) override {
    stub_->async()->Execute(context, reactor);
  }

  void describe(const Command& command, wire::Command& message) const override {
    describe_common(command, message);
    message.set_verb(saga::is_undo(command.step) ? wire::VERB_UNDO : wire::VERB_DO);
    Participant::describe(command, message);
  }

  void call(const Command& command, grpc::ClientContext* context, std::function<void(CallResult)> done) override {
    if (saga::is_undo(command.step)) {
      start<typename Participant::UndoRequest, typename Participant::UndoResponse>(
          command, std::move(done),
          [&](auto... arguments) { Participant::undo_it(stub_->async(), context, arguments...); });
    } else {
      start<typename Participant::DoRequest, typename Participant::DoResponse>(
          command, std::move(done),
          [&](auto... arguments) { Participant::do_it(stub_->async(), context, arguments...); });
    }
  }

 private:
  template <class Request, class Response, class Method>
  static void start(const Command& command, std::function<void(CallResult)> done, Method method) {
    struct Messages {
      Request request;
      Response response;
    };
    auto messages = std::make_shared<Messages>();
    describe_common(command, messages->request);
    Participant::fill(command, messages->request);
    const auto* request = &messages->request;
    auto* response = &messages->response;
    method(request, response,
           std::function<void(grpc::Status)>([messages, done = std::move(done)](grpc::Status status) {
             CallResult result{std::move(status), messages->response.state(), {}};
             for (const auto& strike : messages->response.strikes()) {
               result.strikes.push_back({strike.index(), strike.count()});
             }
             done(std::move(result));
           }));
  }

  std::unique_ptr<typename Participant::Service::Stub> stub_;
};

}  // namespace

std::unique_ptr<ParticipantCalls> make_calls(saga::Participant participant,
                                             const std::shared_ptr<grpc::Channel>& channel) {
  switch (participant) {
    case saga::Participant::kPayment:
      return std::make_unique<Calls<Payment>>(channel);
    case saga::Participant::kInventory:
      return std::make_unique<Calls<Inventory>>(channel);
    case saga::Participant::kDelivery:
      return std::make_unique<Calls<Delivery>>(channel);
  }
  CHECK(!"no such participant");
}

}  // namespace ldt::order

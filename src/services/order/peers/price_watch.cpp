#include "services/order/peers/price_watch.h"

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/client_callback.h>

#include <chrono>
#include <utility>

#include "ldt/inventory/v1/inventory.grpc.pb.h"

namespace ldt::order {
namespace {

namespace wire = inventory::v1;
constexpr std::chrono::milliseconds kReopenAfter{100};

}  // namespace

struct PriceWatch::Stream final : grpc::ClientReadReactor<wire::Price> {
  explicit Stream(PriceWatch& owner) : watch(owner), stub(wire::InventoryService::NewStub(owner.channel_)) {
    context.set_wait_for_ready(true);
  }

  void start(std::shared_ptr<Stream> owner) {
    self = std::move(owner);
    stub->async()->WatchPrices(&context, &request, this);
    StartRead(&price);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (price.snapshot_end()) {
      watch.on_ready_();
    } else if (const auto sku = Sku::parse(price.sku())) {
      watch.on_price_(*sku, Credits{price.unit_price()});
    }
    StartRead(&price);
  }

  void OnDone(const grpc::Status&) override {
    const auto last = std::move(self);
    watch.ended();
  }

  PriceWatch& watch;
  std::unique_ptr<wire::InventoryService::Stub> stub;
  std::shared_ptr<Stream> self;
  grpc::ClientContext context;
  wire::WatchPricesRequest request;
  wire::Price price;
};

PriceWatch::PriceWatch(const std::shared_ptr<grpc::Channel>& inventory, OnPrice on_price, OnReady on_ready)
    : channel_(inventory), on_price_(std::move(on_price)), on_ready_(std::move(on_ready)) {}

PriceWatch::~PriceWatch() { stop(); }

void PriceWatch::start() { open(); }

void PriceWatch::open() {
  const auto stream = std::make_shared<Stream>(*this);
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      running_ = false;
      idle_.notify_all();
      return;
    }
    running_ = true;
    stream_ = stream;
  }
  stream->start(stream);
}

void PriceWatch::ended() {
  const std::lock_guard lock(mutex_);
  stream_.reset();
  if (stopping_) {
    running_ = false;
    idle_.notify_all();
    return;
  }
  alarm_ = std::make_unique<grpc::Alarm>();
  alarm_->Set(std::chrono::system_clock::now() + kReopenAfter, [this](bool) { open(); });
}

void PriceWatch::stop() {
  std::shared_ptr<Stream> stream;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stream = stream_;
    if (alarm_) alarm_->Cancel();
  }
  if (stream) stream->context.TryCancel();
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return !running_; });
}

}  // namespace ldt::order

// The way on which batches travel to one participant process, and what it tells the link that uses it.
// Implemented over gRPC by grpc_stream.h and over a Unix socket by socket_stream.h.
// Invariant: after broke() and ended(), each told once and in this order, a stream tells nothing more.
#pragma once

#include <memory>

#include "ldt/participant/v1/participant.pb.h"

namespace ldt::order {

/// Told from threads of the stream's own, and never by start(), write() or cancel() on the caller's.
class BatchEvents {
 public:
  virtual ~BatchEvents() = default;
  /// Somebody is there. Told again with every answer.
  virtual void stream_alive() = 0;
  /// A write that was not done at once is.
  virtual void stream_wrote() = 0;
  virtual void stream_answered(const participant::v1::BatchReply& reply) = 0;
  /// write() must not be called any more.
  virtual void stream_broke() = 0;
  virtual void stream_ended() = 0;
};

class BatchStream {
 public:
  virtual ~BatchStream() = default;

  /// Connects, as soon as somebody is there. Call it once. Keeps itself alive until it has ended.
  virtual void start(std::shared_ptr<BatchStream> self) = 0;
  /// What the next write() sends.
  [[nodiscard]] participant::v1::Batch& batch() { return batch_; }
  /// Not before somebody is there and the last write is done.
  /// @return true: done at once; false: stream_wrote() will tell
  virtual bool write() = 0;
  /// Makes it end soon. Any thread.
  virtual void cancel() = 0;

 private:
  participant::v1::Batch batch_;
};

}  // namespace ldt::order

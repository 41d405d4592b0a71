#include "platform/http/mailbox.h"

#include <boost/asio/post.hpp>

namespace ldt::http {

void Responder::send(std::unique_ptr<Reply> reply) const { mailbox_->send({slot_, ticket_, std::move(reply), {}}); }
void Responder::write(std::string part) const { mailbox_->send({slot_, ticket_, nullptr, std::move(part)}); }
void Responder::end() const { mailbox_->send({slot_, ticket_, nullptr, {}, BodyEnd::kComplete}); }
void Responder::cut_off() const { mailbox_->send({slot_, ticket_, nullptr, {}, BodyEnd::kCutOff}); }

void Mailbox::send(Letter letter) {
  std::unique_lock lock(mutex_);
  if (io_ == nullptr) return;
  if (io_->get_executor().running_in_this_thread()) {
    lock.unlock();
    deliver_(std::move(letter));
    return;
  }
  letters_.push_back(std::move(letter));
  if (woken_) return;
  woken_ = true;
  boost::asio::post(*io_, [self = shared_from_this()] { self->deliver_all(); });
}

void Mailbox::deliver_all() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = false;
    if (io_ == nullptr) return;
    delivering_.swap(letters_);
  }
  for (Letter& letter : delivering_) deliver_(std::move(letter));
  delivering_.clear();
}

void Mailbox::close() {
  const std::lock_guard lock(mutex_);
  io_ = nullptr;
  letters_.clear();
}

}  // namespace ldt::http

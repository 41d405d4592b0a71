// Listens and polls.
#include "participant/storage/postgres/postgres_prices.h"

#include <string>
#include <utility>

#include "participant/storage/postgres/schema.h"

namespace ldt::participant {

namespace {
constexpr std::string_view kPrices = "SELECT name, price, price_seq FROM holder WHERE is_open";
}

postgres::Result<std::vector<PriceNow>> read_prices(postgres::Connection& connection) {
  const auto rows = connection.run(kPrices);
  if (!rows) return tl::unexpected(rows.error());
  std::vector<PriceNow> prices;
  prices.reserve(static_cast<std::size_t>(rows->size()));
  for (int i = 0; i < rows->size(); ++i) {
    prices.push_back({std::string(rows->text(i, 0)), rows->integer(i, 1), rows->integer(i, 2)});
  }
  return prices;
}

PostgresPrices::PostgresPrices(postgres::ConnectionOptions options)
    : link_(std::move(options), [this](postgres::Connection& connection) {
        stale_ = true;  // what was notified meanwhile was told to nobody
        return connection.script("LISTEN " + std::string(kPriceChannel));
      }) {}

Result<std::vector<PriceNow>> PostgresPrices::wait(std::chrono::milliseconds time) {
  const auto connection = link_.get();
  if (!connection) return tl::unexpected(connection.error().plain());
  auto prices = wait_on(**connection, time);
  if (!prices) return tl::unexpected(prices.error().plain());
  return std::move(*prices);
}

postgres::Result<std::vector<PriceNow>> PostgresPrices::wait_on(postgres::Connection& connection,
                                                                std::chrono::milliseconds time) {
  const auto now = [] { return std::chrono::steady_clock::now(); };
  if (!stale_) {
    const auto told = connection.wait_for_notifications(time);
    if (!told) return tl::unexpected(told.error());
    stale_ = !told->empty() || now() - last_read_ >= kPoll;
  }
  if (!stale_) return std::vector<PriceNow>{};
  auto prices = read_prices(connection);
  if (!prices) return prices;
  stale_ = false;
  last_read_ = now();
  return prices;
}

}  // namespace ldt::participant

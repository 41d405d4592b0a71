// Writes accounts, wallets and the inventory as the API shows them.
// Pure. Invariant: a page of tokens and its cursor together lose none and repeat none, while the wallet only grows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/order/http/cursor.h"
#include "services/order/http/participants.h"

namespace ldt::order {

[[nodiscard]] std::string account_json(const Account& account);
[[nodiscard]] std::string grant_json(const Grant& grant);
/// One entry per token: at most `limit` of them from `place` on.
/// @param wallet  deliveries not newer than the place's
[[nodiscard]] std::string wallet_json(const Wallet& wallet, const TokenPlace& place, std::uint32_t limit);
[[nodiscard]] std::string sku_json(const SkuRow& row, Quantity sold);
/// @param sold  one for each SKU of the page
[[nodiscard]] std::string skus_json(const SkuPage& page, const std::vector<Quantity>& sold);

}  // namespace ldt::order

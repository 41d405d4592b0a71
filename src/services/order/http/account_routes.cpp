// Accounts and wallets: passed on to payment and delivery.
// Depends on Participants. Invariant: a dead participant is 503 that names it, never a request that hangs.
#include <limits>
#include <utility>

#include "services/order/http/answers.h"
#include "services/order/http/api_context.h"
#include "services/order/http/participant_json.h"

namespace ldt::order {
namespace {

using http::Request;
using http::Responder;

constexpr std::uint32_t kPage = 100;
constexpr std::uint32_t kMaxPage = 1000;

Checked<UserName> user_in_path(const Request& request) {
  auto user = UserName::parse(request.parameters[0]);
  if (user) return std::move(*user);
  return tl::unexpected(invalid_parameter("user", "must be 1 to 128 characters in NFC without control characters"));
}

void account(ApiContext& context, const Request& request, const Responder& responder) {
  const auto user = user_in_path(request);
  if (!user) return refuse(responder, user.error());
  QueryReader parameters(request);
  const auto limit = parameters.integer("limit", 1, kMaxPage, kPage);
  const auto before = parameters.parsed("cursor", parse_entry_cursor, "is not a cursor of this list").value_or(0);
  if (const auto problem = parameters.problem()) return refuse(responder, *problem);
  context.participants.account(*user, limit, before, answer_peer<Account>(responder, [](const Account& found) {
    return json_response(account_json(found));
  }));
}

void wallet(ApiContext& context, const Request& request, const Responder& responder) {
  const auto user = user_in_path(request);
  if (!user) return refuse(responder, user.error());
  QueryReader parameters(request);
  const auto limit = parameters.integer("limit", 1, kMaxPage, kPage);
  const auto place = parameters.parsed("cursor", parse_token_cursor, "is not a cursor of this list");
  if (const auto problem = parameters.problem()) return refuse(responder, *problem);
  // A delivery has a token at least, so `limit` deliveries are enough; the place's own delivery is to be among them.
  const std::uint64_t before = place ? place->seq + 1 : 0;
  context.participants.wallet(
      *user, limit, before,
      answer_peer<Wallet>(responder, [place = place.value_or(TokenPlace{}), limit](const Wallet& found) {
        return json_response(wallet_json(found, place, limit));
      }));
}

void grant(ApiContext& context, const Request& request, const Responder& responder) {
  const auto user = user_in_path(request);
  if (!user) return refuse(responder, user.error());
  const auto key = idempotency_key(request);
  if (!key) return refuse(responder, key.error());
  const auto amount = parse_amount(request, "amount", 1, kMaxCredits.value);
  if (!amount) return refuse(responder, amount.error());
  context.participants.grant(*user, Credits{*amount}, *key, answer_peer<Grant>(responder, [](const Grant& granted) {
    return with_replay_mark(json_response(grant_json(granted)), granted.replayed);
  }));
}

}  // namespace

void add_account_routes(http::Router& router, const SharedContext& context) {
  using http::Method;
  router.add(Method::kGet, "/v1/accounts/{}",
             [context](const Request& request, const Responder& responder) { account(*context, request, responder); });
  router.add(Method::kGet, "/v1/wallets/{}",
             [context](const Request& request, const Responder& responder) { wallet(*context, request, responder); });
  router.add(Method::kPost, "/v1/accounts/{}/credits",
             for_operators(context, [context](const Request& request, const Responder& responder) {
               grant(*context, request, responder);
             }));
}

}  // namespace ldt::order

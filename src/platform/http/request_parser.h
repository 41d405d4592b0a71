// Parses one request with Beast's parser, and refuses what Beast lets pass but intermediaries may read differently:
// repeated Content-Length, transfer encodings other than chunked, a missing or repeated Host, values over several
// lines. Invariant: fields that come after the body (trailers) never become headers.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <boost/beast/http/basic_parser.hpp>

#include "platform/http/message.h"
#include "platform/http/problem.h"
#include "platform/http/server.h"

namespace ldt::http {

/// What a connection keeps from request to request, so that a request allocates nothing for its parts.
struct RequestParts {
  struct Field {
    std::size_t name_begin, name_size, value_begin, value_size;
  };

  std::string text;  // the target, then names and values
  std::size_t target_size = 0;
  std::vector<Field> fields;
  std::string body;
  Method method = Method::kOther;
  bool expects_continue = false;

  void clear();
  /// Points the request at the parts; false where the target is neither a path nor an absolute URL.
  [[nodiscard]] bool fill(Request& request) const;
};

class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  RequestParser(RequestParts& parts, const ServerOptions& options);

  /// The problem with a request that could not be parsed.
  [[nodiscard]] ProblemType problem(boost::beast::error_code ec) const;

  /// 10 or 11.
  [[nodiscard]] int version() const { return version_; }

 private:
  using Text = boost::beast::string_view;
  using Code = boost::beast::error_code;
  using Verb = boost::beast::http::verb;
  using FieldName = boost::beast::http::field;

  void on_request_impl(Verb, Text method, Text target, int version, Code& ec) override;
  void on_response_impl(int, Text, int, Code&) override {}
  void on_field_impl(FieldName name, Text name_text, Text value, Code& ec) override;
  void on_header_impl(Code& ec) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& size, Code&) override;
  std::size_t on_body_impl(Text part, Code&) override;
  void on_chunk_header_impl(std::uint64_t, Text, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text part, Code&) override;
  void on_finish_impl(Code&) override {}

  void refuse(const ProblemType& type, Code& ec);
  void check_field(FieldName name, Text value, Code& ec);

  RequestParts& parts_;
  const ServerOptions& options_;
  ProblemType refusal_ = problem_type::kBadRequest;
  int version_ = 11;
  int hosts_ = 0;
  int lengths_ = 0;
  bool header_done_ = false;
};

}  // namespace ldt::http

#include "platform/http/request_parser.h"

#include <algorithm>
#include <cstdint>

#include <boost/beast/http/error.hpp>

namespace ldt::http {
namespace {

using boost::beast::http::error;

constexpr std::size_t kMaxFields = 100;

Method method_of(boost::beast::http::verb name) {
  using boost::beast::http::verb;
  switch (name) {
    case verb::get:
      return Method::kGet;
    case verb::head:
      return Method::kHead;
    case verb::post:
      return Method::kPost;
    case verb::put:
      return Method::kPut;
    case verb::patch:
      return Method::kPatch;
    case verb::delete_:
      return Method::kDelete;
    case verb::options:
      return Method::kOptions;
    default:
      return Method::kOther;
  }
}

/// The path and query of a target in origin form ("/a?b") or absolute form ("http://host/a?b"); empty for others.
std::string_view path_and_query(std::string_view target) {
  if (target.starts_with('/')) return target;
  const auto authority = target.find("://");
  if (authority == std::string_view::npos) return {};
  const auto path = target.find('/', authority + 3);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

/// Whether a field's value begins or goes on in another line, as HTTP once allowed. Beast joins the lines: the value
/// then does not follow its name within the line, or lies in memory of Beast's own.
bool is_folded(std::string_view name, std::string_view value, std::size_t max_bytes) {
  const char* behind_name = name.data() + name.size();
  const auto distance = reinterpret_cast<std::uintptr_t>(value.data()) - reinterpret_cast<std::uintptr_t>(behind_name);
  return distance > max_bytes || std::string_view(behind_name, distance).find('\r') != std::string_view::npos;
}

}  // namespace

void RequestParts::clear() {
  constexpr std::size_t kKeptBytes = 8 * 1024;  // a large body is not kept for a connection's whole life
  if (body.capacity() > kKeptBytes) body = std::string();
  text.clear();
  target_size = 0;
  fields.clear();
  body.clear();
  method = Method::kOther;
  expects_continue = false;
}

bool RequestParts::fill(Request& request) const {
  const std::string_view all = text;
  const std::string_view target = path_and_query(all.substr(0, target_size));
  if (target.empty()) return false;
  const auto question = target.find('?');
  request.method = method;
  request.path = target.substr(0, question);
  request.query = question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  request.body = body;
  request.headers.clear();
  for (const Field& field : fields) {
    request.headers.push_back(
        {all.substr(field.name_begin, field.name_size), all.substr(field.value_begin, field.value_size)});
  }
  request.parameters.clear();
  request.route = {};
  return true;
}

RequestParser::RequestParser(RequestParts& parts, const ServerOptions& options) : parts_(parts), options_(options) {
  eager(true);
  header_limit(static_cast<std::uint32_t>(options.max_header_bytes));
  body_limit(options.max_body_bytes);
}

ProblemType RequestParser::problem(Code ec) const {
  if (ec == error::body_limit) return problem_type::kBodyTooLarge;
  if (ec == error::header_limit) return problem_type::kHeaderTooLarge;
  return refusal_;
}

void RequestParser::refuse(const ProblemType& type, Code& ec) {
  refusal_ = type;
  ec = error::bad_value;
}

void RequestParser::on_request_impl(Verb verb, Text, Text target, int version, Code& ec) {
  if (target.size() > options_.max_target_bytes) return refuse(problem_type::kTargetTooLong, ec);
  version_ = version;
  parts_.method = method_of(verb);
  parts_.text.append(target.data(), target.size());
  parts_.target_size = target.size();
}

void RequestParser::on_field_impl(FieldName name, Text name_text, Text value, Code& ec) {
  if (is_folded({name_text.data(), name_text.size()}, {value.data(), value.size()}, options_.max_header_bytes)) {
    ec = error::bad_obs_fold;  // intermediaries may see another value, a length for instance
    return;
  }
  if (header_done_) {  // a trailer: dropped, but not if it pretends to be part of the framing
    if (name == FieldName::content_length || name == FieldName::transfer_encoding) ec = error::bad_value;
    return;
  }
  if (parts_.fields.size() >= kMaxFields) return refuse(problem_type::kHeaderTooLarge, ec);
  check_field(name, value, ec);
  if (ec) return;
  const std::size_t begin = parts_.text.size();
  parts_.text.append(name_text.data(), name_text.size()).append(value.data(), value.size());
  parts_.fields.push_back({begin, name_text.size(), begin + name_text.size(), value.size()});
}

void RequestParser::check_field(FieldName name, Text value, Code& ec) {
  const std::string_view text(value.data(), value.size());
  switch (name) {
    case FieldName::host:
      ++hosts_;
      break;
    case FieldName::content_length:
      // Beast takes "5, 5" and the same length twice.
      if (++lengths_ > 1 || text.find_first_not_of("0123456789") != std::string_view::npos)
        ec = error::bad_content_length;
      break;
    case FieldName::transfer_encoding:
      // Beast reads a body with another coding as if there were none: the next request would start inside it.
      if (!equal_ignoring_case(text, "chunked") || version_ < 11) refuse(problem_type::kUnsupportedEncoding, ec);
      break;
    case FieldName::expect:
      if (!equal_ignoring_case(text, "100-continue")) return refuse(problem_type::kExpectationFailed, ec);
      parts_.expects_continue = version_ >= 11;
      break;
    default:
      break;
  }
}

void RequestParser::on_header_impl(Code& ec) {
  header_done_ = true;
  if (hosts_ > 1 || (hosts_ == 0 && version_ >= 11)) ec = error::bad_field;  // which site is meant?
}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& size, Code&) {
  if (size) parts_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*size, options_.max_body_bytes)));
}

std::size_t RequestParser::on_body_impl(Text part, Code&) {
  parts_.body.append(part.data(), part.size());
  return part.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, Text part, Code&) {
  parts_.body.append(part.data(), part.size());
  return part.size();
}

}  // namespace ldt::http

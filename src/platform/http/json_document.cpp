#include "platform/http/json_document.h"

#include <utility>

#include <boost/json/basic_parser_impl.hpp>

namespace ldt::http {

/// Receives the parser's events and lays the values out in document order.
class JsonBuilder {
 public:
  using Kind = JsonValue::Kind;
  using Text = boost::json::string_view;
  using Code = boost::json::error_code;

  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  JsonDocument document;
  bool too_many = false;

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code& ec) { return open(Kind::kObject, ec); }
  bool on_object_end(std::size_t, Code&) { return close(); }
  bool on_array_begin(Code& ec) { return open(Kind::kArray, ec); }
  bool on_array_end(std::size_t, Code&) { return close(); }
  bool on_key_part(Text part, std::size_t, Code&) { return gather(part); }
  bool on_key(Text part, std::size_t size, Code&) {
    gather(part);
    key_ = last(size);
    return has_key_ = true;
  }
  bool on_string_part(Text part, std::size_t, Code&) { return gather(part); }
  bool on_string(Text part, std::size_t size, Code& ec) {
    gather(part);
    const auto text = last(size);
    auto* node = add(Kind::kString, ec);
    if (node != nullptr) node->text = text;
    return node != nullptr;
  }
  bool on_number_part(Text, Code&) { return true; }
  bool on_int64(std::int64_t value, Text, Code& ec) {
    auto* node = add(Kind::kInteger, ec);
    if (node != nullptr) node->integer = value;
    return node != nullptr;
  }
  bool on_uint64(std::uint64_t, Text, Code& ec) { return add_too_large(ec); }
  bool on_double(double, Text digits, Code& ec) {
    // The parser has the whole text at once, so `digits` is the whole number.
    return digits.find_first_of(".eE") == Text::npos ? add_too_large(ec) : add(Kind::kNumber, ec) != nullptr;
  }
  bool on_bool(bool, Code& ec) { return add(Kind::kBool, ec) != nullptr; }
  bool on_null(Code& ec) { return add(Kind::kNull, ec) != nullptr; }
  bool on_comment_part(Text, Code&) { return true; }
  bool on_comment(Text, Code&) { return true; }

 private:
  struct Open {
    std::uint32_t index;
    std::uint32_t children;
  };

  bool gather(Text part) {
    document.strings_.append(part.data(), part.size());
    return true;
  }
  JsonDocument::Span last(std::size_t size) const {
    return {static_cast<std::uint32_t>(document.strings_.size() - size), static_cast<std::uint32_t>(size)};
  }
  bool is_repeated() const {
    const auto& nodes = document.nodes_;
    for (std::uint32_t i = open_.back().index + 1; i < nodes.size(); i = nodes[i].end) {
      if (document.view(nodes[i].key) == document.view(key_)) return true;
    }
    return false;
  }

  JsonDocument::Node* add(Kind kind, Code& ec) {
    auto& nodes = document.nodes_;
    if (nodes.size() >= JsonDocument::kMaxValues) {
      too_many = true;
      ec = boost::json::error::array_too_large;
      return nullptr;
    }
    JsonDocument::Node node;
    node.kind = kind;
    if (has_key_) {
      node.has_key = true;
      node.key = key_;
      node.repeated = is_repeated();
      has_key_ = false;
    }
    if (!open_.empty()) {
      node.parent = open_.back().index;
      node.position = open_.back().children++;
    }
    node.end = static_cast<std::uint32_t>(nodes.size()) + 1;
    nodes.push_back(node);
    return &nodes.back();
  }
  bool add_too_large(Code& ec) {
    auto* node = add(Kind::kInteger, ec);
    if (node != nullptr) node->too_large = true;
    return node != nullptr;
  }
  bool open(Kind kind, Code& ec) {
    if (add(kind, ec) == nullptr) return false;
    open_.push_back({static_cast<std::uint32_t>(document.nodes_.size()) - 1, 0});
    return true;
  }
  bool close() {
    document.nodes_[open_.back().index].end = static_cast<std::uint32_t>(document.nodes_.size());
    open_.pop_back();
    return true;
  }

  std::vector<Open> open_;
  JsonDocument::Span key_;
  bool has_key_ = false;
};

namespace {

std::string complaint(const JsonBuilder& builder, boost::json::error_code ec, std::size_t position) {
  if (builder.too_many) return "there are more than " + std::to_string(JsonDocument::kMaxValues) + " values";
  if (ec == boost::json::error::too_deep) {
    return "values are nested more than " + std::to_string(JsonDocument::kMaxDepth) + " deep";
  }
  return "not valid JSON at byte " + std::to_string(position) + ": " + ec.message();
}

void append_reference_token(std::string& out, std::string_view token) {
  for (const char c : token) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out.push_back(c);
    }
  }
}

}  // namespace

Result<JsonDocument> JsonDocument::parse(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::basic_parser<JsonBuilder> parser(options);
  JsonBuilder& builder = parser.handler();
  builder.document.nodes_.reserve(16);
  builder.document.strings_.reserve(text.size());
  boost::json::error_code ec;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), ec);
  if (!ec && read < text.size()) ec = boost::json::error::extra_data;
  if (ec) return failure(ErrorKind::kInvalid, complaint(builder, ec, read));
  return std::move(builder.document);
}

JsonValue::Kind JsonValue::kind() const { return document_->nodes_[index_].kind; }
std::string_view JsonValue::text() const { return document_->view(document_->nodes_[index_].text); }
std::string_view JsonValue::key() const { return document_->view(document_->nodes_[index_].key); }
bool JsonValue::repeated() const { return document_->nodes_[index_].repeated; }

std::optional<std::int64_t> JsonValue::integer() const {
  const auto& node = document_->nodes_[index_];
  if (node.kind != Kind::kInteger || node.too_large) return std::nullopt;
  return node.integer;
}

std::string JsonValue::pointer() const {
  if (index_ == 0) return {};
  const auto& node = document_->nodes_[index_];
  std::string text = JsonValue(*document_, node.parent).pointer();
  text.push_back('/');
  if (node.has_key) {
    append_reference_token(text, key());
  } else {
    text += std::to_string(node.position);
  }
  return text;
}

std::vector<JsonValue> JsonValue::children() const {
  std::vector<JsonValue> children;
  const auto& nodes = document_->nodes_;
  for (std::uint32_t i = index_ + 1; i < nodes[index_].end; i = nodes[i].end) children.push_back({*document_, i});
  return children;
}

JsonObjectReader::JsonObjectReader(const JsonValue& object, std::vector<FieldError>& errors)
    : pointer_(object.pointer()), members_(object.children()), known_(members_.size()), errors_(errors) {}

std::optional<JsonValue> JsonObjectReader::find(std::string_view name) {
  std::optional<JsonValue> found;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (members_[i].key() != name) continue;
    known_[i] = true;
    if (!found) found = members_[i];
  }
  return found;
}

std::optional<std::string_view> JsonObjectReader::string(std::string_view name, bool required) {
  const auto member = find(name);
  if (!member) {
    if (required) complain(name, "is required");
    return std::nullopt;
  }
  if (member->kind() == JsonValue::Kind::kString) return member->text();
  complain(name, "must be a string");
  return std::nullopt;
}

std::optional<std::int64_t> JsonObjectReader::integer(std::string_view name, bool required, std::int64_t min,
                                                      std::int64_t max) {
  const auto member = find(name);
  if (!member) {
    if (required) complain(name, "is required");
    return std::nullopt;
  }
  if (member->kind() != JsonValue::Kind::kInteger) {
    complain(name, "must be an integer, written without fraction and exponent");
    return std::nullopt;
  }
  const auto value = member->integer();
  if (value && *value >= min && *value <= max) return value;
  complain(name, "must be " + std::to_string(min) + " to " + std::to_string(max));
  return std::nullopt;
}

void JsonObjectReader::refuse_the_rest() {
  constexpr std::size_t kMaxErrors = 32;
  for (std::size_t i = 0; i < members_.size() && errors_.size() < kMaxErrors; ++i) {
    if (members_[i].repeated()) {
      complain(members_[i].key(), "appears more than once");
    } else if (!known_[i]) {
      complain(members_[i].key(), "is not a known member");
    }
  }
}

void JsonObjectReader::complain(std::string_view name, std::string detail) {
  constexpr std::size_t kMaxNameShown = 256;  // a hostile name is not echoed whole: the error is the object's then
  std::string pointer = pointer_;
  if (name.size() > kMaxNameShown) {
    detail = "a member with a name of " + std::to_string(name.size()) + " bytes " + detail;
  } else {
    pointer.push_back('/');
    append_reference_token(pointer, name);
  }
  errors_.push_back({std::move(pointer), std::move(detail)});
}

}  // namespace ldt::http

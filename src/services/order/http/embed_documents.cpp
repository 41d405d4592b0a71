// Build tool: writes documents.cpp, with api/openapi.yaml as JSON, the built console and the pages of docs/errors/ in
// it.
//   embed_documents OUTPUT OPENAPI.yaml CONSOLE_DIST PAGE.md...
// Depends on yaml-cpp and zlib. Invariant: what is served is what the sources say; there is no second copy to keep in
// step.
#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>
#include <zlib.h>

#include "platform/http/json_writer.h"

namespace {

void append_json(std::string& out, const YAML::Node& node);

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Digits, maybe with a sign and a fraction; 007 is text.
bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const auto point = std::min(text.find('.'), text.size());
  const auto whole = text.substr(0, point);
  const auto fraction = text.substr(point);
  if (whole.empty() || (whole.size() > 1 && whole.front() == '0') || fraction.size() == 1) return false;
  return std::all_of(whole.begin(), whole.end(), is_digit) &&
         (fraction.empty() || std::all_of(fraction.begin() + 1, fraction.end(), is_digit));
}

/// A scalar by YAML's core schema: quoted ones are text whatever they look like.
void append_scalar(std::string& out, const YAML::Node& node) {
  const std::string& text = node.Scalar();
  const bool plain = node.Tag() == "?";
  if (plain && (text == "true" || text == "false" || is_number(text))) {
    out += text;
  } else {
    ldt::http::append_string(out, text);
  }
}

void append_map(std::string& out, const YAML::Node& node) {
  ldt::http::Comma comma;
  out.push_back('{');
  for (const auto& member : node) {
    comma(out);
    ldt::http::append_string(out, member.first.Scalar());
    out.push_back(':');
    append_json(out, member.second);
  }
  out.push_back('}');
}

void append_sequence(std::string& out, const YAML::Node& node) {
  ldt::http::Comma comma;
  out.push_back('[');
  for (const auto& element : node) {
    comma(out);
    append_json(out, element);
  }
  out.push_back(']');
}

void append_json(std::string& out, const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Map:
      return append_map(out, node);
    case YAML::NodeType::Sequence:
      return append_sequence(out, node);
    case YAML::NodeType::Scalar:
      return append_scalar(out, node);
    default:
      out += "null";
  }
}

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A raw string literal; compilers limit its length, so long texts become several that stand side by side.
void append_literal(std::string& out, const std::string& text) {
  constexpr std::size_t kPiece = 8000;
  std::size_t at = 0;
  do {
    std::size_t end = std::min(at + kPiece, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // whole characters
    out.append("\n  R\"#-#(").append(text, at, end - at).append(")#-#\"");
    at = end;
  } while (at < text.size());
  out += "sv";
}

/// A string literal of any bytes.
void append_bytes(std::string& out, std::string_view bytes) {
  constexpr std::size_t kPiece = 2000;
  for (std::size_t at = 0; at < bytes.size(); at += kPiece) {
    out += "\n  \"";
    for (const char c : bytes.substr(at, kPiece)) {
      std::array<char, 5> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\%03o", static_cast<unsigned char>(c));
      out += escaped.data();
    }
    out.push_back('"');
  }
  out += bytes.empty() ? "\"\"sv" : "sv";
}

std::string gzipped(std::string& text) {
  constexpr int kGzip = 15 + 16;  // the largest window, in gzip's format
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("zlib does not start");
  }
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (!whole) throw std::runtime_error("zlib does not compress");
  return out;
}

std::string_view content_type_of(const std::filesystem::path& path) {
  const auto extension = path.extension();
  if (extension == ".html") return "text/html; charset=utf-8";
  if (extension == ".js") return "text/javascript; charset=utf-8";
  if (extension == ".css") return "text/css; charset=utf-8";
  if (extension == ".svg") return "image/svg+xml";
  throw std::runtime_error("no content type is known for " + path.string());
}

void append_console_file(std::string& out, const std::filesystem::path& root, const std::filesystem::path& path) {
  std::string text = contents(path);
  const std::string compressed = gzipped(text);
  out.append("\nConsoleFile{\"").append(path.lexically_relative(root).generic_string()).append("\",\"");
  out.append(content_type_of(path)).append("\",");
  append_bytes(out, text);
  out.push_back(',');
  append_bytes(out, compressed.size() < text.size() ? compressed : std::string());
  out += "},";
}

/// In the order of their names, so that the same sources give the same program.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& root) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string source(int count, char** arguments) {
  std::string json;
  append_json(json, YAML::LoadFile(arguments[2]));
  std::string out =
      "#include \"services/order/http/documents.h\"\n\n#include <array>\n\nnamespace ldt::order {\nnamespace {\n\n";
  out += "using namespace std::string_view_literals;\n\nconstexpr std::string_view kOpenapi =";
  append_literal(out, json);
  out += ";\n\nconstexpr std::array kConsole{";
  for (const auto& file : files_below(arguments[3])) append_console_file(out, arguments[3], file);
  out += "};\n\nconstexpr std::array kPages{";
  for (int i = 4; i < count; ++i) {
    out.append("\nErrorPage{\"").append(std::filesystem::path(arguments[i]).stem().string()).append("\",");
    append_literal(out, contents(arguments[i]));
    out += "},";
  }
  return out +
         "};\n\n}  // namespace\n\nstd::string_view openapi_json() { return kOpenapi; }\n"
         "std::span<const ErrorPage> error_pages() { return kPages; }\n"
         "std::span<const ConsoleFile> console_files() { return kConsole; }\n\n}  // namespace ldt::order\n";
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 5) {
    std::fputs("embed_documents OUTPUT OPENAPI.yaml CONSOLE_DIST PAGE.md...\n", stderr);
    return 2;
  }
  try {
    std::ofstream file(arguments[1], std::ios::binary);
    file << source(count, arguments);
    if (!file.flush()) throw std::runtime_error(std::string("cannot write ") + arguments[1]);
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "embed_documents: %s\n", exception.what());
    return 1;
  }
  return 0;
}

#include "services/telemetry/prometheus_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace ldt::telemetry_store {
namespace {

using Word = std::pair<std::string_view, std::string_view>;

constexpr std::array kUnits{
    Word{"d", "days"},          Word{"h", "hours"},         Word{"min", "minutes"},    Word{"s", "seconds"},
    Word{"ms", "milliseconds"}, Word{"us", "microseconds"}, Word{"ns", "nanoseconds"}, Word{"By", "bytes"},
    Word{"KiBy", "kibibytes"},  Word{"MiBy", "mebibytes"},  Word{"GiBy", "gibibytes"}, Word{"m", "meters"},
    Word{"V", "volts"},         Word{"A", "amperes"},       Word{"J", "joules"},       Word{"W", "watts"},
    Word{"g", "grams"},         Word{"Cel", "celsius"},     Word{"Hz", "hertz"},       Word{"%", "percent"},
};
constexpr std::array kPer{Word{"s", "second"}, Word{"m", "minute"}, Word{"h", "hour"}, Word{"d", "day"}};

template <std::size_t size>
std::string_view word_for(const std::array<Word, size>& words, std::string_view unit) {
  for (const auto& [short_one, long_one] : words) {
    if (short_one == unit) return long_one;
  }
  return unit;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Other characters become one underscore each run.
std::string sanitized(std::string_view text) {
  std::string name;
  for (const char c : text) {
    if (is_letter(c) || is_digit(c)) {
      name.push_back(c);
    } else if (name.empty() || name.back() != '_') {
      name.push_back('_');
    }
  }
  if (name.empty() || is_digit(name.front())) name.insert(0, "_");
  return name;
}

/// Without annotations: "{order}" is nothing, "By/s" is "bytes_per_second".
std::string unit_suffix(std::string_view unit, PointShape shape) {
  std::string plain;
  bool annotation = false;
  for (const char c : unit) {
    if (c == '{') annotation = true;
    if (!annotation) plain.push_back(c);
    if (c == '}') annotation = false;
  }
  if (plain.empty()) return {};
  if (plain == "1") return shape == PointShape::kGauge ? "ratio" : "";
  const auto slash = plain.find('/');
  std::string suffix(word_for(kUnits, std::string_view(plain).substr(0, slash)));
  if (slash != std::string::npos) {
    const std::string_view rest = std::string_view(plain).substr(slash + 1);
    if (!rest.empty()) suffix.append(suffix.empty() ? "per_" : "_per_").append(word_for(kPer, rest));
  }
  return suffix.empty() ? suffix : sanitized(suffix);
}

void add_suffix(std::string& name, std::string_view suffix) {
  if (suffix.empty() || name.ends_with("_" + std::string(suffix))) return;
  if (name.back() != '_') name.push_back('_');
  name += suffix;
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (quotes && c == '"')) out.push_back('\\');
    out.push_back(c);
  }
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out.push_back(',');
  out.append(name).append("=\"");
  append_escaped(out, value, true);
  out.push_back('"');
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> digits;
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
}

std::string_view attribute_of(const Resource& resource, std::string_view name) {
  for (const auto& [key, value] : resource.labels) {
    if (key == name) return value;
  }
  return {};
}

/// `job` and `instance`.
std::string identity_of(const Resource& resource) {
  const auto space = attribute_of(resource, "service.namespace");
  std::string labels;
  append_label(labels, "job", space.empty() ? resource.service : std::string(space) + "/" + resource.service);
  append_label(labels, "instance", attribute_of(resource, "service.instance.id"));
  return labels;
}

/// Names that become equal share one label, their values joined, as the specification has it. What would hide whose
/// series it is gets another name.
std::string labels_of(std::string labels, const Labels& attributes) {
  std::map<std::string, std::string> joined;
  for (const auto& [key, value] : attributes) {
    std::string name = sanitized(key);
    if (name == "job" || name == "instance" || name == "le") name.insert(0, "exported_");
    if (name.starts_with("__")) name.erase(0, 1);
    const auto [found, is_new] = joined.emplace(name, value);
    if (!is_new) found->second.append(";").append(value);
  }
  for (const auto& [name, value] : joined) append_label(labels, name, value);
  return labels;
}

void append_line(std::string& out, std::string_view name, std::string_view labels, std::string_view value) {
  out.append(name).append("{").append(labels).append("} ").append(value).append("\n");
}

void append_histogram(std::string& out, const std::string& name, const std::string& labels, const PointRecord& point) {
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < point.buckets.size(); ++i) {
    so_far += point.buckets[i];
    std::string with_bound = labels;
    append_label(with_bound, "le", i < point.bounds.size() ? number_text(point.bounds[i]) : "+Inf");
    append_line(out, name + "_bucket", with_bound, std::to_string(so_far));
  }
  append_line(out, name + "_sum", labels, number_text(point.number));
  append_line(out, name + "_count", labels, std::to_string(point.count));
}

std::string_view type_of(PointShape shape) {
  switch (shape) {
    case PointShape::kCounter:
      return "counter";
    case PointShape::kHistogram:
      return "histogram";
    default:
      return "gauge";
  }
}

}  // namespace

std::string prometheus_name(std::string_view name, std::string_view unit, PointShape shape) {
  std::string result = sanitized(name);
  if (shape == PointShape::kCounter && result.ends_with("_total")) result.resize(result.size() - 6);
  add_suffix(result, unit_suffix(unit, shape));
  if (shape == PointShape::kCounter) add_suffix(result, "total");
  return result;
}

PrometheusText::Family* PrometheusText::family(const std::string& name, std::string_view type, const std::string& help,
                                               const std::string& labels) {
  Family& family = families_[name];
  if (family.type.empty()) {
    family.type = type;
    family.help = help;
  }
  return family.type == type && family.told.insert(labels).second ? &family : nullptr;
}

void PrometheusText::add_target(const Resource& resource) {
  Labels rest = resource.labels;
  std::erase_if(rest, [](const auto& label) {
    return label.first == "service.name" || label.first == "service.namespace" || label.first == "service.instance.id";
  });
  const std::string labels = labels_of(identity_of(resource), rest);
  if (Family* found = family("target_info", "gauge", "Who sent the metrics", labels)) {
    append_line(found->lines, "target_info", labels, "1");
  }
}

void PrometheusText::add(const Resource& resource, const PointRecord& point) {
  if (point.shape == PointShape::kOther) return;
  const std::string name = prometheus_name(point.name, point.unit, point.shape);
  const std::string labels = labels_of(identity_of(resource), point.labels);
  Family* found = family(name, type_of(point.shape), point.description, labels);
  if (found == nullptr) return;
  if (point.shape == PointShape::kHistogram) return append_histogram(found->lines, name, labels, point);
  append_line(found->lines, name, labels, number_text(point.number));
}

std::string PrometheusText::take() const {
  std::string text;
  for (const auto& [name, family] : families_) {
    text.append("# HELP ").append(name).append(" ");
    append_escaped(text, family.help, false);
    text.append("\n# TYPE ").append(name).append(" ").append(family.type).append("\n").append(family.lines);
  }
  return text;
}

}  // namespace ldt::telemetry_store

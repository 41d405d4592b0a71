#include "ldt/output/table.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "ldt/output/text.h"

namespace ldt {

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::add(std::vector<std::string> cells) {
  CHECK(cells.size() == columns_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::vector<std::string>> lines(1);
  for (const auto& column : columns_) lines[0].push_back(column.title);
  lines.insert(lines.end(), rows_.begin(), rows_.end());

  std::vector<std::size_t> widths(columns_.size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], ldt::columns(line[i]));
  }
  std::string out;
  for (const auto& line : lines) {
    std::string row;
    for (std::size_t i = 0; i < line.size(); ++i) {
      row += (i == 0 ? "" : "  ") + padded(line[i], widths[i], columns_[i].align);
    }
    row.erase(row.find_last_not_of(' ') + 1);
    out += row + "\n";
  }
  return out;
}

std::string padded(const std::string& text, std::size_t width, Table::Align align) {
  const std::size_t used = columns(text);
  const std::string fill(width > used ? width - used : 0, ' ');
  return align == Table::Align::kLeft ? text + fill : fill + text;
}

}  // namespace ldt

// A table with aligned columns.
// Pure. Invariant: every row has as many cells as there are columns.
#pragma once

#include <string>
#include <vector>

namespace ldt {

class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns);
  void add(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// The title row and all rows, each ended by a newline.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// The text filled with spaces to so many columns.
[[nodiscard]] std::string padded(const std::string& text, std::size_t width, Table::Align align = Table::Align::kLeft);

}  // namespace ldt

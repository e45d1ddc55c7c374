#pragma once
// Writes the report's HTML: headings, paragraphs, tables, their words by key.

#include <string>
#include <string_view>
#include <vector>

#include "analysis/forensics/report/words.h"

namespace invigil {

/// A column by its heading's key; figures stand to the right.
struct HtmlColumn {
  std::string_view key;
  bool figure = false;
};

/// A page that grows at its end. Cells and values are HTML: text from the exam must be html_escaped().
class HtmlPage {
 public:
  /// Starts the document, which opens in `language`, up to and with <body> and the choice of language.
  explicit HtmlPage(Language language);

  void add(std::string_view html) { out_ += html; }
  /// A section's heading: its words are those of "<anchor>.title".
  void section(std::string_view anchor);
  void subheading(const Wording& words);
  void paragraph(const Wording& words, std::string_view style = "");
  /// A large value with what it counts under it.
  void card(const std::string& value, std::string_view key, std::string_view style = "");
  void open_table(std::string_view label_key, std::vector<HtmlColumn> columns, std::string_view style = "tight");
  /// One cell for each column of the open table.
  void row(const std::vector<std::string>& cells, const std::string& anchor = "");
  void close_table();
  /// Ends the document and hands it over.
  std::string finish();

 private:
  std::string out_;
  std::vector<HtmlColumn> columns_;
};

}  // namespace invigil

// CSV bytes as people have them: what is read, what is put right and said, what is refused and where.

#include "analysis/forensics/exam/csv.h"

#include <gtest/gtest.h>

namespace invigil {
namespace {

CsvTable good(std::string_view bytes) {
  auto table = parse_csv(bytes, "r.csv");
  if (!table) ADD_FAILURE() << table.error().where << ": " << table.error().message;
  return table ? *table : CsvTable{};
}

std::string fault(std::string_view bytes, Language language = Language::english) {
  const auto table = parse_csv(bytes, "r.csv", language);
  return table ? "accepted" : table.error().where + ": " + table.error().message;
}

std::vector<std::string> texts(const std::vector<CsvCell>& row) {
  std::vector<std::string> out;
  for (const CsvCell& cell : row) out.push_back(cell.text);
  return out;
}

using Texts = std::vector<std::string>;

TEST(Csv, QuotesSeparatorsAndLineEnds) {
  for (const char* text : {"a,b\n1,2\n", "a,b\r\n1,2\r\n", "a,b\r1,2\r", "a;b\n1;2", "a\tb\n1\t2\n", " a , b \n\"1\", 2 \n\n,\n",
                           "\xef\xbb\xbf\"a\",b\n1,2\n"}) {
    const CsvTable table = good(text);
    EXPECT_EQ(texts(table.header), (Texts{"a", "b"})) << text;
    ASSERT_EQ(table.rows.size(), 1U) << text;
    EXPECT_EQ(texts(table.rows[0]), (Texts{"1", "2"})) << text;
    EXPECT_TRUE(table.repairs.empty());
  }
  const CsvTable quoted = good("name,note\n\"Li, \"\"Bo\"\"\",\"two\nlines\"\nx,y\n");
  EXPECT_EQ(quoted.rows[0][0].text, "Li, \"Bo\"");
  EXPECT_EQ(quoted.rows[0][1].text, "two\nlines");
  EXPECT_EQ(quoted.rows[1][0].line, 4);
}

TEST(Csv, FaultsNameLineAndColumn) {
  EXPECT_EQ(fault("a,b\n1,2\n3\n"), "r.csv:3:2: this row has 1 cells, the header has 2");
  EXPECT_EQ(fault("a,b\n1,2,3\n"), "r.csv:2:3: this row has 3 cells, the header has 2");
  EXPECT_EQ(fault("a,b\n1,\"2\n3,4\n"), "r.csv:2:2: a quote is opened here and never closed");
  EXPECT_EQ(fault("a,b\n\"1\"x,2\n"), "r.csv:2:1: text follows a closed quote: a quote inside a cell is written twice");
  EXPECT_EQ(fault(""), "r.csv:1:1: the file is empty: its first line must name the columns");
  EXPECT_EQ(fault("\n\n"), "r.csv:1:1: the file is empty: its first line must name the columns");
  EXPECT_EQ(fault(std::string_view("a,b\n1,\0\n", 8)),
            "r.csv:2:2: a NUL byte: this is no text, or UTF-16 without a byte order mark: save the file as UTF-8 (Excel: “CSV UTF-8”)");
  EXPECT_EQ(fault("a,b\n" + std::string(kMaxCellBytes + 1, 'x') + ",2\n"),
            "r.csv:2:1: this cell is longer than 65536 bytes: is a quote missing?");
  EXPECT_EQ(fault("a,b\n1,\"" + std::string(kMaxCellBytes + 1, 'x') + "\"\n"),
            "r.csv:2:2: this cell is longer than 65536 bytes: is a quote missing?");
  EXPECT_EQ(parse_csv("a,b\n", "r.csv", Language::english, 3).error().message, "4 bytes: at most 3 are read");
  EXPECT_EQ(fault("a,b\n1,2\n3\n", Language::chinese), "r.csv:3:2: 本行有 1 列，表头有 2 列");
}

TEST(Csv, ChineseInGb18030IsReadAndShownForACheck) {
  const CsvTable table = good("candidate,q1\n\xd5\xc5\xc8\xfd,A\n");
  EXPECT_EQ(table.rows[0][0].text, "张三");
  ASSERT_EQ(table.repairs.size(), 1U);
  EXPECT_EQ(table.repairs[0].en, "r.csv: not UTF-8, read as GB18030; its first text is “张三”, please check");
  EXPECT_EQ(table.repairs[0].zh, "r.csv：不是 UTF-8，按 GB18030 读取；其中第一处文字为“张三”，请核对");
}

TEST(Csv, Utf16NeedsItsMark) {
  const std::string little{
      "\xff\xfe"
      "a\0,\0b\0\n\0\x20\x5f,\0x\0",
      16};  // U+5F20 = 张
  const CsvTable table = good(little);
  EXPECT_EQ(texts(table.rows[0]), (Texts{"张", "x"}));
  ASSERT_EQ(table.repairs.size(), 1U);
  EXPECT_EQ(table.repairs[0].en, "r.csv: read as UTF-16");
  EXPECT_EQ(fault(std::string_view(little).substr(2)).substr(0, 23), "r.csv:1:1: a NUL byte: ");
}

TEST(Csv, BytesOfNoEncodingAreFoundWhereTheyAre) {
  EXPECT_EQ(fault("a,b\n1,2\n3,\xff\xff\n").substr(0, 43), "r.csv:3:2: byte 11 is not valid GB18030: sa");
  EXPECT_EQ(fault("\xef\xbb\xbf"
                  "a,b\n1,\xff\n")
                .substr(0, 41),
            "r.csv:2:2: byte 10 is not valid UTF-8: sa");
}

}  // namespace
}  // namespace invigil

#include "analysis/forensics/report/natural_order.h"

namespace invigil {

bool natural_less(const std::string& x, const std::string& y) {
  std::size_t i = 0, k = 0;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  while (i < x.size() && k < y.size()) {
    if (digit(x[i]) && digit(y[k])) {
      const auto number = [&](const std::string& text, std::size_t& at) {
        while (at < text.size() && text[at] == '0') ++at;
        const std::size_t begin = at;
        while (at < text.size() && digit(text[at])) ++at;
        return text.substr(begin, at - begin);
      };
      const std::string a = number(x, i), b = number(y, k);
      if (a.size() != b.size()) return a.size() < b.size();
      if (a != b) return a < b;
    } else {
      if (x[i] != y[k]) return x[i] < y[k];
      ++i, ++k;
    }
  }
  return x.size() - i != y.size() - k ? i == x.size() : x < y;
}

}  // namespace invigil

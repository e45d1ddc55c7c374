#include "models/schema/schema.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>
#include <vector>

#include "models/schema/embedded.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxDepth = 64;

/// "<root>[events][0][seq]" → "/events/0/seq".
std::string pointer_of(const std::vector<std::string>& context) {
  std::string out;
  for (std::size_t i = 1; i < context.size(); ++i) {
    std::string_view part = context[i];
    if (part.size() >= 2 && part.front() == '[') part = part.substr(1, part.size() - 2);
    out += '/';
    for (const char c : part) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return out;
}

/// Refuses what nlohmann would silently accept: a key twice in one object, and bottomless nesting.
class Strict : public nlohmann::json_sax<Json> {
 public:
  bool key(string_t& name) override {
    if (!keys_.empty() && !keys_.back().insert(name).second) return stop(fmt::format("the key \"{}\" stands twice in one object", name));
    return true;
  }
  bool start_object(std::size_t) override { return keys_.emplace_back(), deeper(); }
  bool end_object() override { return keys_.pop_back(), --depth_, true; }
  bool start_array(std::size_t) override { return deeper(); }
  bool end_array() override { return --depth_, true; }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    position_ = position;
    return stop(std::string("this is not JSON: ") + error.what());
  }
  std::string problem;
  std::size_t position_ = 0;

 private:
  bool stop(std::string why) { return problem = std::move(why), false; }
  bool deeper() { return ++depth_ <= kMaxDepth || stop(fmt::format("nested deeper than {} levels", kMaxDepth)); }
  std::vector<std::set<std::string>> keys_;
  std::size_t depth_ = 0;
};

}  // namespace

struct Schema::Compiled {
  std::string text;
  valijson::Schema schema;
};

Schema::Schema(std::string text) : compiled_(std::make_unique<Compiled>()) {
  compiled_->text = std::move(text);
  const Json document = Json::parse(compiled_->text);
  valijson::SchemaParser(valijson::SchemaParser::kDraft7)
      .populateSchema(valijson::adapters::NlohmannJsonAdapter(document), compiled_->schema);
}

Schema::~Schema() = default;

const Schema& Schema::built_in(std::string_view name) {
  static const auto all = [] {
    std::map<std::string, std::unique_ptr<Schema>, std::less<>> schemas;
    for (const EmbeddedSchema& embedded : embedded_schemas())
      schemas.emplace(embedded.name, std::unique_ptr<Schema>(new Schema(std::string(embedded.text))));
    return schemas;
  }();
  const auto at = all.find(name);
  if (at == all.end()) abort_with(fmt::format("there is no built-in schema \"{}\"", name));
  return *at->second;
}

const std::string& Schema::text() const { return compiled_->text; }

Result<> Schema::check(const Json& document) const {
  valijson::Validator validator(valijson::Validator::kStrongTypes);
  valijson::ValidationResults results;
  const valijson::adapters::NlohmannJsonAdapter target(document);
  if (validator.validate(compiled_->schema, target, &results)) return {};
  // The deepest message is the one about the actual fault; those above only repeat that something below failed.
  valijson::ValidationResults::Error error, deepest;
  while (results.popError(error))
    if (error.context.size() >= deepest.context.size()) deepest = error;
  return fail(ErrorCode::invalid, deepest.description, pointer_of(deepest.context));
}

Result<Json> parse_json(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes)
    return fail(ErrorCode::too_large, fmt::format("{} bytes of JSON: at most {} are taken", text.size(), max_bytes));
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  Strict strict;
  if (!Json::sax_parse(text.begin(), text.end(), &strict)) {
    const std::string_view before = text.substr(0, std::min(strict.position_, text.size()));
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t column = before.size() - (before.rfind('\n') + 1) + 1;
    return fail(ErrorCode::invalid, strict.problem, strict.position_ == 0 ? "" : fmt::format("line {} column {}", line, column));
  }
  Json parsed = Json::parse(text.begin(), text.end(), nullptr, false);
  if (parsed.is_discarded()) return fail(ErrorCode::invalid, "this is not JSON");
  return parsed;
}

}  // namespace invigil

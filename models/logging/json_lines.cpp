#include "models/logging/json_lines.h"

#include <Poco/AutoPtr.h>
#include <Poco/Channel.h>
#include <Poco/Exception.h>
#include <Poco/Logger.h>
#include <Poco/Message.h>
#include <google/protobuf/stubs/logging.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "models/logging/log_rate.h"
#include "models/time.h"

namespace invigil {
namespace {

const char* level_name(Poco::Message::Priority priority) {
  switch (priority) {
    case Poco::Message::PRIO_FATAL: return "fatal";
    case Poco::Message::PRIO_CRITICAL: return "critical";
    case Poco::Message::PRIO_ERROR: return "error";
    case Poco::Message::PRIO_WARNING: return "warning";
    case Poco::Message::PRIO_NOTICE: return "notice";
    case Poco::Message::PRIO_INFORMATION: return "information";
    case Poco::Message::PRIO_DEBUG: return "debug";
    default: return "trace";
  }
}

/// One write a line, so that lines of several threads never mix.
class JsonLines final : public Poco::Channel {
 public:
  explicit JsonLines(std::string program) : program_(std::move(program)) {}
  void log(const Poco::Message& message) override {
    const std::optional<std::uint64_t> held_back =
        rate_.admit(message.getSource(), message.getText(), message.getTime().epochMicroseconds());
    if (!held_back) return;
    if (*held_back > 0) write(message, "… and " + std::to_string(*held_back) + " more like the next one in between");
    write(message, message.getText());
  }

 private:
  void write(const Poco::Message& message, const std::string& words) const {
    const nlohmann::ordered_json line{{"time", to_iso8601({message.getTime().epochMicroseconds()})},
                                      {"level", level_name(message.getPriority())},
                                      {"program", program_},
                                      {"source", message.getSource()},
                                      {"text", words}};
    const std::string text = line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
  }

  const std::string program_;
  LogRate rate_;
};

// protobuf writes to stderr by itself about bytes it refuses; whoever parsed them reports that in its own words.
void protobuf_says(google::protobuf::LogLevel level, const char*, int, const std::string& text) {
  Poco::Logger& logger = Poco::Logger::get("protobuf");
  if (level == google::protobuf::LOGLEVEL_FATAL)
    logger.fatal(text);
  else
    logger.debug(text);
}

}  // namespace

Result<> log_json_lines(std::string program, std::string_view level) {
  try {
    Poco::Logger& root = Poco::Logger::root();
    root.setChannel(Poco::AutoPtr<Poco::Channel>(new JsonLines(std::move(program))));
    root.setLevel(std::string(level));
    google::protobuf::SetLogHandler(&protobuf_says);
    return {};
  } catch (const Poco::Exception&) {
    return fail(ErrorCode::invalid, "\"" + std::string(level) + "\" is no log level: use error, warning, notice, information or debug");
  }
}

}  // namespace invigil

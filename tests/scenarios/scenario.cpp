#include "tests/scenarios/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>

#include "broker/platform/crypto/crypto.h"
#include "models/id.h"
#include "models/media.pb.h"
#include "models/registry.pb.h"

namespace invigil {
namespace {

constexpr Instant kOpened{1'700'000'000'000'000};
constexpr double kPart = 0.5;
const char* const kCentre = "c";
const char* const kSession = "s";

/// Reads lines into records. One scenario each.
class Reader {
 public:
  explicit Reader(Scenario& scenario) : scenario_(scenario) {}

  Result<> read(const std::string& line, int number) {
    line_ = number;
    std::istringstream words(line.substr(0, line.find('#')));
    words_.clear();
    for (std::string word; words >> word;) words_.push_back(word);
    if (words_.empty()) return {};
    if (words_[0] == "room") return room();
    if (words_[0] == "set") return set_parameter(scenario_.parameters, words_.at(1));
    if (words_[0] == "expect") return expect();
    return happening();
  }

  /// Heartbeats state what was written before them, so they are filled in when everything is known.
  void finish() {
    auto& records = scenario_.records;
    std::vector<std::size_t> order(records.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return records[a].arrives_s < records[b].arrives_s; });
    std::vector<ScenarioRecord> sorted;
    std::map<std::size_t, int> moved;
    for (const std::size_t i : order) {
      moved[i] = static_cast<int>(sorted.size());
      sorted.push_back(records[i]);
    }
    std::map<std::string, std::uint64_t> seqs;
    for (ScenarioRecord& r : sorted) {
      if (r.after_part >= 0) r.after_part = moved.at(static_cast<std::size_t>(r.after_part));
      ++seqs[r.stream];
      if (r.kind != AGENT_HEARTBEAT) continue;
      AgentHeartbeat beat;
      beat.set_at_us((kOpened + seconds(r.arrives_s)).us);
      const auto list = [&](const std::string& stream) {
        AgentHeartbeat::StreamState& state = *beat.add_streams();
        state.set_stream(stream);
        state.set_seq(seqs[stream]);
        state.set_complete_to_us(beat.at_us());
      };
      for (const std::string& camera : cameras_) list(camera_stream(kCentre, camera));
      for (const std::string& seat : seats_) list(seat_stream(kCentre, kSession, seat));
      r.payload = serialised(beat);
    }
    scenario_.records = std::move(sorted);
  }

 private:
  Result<> wrong(const std::string& what) const { return fail(ErrorCode::invalid, fmt::format("{}:{}: {}", scenario_.name, line_, what)); }

  std::map<std::string, std::string> options(std::size_t from) const {
    std::map<std::string, std::string> out;
    for (std::size_t i = from; i < words_.size(); ++i) {
      const std::size_t equals = words_[i].find('=');
      const std::string key = words_[i].substr(0, equals);
      const std::string value = equals == std::string::npos ? "" : words_[i].substr(equals + 1);
      out[key] += (out[key].empty() ? "" : ",") + value;
    }
    return out;
  }
  static std::vector<std::string> split(const std::string& list) {
    std::vector<std::string> out;
    std::istringstream in(list);
    for (std::string part; std::getline(in, part, ',');) out.push_back(part);
    return out;
  }

  void add(std::string stream, RecordKind kind, double arrives, const google::protobuf::MessageLite& message) {
    scenario_.records.push_back({std::move(stream), kind, arrives, serialised(message)});
  }

  Result<> room() {
    auto o = options(1);
    cameras_ = split(o["cameras"]);
    seats_ = split(o["seats"]);
    const double length = std::stod(o["length"]);
    Plan plan;
    plan.set_id("p");
    plan.mutable_centre()->set_id(kCentre);
    Room& room = *plan.mutable_centre()->add_rooms();
    room.set_id("r");
    for (const std::string& camera : cameras_) room.add_cameras()->set_id(camera);
    for (std::size_t i = 0; i < seats_.size(); ++i) {
      Seat& seat = *room.add_seats();
      seat.set_id(seats_[i]);
      const float left = static_cast<float>(i) / static_cast<float>(seats_.size());
      const float right = static_cast<float>(i + 1) / static_cast<float>(seats_.size());
      for (const std::string& camera : cameras_) {
        SeatPolygon& polygon = *seat.add_polygons();
        polygon.set_camera(camera);
        for (const auto& [x, y] : {std::pair{left, 0.2F}, {right, 0.2F}, {right, 1.F}, {left, 1.F}}) {
          Point& p = *polygon.add_points();
          p.set_x(x);
          p.set_y(y);
        }
      }
    }
    Session& session = *plan.add_sessions();
    session.set_id(kSession);
    session.add_rooms("r");
    add("registry/c/console", PLAN_IMPORTED, -2, plan);
    SessionChanged change;
    change.set_session(kSession);
    change.set_centre(kCentre);
    change.set_at_us(kOpened.us);
    add("registry/c/console", SESSION_OPENED, 0, change);
    change.set_at_us((kOpened + seconds(length)).us);
    add("registry/c/console", SESSION_CLOSED, length, change);
    return {};
  }

  Result<> expect() {
    auto o = options(3);
    Expectation e;
    e.observation = words_.at(1) == "observation";
    e.kind = words_.at(2);
    e.subject = o["subject"];
    e.state = o.count("state") > 0 ? o["state"] : "PRESENT";
    e.line = line_;
    const auto range = [](const std::string& text, double& low, double& high) {
      const std::size_t dots = text.find("..");
      low = std::stod(text.substr(0, dots));
      high = dots == std::string::npos ? low : std::stod(text.substr(dots + 2));
    };
    if (o.count("from") > 0) range(o["from"], e.from_low, e.from_high);
    if (o.count("to") > 0) range(o["to"], e.to_low, e.to_high);
    scenario_.expected.push_back(e);
    return {};
  }

  Result<> happening() {
    const std::string& when = words_[0];
    const std::size_t dots = when.find(".."), slash = when.find('/');
    if (dots == std::string::npos) return once(std::stod(when));
    if (slash == std::string::npos) return wrong("a range needs a step: 0..10/0.5");
    const double from = std::stod(when.substr(0, dots)), to = std::stod(when.substr(dots + 2, slash)),
                 step = std::stod(when.substr(slash + 1));
    for (int i = 0; from + i * step < to - 1e-9; ++i)
      if (auto done = once(from + i * step); !done) return done;
    return {};
  }

  Result<> once(double at) {
    const std::string& what = words_.at(1);
    if (what == "agent") {
      auto o = options(2);
      scenario_.records.push_back({"agent/c/a1", AGENT_HEARTBEAT, at, "", o.count("boot") > 0 ? o["boot"] : "boot1"});
      return {};
    }
    if (what == "scene") return scene(at);
    if (what == "camera") {
      CameraStatus status;
      status.set_camera(words_.at(2));
      CameraStatus::State state{};
      if (!CameraStatus::State_Parse(words_.at(3), &state)) return wrong("there is no camera state " + words_[3]);
      status.set_state(state);
      status.set_at_us((kOpened + seconds(at)).us);
      add(camera_stream(kCentre, words_[2]), CAMERA_STATUS, at, status);
      return {};
    }
    const std::string seat = words_.size() > 2 ? words_[2] : "";
    const std::string stream = seat_stream(kCentre, kSession, seat);
    const auto fill = [&](auto& message) {
      message.set_session(kSession);
      message.set_room("r");
      message.set_seat(seat);
      message.set_agent_us((kOpened + seconds(at)).us);
    };
    if (what == "event") {
      auto o = options(4);
      TestEvent event;
      fill(event);
      TestEventType type{};
      if (!TestEventType_Parse(words_.at(3), &type)) return wrong("there is no event type " + words_[3]);
      event.set_type(type);
      event.set_client_seq(o.count("seq") > 0 ? std::stoull(o["seq"]) : client_seq_[seat] + 1);
      client_seq_[seat] = std::max(client_seq_[seat], event.client_seq());
      // Without an item of its own each answer is to another item.
      event.set_item(o.count("item") > 0 ? o["item"] : fmt::format("q{}", event.client_seq()));
      if (o.count("chars") > 0) event.set_chars(static_cast<std::uint32_t>(std::stoul(o["chars"])));
      event.set_client_mono_ms(o.count("mono") > 0 ? std::stoll(o["mono"]) : static_cast<std::int64_t>(at * 1000) + 1000);
      add(stream, TEST_EVENT, at, event);
    } else if (what == "gap") {
      TestEventGap gap;
      fill(gap);
      gap.set_from_seq(std::stoull(words_.at(3)));
      gap.set_to_seq(std::stoull(words_.at(4)));
      client_seq_[seat] = gap.to_seq();
      add(stream, TEST_EVENT_GAP, at, gap);
    } else if (what == "conflict") {
      TestEventConflict conflict;
      fill(conflict);
      conflict.set_client_seq(std::stoull(words_.at(3)));
      add(stream, TEST_EVENT_CONFLICT, at, conflict);
    } else {
      return wrong("\"" + what + "\" is no statement");
    }
    return {};
  }

  Result<> scene(double at) {
    const std::string camera = words_.at(2);
    auto o = options(3);
    const auto figure = [&](const char* key, double fallback) {
      return static_cast<float>(o.count(key) > 0 ? std::stod(o[key]) : fallback);
    };
    VideoPart part;
    part.set_camera(camera);
    part.set_room("r");
    part.set_session(kSession);
    part.set_start_us((kOpened + seconds(at)).us);
    part.set_duration_us(seconds(kPart).us);
    const int part_index = static_cast<int>(scenario_.records.size());
    add(camera_stream(kCentre, camera), VIDEO_PART, at + kPart, part);

    Scenes scenes;
    scenes.set_camera(camera);
    scenes.set_room("r");
    scenes.set_session(kSession);
    scenes.mutable_part()->set_stream(camera_stream(kCentre, camera));
    scenes.mutable_part()->set_seq(++parts_[camera]);  // replaced in as_log by the part's place
    scenes.set_from_us(part.start_us());
    scenes.set_to_us(part.start_us() + part.duration_us());
    scenes.set_decode_failed(o.count("damaged") > 0);
    for (double t = at; !scenes.decode_failed() && t < at + kPart - 1e-9; t += 0.2) {
      Scene& s = *scenes.add_scenes();
      s.set_at_us((kOpened + seconds(t)).us);
      s.set_width(640);
      s.set_height(360);
      CameraCondition& c = *s.mutable_camera();
      c.set_mean(figure("mean", 110));
      c.set_flat_share(figure("flat", 0.01));
      c.set_edge_disappearance(figure("edges", 0.1));
      c.set_sharpness_ratio(figure("sharp", 1));
      c.set_zncc(figure("zncc", 0.97));
      c.set_shift_px(figure("shift", 0));
      c.set_shift_response(figure("response", 0.1));
      c.set_frame_difference(figure("diff", 1));
      c.set_identical(o.count("identical") > 0);
      c.set_reference_ready(figure("ready", 1) > 0);
      s.set_persons_ran(o.count("person") > 0 || o.count("nobody") > 0);
      for (const std::string& seat : split(o["person"])) {
        const auto index = static_cast<float>(std::find(seats_.begin(), seats_.end(), seat) - seats_.begin());
        const float width = 640 / static_cast<float>(seats_.size());
        Person& p = *s.add_persons();
        p.set_score(0.9F);
        p.mutable_box()->set_x(index * width + width * 0.2F);
        p.mutable_box()->set_y(120);
        p.mutable_box()->set_width(width * 0.6F);
        p.mutable_box()->set_height(230);
      }
      std::map<std::string, SeatView> views;
      for (const std::string& pair : split(o["motion"]))
        views[pair.substr(0, pair.find(':'))].set_motion(std::stof(pair.substr(pair.find(':') + 1)));
      for (const std::string& pair : split(o["look"]))
        views[pair.substr(0, pair.find(':'))].set_reference_difference(std::stof(pair.substr(pair.find(':') + 1)));
      for (auto& [seat, view] : views) {
        view.set_seat(seat);
        view.set_visible(true);
        *s.add_seats() = view;
      }
    }
    scenario_.records.push_back({analysis_stream(kCentre, "r", "e1"), SCENES, at + kPart + 0.1, serialised(scenes), "", part_index});
    return {};
  }

  Scenario& scenario_;
  int line_ = 0;
  std::vector<std::string> words_, cameras_, seats_;
  std::map<std::string, std::uint64_t> client_seq_, parts_;
};

}  // namespace

Result<Scenario> read_scenario(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) return fail(ErrorCode::not_found, file.string() + " cannot be read");
  Scenario scenario;
  scenario.name = file.filename().string();
  Reader reader(scenario);
  int number = 0;
  for (std::string line; std::getline(in, line);)
    if (auto read = reader.read(line, ++number); !read) return tl::make_unexpected(read.error());
  reader.finish();
  return scenario;
}

std::vector<FollowedRecord> as_log(const std::vector<ScenarioRecord>& records) {
  std::map<std::string, std::pair<std::uint64_t, Hash>> tips;
  std::map<std::string, std::vector<std::uint64_t>> parts;  // seqs of the parts of each camera stream, in order
  std::vector<FollowedRecord> log;
  for (const ScenarioRecord& r : records) {
    auto& [seq, hash] = tips[r.stream];
    FollowedRecord followed;
    followed.position = log.size();
    followed.record.payload = r.payload;
    ++seq;
    if (r.kind == VIDEO_PART) parts[r.stream].push_back(seq);
    if (r.kind == SCENES) {
      Scenes scenes;
      scenes.ParseFromString(r.payload);
      scenes.mutable_part()->set_seq(parts.at(scenes.part().stream()).at(scenes.part().seq() - 1));
      followed.record.payload = serialised(scenes);
    }
    RecordHeader& header = followed.header;
    header.set_stream(r.stream);
    header.set_seq(seq);
    header.set_prev_hash(bytes_of(hash));
    header.set_kind(static_cast<std::uint32_t>(r.kind));
    header.mutable_occurred()->set_wall_to_us((kOpened + seconds(r.arrives_s)).us);
    header.mutable_occurred()->set_boot_id(r.boot);
    header.set_payload_hash(bytes_of(sha256(followed.record.payload)));
    header.set_payload_size(followed.record.payload.size());
    followed.record.header = serialised(header);
    followed.hash = hash = sha256(followed.record.header);
    log.push_back(std::move(followed));
  }
  return log;
}

std::vector<ScenarioRecord> delayed(const Scenario& scenario, unsigned seed, double most_s, std::string_view stuck) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> delay(0, std::max(most_s, 1e-9));
  std::map<std::string, double> latest;
  std::vector<double> arrival;
  for (const ScenarioRecord& r : scenario.records) {
    const bool told = r.stream.rfind("registry/", 0) == 0;
    double at = r.arrives_s + (told ? 0 : delay(random)) + (r.stream == stuck ? 1e6 : 0);
    if (r.after_part >= 0) at = std::max(at, arrival[static_cast<std::size_t>(r.after_part)]);
    at = std::max(at, latest[r.stream]);
    latest[r.stream] = at;
    arrival.push_back(at);
  }
  std::vector<std::size_t> order(arrival.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return arrival[a] < arrival[b]; });
  std::vector<ScenarioRecord> out;
  for (const std::size_t i : order) out.push_back(scenario.records[i]);
  return out;
}

std::vector<DerivedRecord> derived_from(const std::vector<FollowedRecord>& log, const ParameterSet& parameters) {
  RoomOptions options;
  options.parameters = parameters;
  DetectStage stage(options);
  std::vector<DerivedRecord> out;
  for (const FollowedRecord& record : log)
    for (DerivedRecord& d : stage.take(record)) out.push_back(std::move(d));
  return out;
}

}  // namespace invigil

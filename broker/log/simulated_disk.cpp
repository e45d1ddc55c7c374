#include "broker/log/simulated_disk.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace invigil {

/// A file's content, apart from its names.
struct SimulatedDisk::Inode {
  struct Change {
    bool resize = false;
    std::uint64_t at = 0;  ///< offset, or the new size
    std::string bytes;
  };
  std::string now;
  std::string durable;
  std::vector<Change> unsynced;

  static void apply(std::string& content, const Change& change) {
    if (change.resize) {
      content.resize(static_cast<std::size_t>(change.at), '\0');
      return;
    }
    const auto end = static_cast<std::size_t>(change.at) + change.bytes.size();
    if (content.size() < end) content.resize(end, '\0');
    content.replace(static_cast<std::size_t>(change.at), change.bytes.size(), change.bytes);
  }
};

struct SimulatedDisk::State {
  explicit State(SimulatedDiskOptions o) : options(o), random(o.seed) {}

  mutable Mutex mutex;
  SimulatedDiskOptions options INVIGIL_GUARDED_BY(mutex);
  std::mt19937_64 random INVIGIL_GUARDED_BY(mutex);
  Names names INVIGIL_GUARDED_BY(mutex);
  std::vector<Names> name_history INVIGIL_GUARDED_BY(mutex){Names()};  // front = durable, then after each change
  std::uint64_t generation INVIGIL_GUARDED_BY(mutex) = 0;              // one more with each crash
  bool failing INVIGIL_GUARDED_BY(mutex) = false;
  bool write_errors INVIGIL_GUARDED_BY(mutex) = false;
  std::uint64_t writes_left INVIGIL_GUARDED_BY(mutex) = UINT64_MAX;
  std::uint64_t syncs INVIGIL_GUARDED_BY(mutex) = 0;
  std::uint64_t directory_syncs INVIGIL_GUARDED_BY(mutex) = 0;

  std::uint64_t draw(std::uint64_t below) INVIGIL_REQUIRES(mutex) { return random() % below; }

  std::uint64_t used() const INVIGIL_REQUIRES(mutex) {
    std::uint64_t bytes = 0;
    for (const auto& [name, inode] : names) bytes += inode->now.size();
    return bytes;
  }

  Result<> check(std::string_view name) const INVIGIL_REQUIRES(mutex) {
    if (failing) return fail(ErrorCode::unavailable, fmt::format("simulated disk: {}: input/output error", name));
    return {};
  }

  Result<> check_room(std::string_view name, std::uint64_t old_size, std::uint64_t new_size) const INVIGIL_REQUIRES(mutex) {
    if (new_size > old_size && used() + (new_size - old_size) > options.capacity_bytes)
      return fail(ErrorCode::exhausted, fmt::format("simulated disk: {}: no space left", name));
    return {};
  }

  void crash_file(Inode& inode) INVIGIL_REQUIRES(mutex) {
    for (const Inode::Change& change : inode.unsynced) {
      const std::uint64_t fate = draw(3);  // 0 kept, 1 lost, 2 torn
      if (fate == 1) continue;
      if (fate == 0 || change.resize) {
        Inode::apply(inode.durable, change);
        continue;
      }
      // Sectors are whole or untouched, in any combination.
      for (std::size_t from = 0; from < change.bytes.size();) {
        const std::uint64_t sector = options.sector_bytes - (change.at + from) % options.sector_bytes;
        const auto part = change.bytes.substr(from, static_cast<std::size_t>(sector));
        if (draw(2) == 0) Inode::apply(inode.durable, {false, change.at + from, part});
        from += part.size();
      }
    }
    inode.unsynced.clear();
    inode.now = inode.durable;
  }
};

class SimulatedDisk::File final : public DiskFile {
 public:
  File(std::string name, std::shared_ptr<State> state, std::shared_ptr<Inode> inode, std::uint64_t generation)
      : name_(std::move(name)), state_(std::move(state)), inode_(std::move(inode)), generation_(generation) {}

  Result<> write_at(std::uint64_t offset, std::string_view bytes) override {
    const MutexLock lock(state_->mutex);
    if (auto alive = check(); !alive) return alive;
    if (auto room = state_->check_room(name_, inode_->now.size(), offset + bytes.size()); !room) return room;
    if (state_->write_errors) return fail(ErrorCode::unavailable, fmt::format("simulated disk: {}: input/output error", name_));
    if (state_->writes_left == 0) {
      change({false, offset, std::string(bytes.substr(0, static_cast<std::size_t>(state_->draw(bytes.size() + 1))))});
      return fail(ErrorCode::unavailable, fmt::format("simulated disk: {}: input/output error", name_));
    }
    if (state_->writes_left != UINT64_MAX) --state_->writes_left;
    change({false, offset, std::string(bytes)});
    return {};
  }

  Result<std::string> read_at(std::uint64_t offset, std::size_t size) const override {
    const MutexLock lock(state_->mutex);
    if (generation_ != state_->generation) return dead();
    if (offset >= inode_->now.size()) return std::string();
    return inode_->now.substr(static_cast<std::size_t>(offset), size);
  }

  Result<std::uint64_t> size() const override {
    const MutexLock lock(state_->mutex);
    if (generation_ != state_->generation) return dead();
    return inode_->now.size();
  }

  Result<> truncate(std::uint64_t size) override {
    const MutexLock lock(state_->mutex);
    if (auto alive = check(); !alive) return alive;
    change({true, size, {}});
    return {};
  }

  Result<> preallocate(std::uint64_t size) override {
    const MutexLock lock(state_->mutex);
    if (auto alive = check(); !alive) return alive;
    if (auto room = state_->check_room(name_, inode_->now.size(), size); !room) return room;
    if (size > inode_->now.size()) change({true, size, {}});
    return {};
  }

  Result<> sync() override {
    const MutexLock lock(state_->mutex);
    if (auto alive = check(); !alive) return alive;
    ++state_->syncs;
    if (state_->options.ignore_sync) return {};
    inode_->durable = inode_->now;
    inode_->unsynced.clear();
    return {};
  }

 private:
  tl::unexpected<Error> dead() const {
    return fail(ErrorCode::unavailable, fmt::format("simulated disk: {} was open when the power was cut", name_));
  }
  Result<> check() const INVIGIL_REQUIRES(state_->mutex) {
    if (generation_ != state_->generation) return dead();
    return state_->check(name_);
  }
  void change(Inode::Change change) INVIGIL_REQUIRES(state_->mutex) {
    Inode::apply(inode_->now, change);
    inode_->unsynced.push_back(std::move(change));
  }

  const std::string name_;
  const std::shared_ptr<State> state_;
  const std::shared_ptr<Inode> inode_;
  const std::uint64_t generation_;
};

SimulatedDisk::SimulatedDisk(SimulatedDiskOptions options) : state_(std::make_shared<State>(options)) {}
SimulatedDisk::~SimulatedDisk() = default;

void SimulatedDisk::crash() {
  State& s = *state_;
  const MutexLock lock(s.mutex);
  ++s.generation;
  const std::size_t kept = s.draw(4) != 0 ? 0 : static_cast<std::size_t>(s.draw(s.name_history.size()));
  s.names = s.name_history[kept];
  s.name_history.assign(1, s.names);
  for (const auto& [name, inode] : s.names) s.crash_file(*inode);
}

void SimulatedDisk::set_failing(bool failing) {
  const MutexLock lock(state_->mutex);
  state_->failing = failing;
}

void SimulatedDisk::fail_write_after(std::uint64_t writes) {
  const MutexLock lock(state_->mutex);
  state_->writes_left = writes;
}

void SimulatedDisk::set_write_errors(bool failing) {
  const MutexLock lock(state_->mutex);
  state_->write_errors = failing;
}

void SimulatedDisk::set_capacity(std::uint64_t bytes) {
  const MutexLock lock(state_->mutex);
  state_->options.capacity_bytes = bytes;
}

bool SimulatedDisk::flip(std::string_view name, std::uint64_t offset, std::uint8_t with) {
  const MutexLock lock(state_->mutex);
  const auto found = state_->names.find(name);
  if (found == state_->names.end() || offset >= found->second->now.size()) return false;
  for (std::string* content : {&found->second->now, &found->second->durable})
    if (offset < content->size())
      (*content)[static_cast<std::size_t>(offset)] = static_cast<char>((*content)[static_cast<std::size_t>(offset)] ^ with);
  return true;
}

std::string SimulatedDisk::contents(std::string_view name) const {
  const MutexLock lock(state_->mutex);
  const auto found = state_->names.find(name);
  return found == state_->names.end() ? std::string() : found->second->now;
}

std::map<std::string, std::string> SimulatedDisk::copy() const {
  const MutexLock lock(state_->mutex);
  std::map<std::string, std::string> out;
  for (const auto& [name, inode] : state_->names) out.emplace(name, inode->now);
  return out;
}

void SimulatedDisk::put_back(const std::map<std::string, std::string>& copy) {
  State& s = *state_;
  const MutexLock lock(s.mutex);
  ++s.generation;
  s.names.clear();
  for (const auto& [name, bytes] : copy) {
    auto inode = std::make_shared<Inode>();
    inode->now = inode->durable = bytes;
    s.names.emplace(name, std::move(inode));
  }
  s.name_history.assign(1, s.names);
}

std::uint64_t SimulatedDisk::syncs() const {
  const MutexLock lock(state_->mutex);
  return state_->syncs;
}

std::uint64_t SimulatedDisk::directory_syncs() const {
  const MutexLock lock(state_->mutex);
  return state_->directory_syncs;
}

Result<std::unique_ptr<DiskFile>> SimulatedDisk::open(std::string_view name, bool create) {
  State& s = *state_;
  const MutexLock lock(s.mutex);
  auto found = s.names.find(name);
  if (found == s.names.end()) {
    if (!create) return fail(ErrorCode::not_found, fmt::format("simulated disk: {} does not exist", name));
    if (auto alive = s.check(name); !alive) return tl::make_unexpected(alive.error());
    found = s.names.emplace(std::string(name), std::make_shared<Inode>()).first;
    s.name_history.push_back(s.names);
  }
  return std::unique_ptr<DiskFile>(std::make_unique<File>(std::string(name), state_, found->second, s.generation));
}

Result<std::vector<std::string>> SimulatedDisk::list() const {
  const MutexLock lock(state_->mutex);
  std::vector<std::string> out;
  for (const auto& [name, inode] : state_->names) out.push_back(name);
  return out;
}

Result<> SimulatedDisk::remove(std::string_view name) {
  State& s = *state_;
  const MutexLock lock(s.mutex);
  if (auto alive = s.check(name); !alive) return alive;
  const auto found = s.names.find(name);
  if (found == s.names.end()) return fail(ErrorCode::not_found, fmt::format("simulated disk: {} does not exist", name));
  s.names.erase(found);
  s.name_history.push_back(s.names);
  return {};
}

Result<> SimulatedDisk::rename(std::string_view from, std::string_view to) {
  State& s = *state_;
  const MutexLock lock(s.mutex);
  if (auto alive = s.check(from); !alive) return alive;
  const auto found = s.names.find(from);
  if (found == s.names.end()) return fail(ErrorCode::not_found, fmt::format("simulated disk: {} does not exist", from));
  s.names[std::string(to)] = found->second;
  s.names.erase(std::string(from));
  s.name_history.push_back(s.names);
  return {};
}

Result<> SimulatedDisk::sync_directory() {
  State& s = *state_;
  const MutexLock lock(s.mutex);
  if (auto alive = s.check("the folder"); !alive) return alive;
  ++s.directory_syncs;
  if (!s.options.ignore_sync_directory) s.name_history.assign(1, s.names);
  return {};
}

Result<std::uint64_t> SimulatedDisk::free_bytes() const {
  const MutexLock lock(state_->mutex);
  const std::uint64_t used = state_->used();
  return state_->options.capacity_bytes > used ? state_->options.capacity_bytes - used : 0;
}

}  // namespace invigil

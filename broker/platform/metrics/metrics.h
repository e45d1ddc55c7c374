#pragma once
// Counters, gauges and histograms in Prometheus' text format: the one home of prometheus-cpp.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace invigil {

/// A number that only grows. Thread-safe; lives as long as its Metrics.
class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double amount = 1) = 0;
};

/// A number that goes up and down. Thread-safe; lives as long as its Metrics.
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) = 0;
};

/// A distribution over fixed buckets. Thread-safe; lives as long as its Metrics.
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double value) = 0;
};

/// A program's metrics. Thread-safe. Names follow Prometheus' rules: invigil_<what>_<unit>[_total].
class Metrics {
 public:
  using Labels = std::map<std::string, std::string>;
  Metrics();
  ~Metrics();
  /// Asking twice with the same name and labels gives the same one.
  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  /// `bounds`: ascending upper bounds of the buckets, in the name's unit.
  Histogram& histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds, const Labels& labels = {});
  /// Everything as text (format 0.0.4), for GET /metrics.
  std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace invigil

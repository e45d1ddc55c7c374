#include "broker/platform/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "models/sync.h"

namespace invigil {
namespace {

class PrometheusCounter final : public Counter {
 public:
  explicit PrometheusCounter(prometheus::Counter& counter) : counter_(counter) {}
  void add(double amount) override { counter_.Increment(amount); }

 private:
  prometheus::Counter& counter_;
};

class PrometheusGauge final : public Gauge {
 public:
  explicit PrometheusGauge(prometheus::Gauge& gauge) : gauge_(gauge) {}
  void set(double value) override { gauge_.Set(value); }

 private:
  prometheus::Gauge& gauge_;
};

class PrometheusHistogram final : public Histogram {
 public:
  explicit PrometheusHistogram(prometheus::Histogram& histogram) : histogram_(histogram) {}
  void observe(double value) override { histogram_.Observe(value); }

 private:
  prometheus::Histogram& histogram_;
};

}  // namespace

struct Metrics::State {
  prometheus::Registry registry;
  Mutex mutex;
  // By the library's own object: it hands out the same one for the same name and labels.
  std::map<const void*, std::unique_ptr<Counter>> counters INVIGIL_GUARDED_BY(mutex);
  std::map<const void*, std::unique_ptr<Gauge>> gauges INVIGIL_GUARDED_BY(mutex);
  std::map<const void*, std::unique_ptr<Histogram>> histograms INVIGIL_GUARDED_BY(mutex);
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  prometheus::Counter& inner = prometheus::BuildCounter().Name(name).Help(help).Register(state_->registry).Add(labels);
  const MutexLock lock(state_->mutex);
  auto& slot = state_->counters[&inner];
  if (!slot) slot = std::make_unique<PrometheusCounter>(inner);
  return *slot;
}

Gauge& Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  prometheus::Gauge& inner = prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry).Add(labels);
  const MutexLock lock(state_->mutex);
  auto& slot = state_->gauges[&inner];
  if (!slot) slot = std::make_unique<PrometheusGauge>(inner);
  return *slot;
}

Histogram& Metrics::histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds, const Labels& labels) {
  prometheus::Histogram& inner = prometheus::BuildHistogram().Name(name).Help(help).Register(state_->registry).Add(labels, bounds);
  const MutexLock lock(state_->mutex);
  auto& slot = state_->histograms[&inner];
  if (!slot) slot = std::make_unique<PrometheusHistogram>(inner);
  return *slot;
}

std::string Metrics::text() const { return prometheus::TextSerializer().Serialize(state_->registry.Collect()); }

}  // namespace invigil

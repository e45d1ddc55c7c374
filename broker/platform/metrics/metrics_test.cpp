#include "broker/platform/metrics/metrics.h"

#include <gtest/gtest.h>

namespace invigil {
namespace {

TEST(Metrics, TheSameNameAndLabelsAreTheSameCounter) {
  Metrics metrics;
  metrics.counter("invigil_records_total", "Records stored", {{"lane", "events"}}).add(2);
  metrics.counter("invigil_records_total", "Records stored", {{"lane", "events"}}).add(3);
  metrics.gauge("invigil_spool_bytes", "Bytes not yet sent").set(7);
  metrics.histogram("invigil_commit_seconds", "Commit time", {0.001, 0.01}).observe(0.005);
  const std::string text = metrics.text();
  EXPECT_NE(text.find("invigil_records_total{lane=\"events\"} 5"), std::string::npos) << text;
  EXPECT_NE(text.find("invigil_spool_bytes 7"), std::string::npos) << text;
  EXPECT_NE(text.find("invigil_commit_seconds_bucket{le=\"0.01\"} 1"), std::string::npos) << text;
}

}  // namespace
}  // namespace invigil

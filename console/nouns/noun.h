#pragma once
// One thing the console is about, as one module: what it keeps of the log, what it answers, who may ask, what open pages are told.

#include <string_view>
#include <vector>

#include "broker/platform/http/server.h"
#include "console/api/context.h"
#include "console/auth/rights.h"
#include "console/index/projection.h"
#include "console/live/push.h"

namespace invigil {

/// A row of nouns.cpp. The parts a module does not need stay empty. Values only: a Noun owns nothing and outlives everything.
struct Noun {
  std::string_view name;                                                      ///< its folder under console/nouns/
  Projection projection = {};                                                 ///< record kinds, tables, and what a record does to them
  std::vector<Action> rights = {};                                            ///< rows of the rights table
  void (*add_routes)(HttpServer& server, ConsoleContext& context) = nullptr;  ///< as openapi.yaml promises; the context outlives the server
  std::vector<Push> pushes = {};                                              ///< what open pages are told of changed rows
  std::vector<Hearing> hearings = {};                                         ///< what they are told of the last-value channel
};

}  // namespace invigil

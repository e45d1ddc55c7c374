// Request heads, chunked bodies, ranges, routes and WebSocket frames from arbitrary bytes.
#include <cstdint>

#include "broker/platform/http/message.h"
#include "broker/platform/http/range.h"
#include "broker/platform/http/route_table.h"
#include "broker/platform/http/websocket_frames.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invigil;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static const RouteTable kRoutes = [] {
    RouteTable table;
    table.add("GET", "/v1/sessions/{session}/open", [](const HttpRequest&) { return HttpResponse{}; });
    table.add("GET", "/v1/{noun}/{id}/{verb}", [](const HttpRequest&) { return HttpResponse{}; });
    return table;
  }();
  if (const auto head = parse_request_head(bytes)) {
    (void)kRoutes.find(head->request.method, head->raw_path);
    const auto range = head->request.headers.find("range");
    const auto answer = choose_range(range == head->request.headers.end() ? "" : range->second, size);
    if (answer.kind == RangeAnswer::Kind::part && (answer.range.size == 0 || answer.range.first + answer.range.size > size))
      abort_with("a range leaves its thing");
  }
  (void)choose_range(bytes, 1000);
  ChunkedBody chunks(4096);
  (void)chunks.feed(bytes);
  SocketReader reader(4096);
  reader.feed(bytes);
  while (true) {
    const auto message = reader.next();
    if (!message || !*message) break;
    if ((*message)->payload.size() > 4096) abort_with("a message over the limit came through");
  }
  return 0;
}

#pragma once
// What a media child does, one function a verb. Each returns the process's exit code; what went wrong was told over the channel.

#include "broker/platform/media/channel.h"
#include "broker/platform/media/worker/input.h"

namespace invigil::media {

/// `decode`: parts in, pictures out, until the parent closes.
int run_part_decoder(Channel& channel);
/// `decode-file`, `decode-url`: a whole source in, pictures out.
int run_source_decoder(Channel& channel, bool network);
/// `capture-file`, `capture-url`: a source in, parts out.
int run_capture(Channel& channel, bool network);
/// `cut`: parts in, one MP4 out.
int run_cut(Channel& channel);
/// `probe-file`, `probe-url`.
int run_probe(Channel& channel, bool network);

/// Tells the parent why nothing more comes.
int give_up(Channel& channel, const Error& error);

/// The first frame, if it is of this kind and holds this message.
template <class Message>
Result<Message> first_word(Channel& channel, Kind kind) {
  auto frame = channel.receive();
  if (!frame) return tl::make_unexpected(frame.error());
  if (frame->kind != kind) return fail(ErrorCode::corrupt, "media protocol: not the word expected first");
  return unpack<Message>(frame->body);
}

/// Locks the process in and opens what `request` names, in the order that keeps media out of a process with powers.
Result<Input> open_locked_in(const OpenSource& request, bool network, Watch& watch, std::chrono::microseconds open_limit);

inline constexpr std::uint64_t kGibibyte = 1024ull * 1024 * 1024;

}  // namespace invigil::media

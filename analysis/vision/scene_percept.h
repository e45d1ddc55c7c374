#pragma once
// Pixels become words: the pictures of one camera, in order, become Scenes. OpenCV stays behind this header.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/detector.h"
#include "broker/platform/media/media.h"
#include "models/result.h"
#include "models/scene.pb.h"
#include "models/time.h"

namespace invigil {

/// Which percepts to run and how often. Rates are upper bounds: a percept is due when 1/rate has passed since its last run,
/// counted in the pictures' own time, so the same pictures always give the same Scenes.
struct PerceptOptions {
  std::optional<std::filesystem::path> nets;  ///< unset = INVIGIL_NETS, then the installed folder (models/nets/nets.h)
  double faces_per_second = 5;                ///< 0 = off; head turns want 5
  double persons_per_second = 1;              ///< 0 = off
};

/// The percepts of one camera. Deterministic and causal: a Scene depends only on the pictures so far. Single-thread; one
/// object per camera. Percepts whose nets are missing or altered are off and named, the others work.
class ScenePercept {
 public:
  virtual ~ScenePercept() = default;

  /// What is in this picture, taken at `at` (wall time; strictly later than the one before). `invalid` when its buffers don't
  /// have the size they claim; `internal` when OpenCV refuses: the next picture may be tried.
  /// A picture without `bgr` gets no persons or faces (persons_ran = faces_ran = false).
  virtual Result<Scene> look(const Picture& picture, Instant at) = 0;

  /// New seat polygons from now on (a new version of the plan, or seats proposed from the picture).
  virtual void set_seats(std::vector<SeatGeometry> seats) = 0;

  /// New rates from now on, for overload: persons and faces may be thinned, the camera condition never is.
  virtual void set_rates(double faces_per_second, double persons_per_second) = 0;

  /// A person acknowledged that the camera was moved, or a session began: learn the reference picture anew.
  virtual void forget_reference() = 0;

  /// Percepts that are on, with versions: "camera/1 seats/1 faces-yunet/3 persons-yolox-nano/1" (Scenes.percepts).
  virtual std::string names() const = 0;

  /// Percepts that are on, one each: "camera/1" (AnalysisStatus.percepts_on).
  virtual std::vector<std::string> on() const = 0;

  /// Percepts that are off, each with its reason: "faces: yunet_2022_120x160.onnx is missing in …" (AnalysisStatus.percepts_off).
  virtual std::vector<std::string> off() const = 0;
};

/// Percepts for one camera whose seats these are (seats of other cameras are not to be passed). Loads the nets (about 0.2 s);
/// never fails: without nets it is a percept of camera condition and seat motion.
std::unique_ptr<ScenePercept> open_scene_percept(const PerceptOptions& options, std::vector<SeatGeometry> seats);

/// A JPEG of the picture for the wall, `width` wide, height by aspect, `quality` 0…100. From `bgr`, or `grey` when there is
/// none. `invalid` when the buffers don't have the size they claim.
Result<std::string> snapshot_jpeg(const Picture& picture, std::uint32_t width = 320, int quality = 70);

}  // namespace invigil

#include "analysis/forensics/models/pair_kernels.h"

#include <string_view>

namespace invigil {

extern const PairKernels kPairKernels_baseline;
#ifdef INVIGIL_X86_KERNELS
extern const PairKernels kPairKernels_avx2, kPairKernels_avx512;
#endif

const PairKernels* pair_kernels(const char* name) {
  const std::string_view wanted = name;
#ifdef INVIGIL_X86_KERNELS
  __builtin_cpu_init();
  if (wanted == "avx512" && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
    return &kPairKernels_avx512;
  if (wanted == "avx2" && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &kPairKernels_avx2;
#endif
  return wanted == "baseline" ? &kPairKernels_baseline : nullptr;
}

const PairKernels& pair_kernels() {
  static const PairKernels& best = [&]() -> const PairKernels& {
    for (const char* name : {"avx512", "avx2"})
      if (const PairKernels* kernels = pair_kernels(name)) return *kernels;
    return kPairKernels_baseline;
  }();
  return best;
}

}  // namespace invigil

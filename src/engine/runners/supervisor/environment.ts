/**
 * What a runner may know of our environment: where programs and libraries are, and what chooses among
 * devices. An allow-list, since keys and configuration of anything may stand in the rest: never FEDAI_*,
 * nor LLAMA_ARG_*, which would be flags behind our back.
 */
export const environment = (
  all: Readonly<Record<string, string | undefined>>,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(all).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && ALLOWED.test(entry[0]),
    ),
  )

const ALLOWED = new RegExp(
  `^(?:${[
    'PATH|HOME|USER|LOGNAME|TMPDIR|TZ|LANG|LC_[A-Z]+',
    // Libraries.
    'LD_LIBRARY_PATH|DYLD_(?:FALLBACK_)?LIBRARY_PATH',
    // Devices: CUDA, ROCm, Intel, Vulkan, Metal, and what ggml itself reads.
    'CUDA_[A-Z0-9_]+|NVIDIA_[A-Z0-9_]+|(?:HIP|ROCR|ROCM|HSA)_[A-Z0-9_]+',
    'ONEAPI_[A-Z0-9_]+|SYCL_[A-Z0-9_]+|ZE_[A-Z0-9_]+|VK_[A-Z0-9_]+|GGML_[A-Z0-9_]+',
    'OMP_[A-Z0-9_]+|OPENBLAS_NUM_THREADS|MKL_NUM_THREADS',
    // Windows starts no program without these.
    'SystemRoot|SYSTEMROOT|windir|TEMP|TMP|USERPROFILE|LOCALAPPDATA|Path',
  ].join('|')})$`,
)

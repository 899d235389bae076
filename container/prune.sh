#!/bin/sh
# Leave out of a virtual environment what no container ever runs: headers, tests, and OpenVINO's and torch's parts for
# other devices and other model formats. Measured with `du`: docs/container.md says what each group saves.
set -eu
packages=$(echo "$1"/lib/python3*/site-packages)
cd "$packages"

# OpenVINO: the CPU plugin and the ONNX reader are used; it looks for the other plugins only when they are asked for.
if [ -d openvino ]; then
  rm -rf openvino/include openvino/cmake openvino/tools openvino/libs/cache.json openvino/libs/tbb.pc
  for part in intel_gpu_plugin intel_npu_plugin auto_batch_plugin hetero_plugin; do
    rm -f openvino/libs/libopenvino_"$part".so
  done
  for part in gguf jax paddle pytorch tensorflow tensorflow_lite; do
    rm -f openvino/libs/libopenvino_"$part"_frontend.so.*
  done
fi

# torch: eager inference needs no compiler (triton and its bindings), no linear algebra, no profiler, no headers and no
# static library. What libtorch_cuda.so and libcudnn are linked with, or look for by name, stays: `readelf -d`, `strings`.
if [ -d torch ]; then
  rm -rf triton cuda _cuda_bindings_redirector.* torch/include torch/test torch/share torch/bin/protoc* functorch
  rm -rf nvidia/cusolver torch/lib/libtorch_cuda_linalg.so
  rm -f nvidia/cuda_nvrtc/lib/*.alt.so.* nvidia/cuda_cupti/lib/libnvperf_* nvidia/cuda_cupti/lib/libcheckpoint.so
  find torch nvidia -name '*.a' -delete
  find nvidia -type d -name include -prune -exec rm -rf {} +
fi

find "$1"/bin -type f ! -name 'python*' -delete
find . -type d \( -name tests -o -name test \) -prune -exec rm -rf {} +
find . -type f \( -name '*.pyi' -o -name '*.pxd' -o -name '*.h' -o -name '*.hpp' \) -delete

# What is left must still load.
"$1"/bin/python - <<'PROOF'
import importlib.util

import cv2
import numpy
import openvino
import scipy.ndimage
import SimpleITK

assert openvino.Core().available_devices == ["CPU"], openvino.Core().available_devices
if importlib.util.find_spec("torch"):
    import torch

    torch.nn.functional.conv2d(torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 3, 3))
PROOF

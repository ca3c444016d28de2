// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <onnx/onnx_pb.h>

namespace drgan::exporting {

/// The forms of ONNX that all readers of a bundle understand, and understand alike: OpenCV 4.6, 4.10 and 5.0 (both of
/// its engines) and onnxruntime. What is not listed here was not tried with all of them.
///
/// | operator                  | form                                                                              |
/// |---------------------------|-----------------------------------------------------------------------------------|
/// | Conv, ConvTranspose       | constant 4D weights; symmetric `pads`, `strides`, `group`; no dilation            |
/// | Gemm                      | constant weights and bias, `transB` 1                                             |
/// | BatchNormalization, PRelu | constants; slopes are [C,1,1]                                                     |
/// | Relu, Elu, Tanh, Sigmoid  | no attribute                                                                      |
/// | Clip                      | `min` and `max` are attributes; OpenCV 4.6 refuses inputs (opset 11)              |
/// | Softmax                   | `axis` -1, which means the same before and after opset 13                         |
/// | Add                       | two values of the same shape                                                      |
/// | Concat, Flatten           | `axis` 1                                                                          |
/// | Reshape                   | a constant shape: -1 for the batch and sizes for the rest                         |
/// | Resize                    | two inputs (opset 10): scales 1, 1, 2, 2; `mode` nearest; no coordinate mode      |
/// | MaxPool, AveragePool      | `kernel_shape`, `strides`, symmetric `pads`                                       |
/// | GlobalAveragePool         | no attribute                                                                      |
/// | Pad                       | `pads` is an attribute (opset 10): only columns of zeros on the right             |
/// | Slice                     | start 0, end and axis 3 are constant inputs: the first columns                    |
///
/// Axes. The batch axis of inputs and outputs has neither a size nor a name; sides that are free have names. OpenCV's
/// classic importer computes every shape while it reads a file. It takes an axis without a name for a batch of 1, and
/// one with a name (of an input that has fewer than three axes) for 0, which Reshape makes -1 and Add makes 1: then a
/// Concat of what has come through an Add with what has not is refused by OpenCV 4.10 ("Inconsistent shape for
/// ConcatLayer"), although it would run. Free sides need names, as a size of 0 would be taken at its word; such
/// networks count 0 and so have no Concat.
constexpr int opset = 10;
constexpr int irVersion = 5;

/// Holds a model against the forms above.
/// @throws std::runtime_error naming the node, what it has and what was expected
void checkForms(const onnx::ModelProto& model);

}  // namespace drgan::exporting

// SPDX-License-Identifier: Apache-2.0
#include "nn/graph/onnx_values.hpp"

#include <cstring>
#include <limits>
#include <stdexcept>
#include <utility>

namespace drgan::nn {

namespace {

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

template <typename T, typename Field>
torch::Tensor read(const onnx::TensorProto& t, const Field& field, int64_t count, torch::ScalarType type,
                   const std::string& name) {
    torch::Tensor result = torch::empty({count}, type);
    const auto bytes = static_cast<size_t>(count) * sizeof(T);
    if (!t.raw_data().empty() ? t.raw_data().size() != bytes : field.size() != count) {
        fail("'" + name + "' does not hold the " + std::to_string(count) + " values that its shape asks for");
    }
    const void* from = t.raw_data().empty() ? static_cast<const void*>(field.data()) : t.raw_data().data();
    if (count > 0) {
        std::memcpy(result.data_ptr(), from, bytes);
    }
    return result;
}

}  // namespace

torch::Tensor tensorOf(const onnx::TensorProto& t, const std::string& name) {
    if (t.data_location() == onnx::TensorProto::EXTERNAL) {
        fail("the weights '" + name + "' lie in another file, which is not supported");
    }
    std::vector<int64_t> shape(t.dims().begin(), t.dims().end());
    int64_t count = 1;
    for (int64_t d : shape) {
        if (d < 0 || (d > 0 && count > std::numeric_limits<int32_t>::max() / d)) {
            fail("the shape of '" + name + "' is absurd");
        }
        count *= d;
    }
    torch::Tensor result;
    if (t.data_type() == onnx::TensorProto::FLOAT) {
        result = read<float>(t, t.float_data(), count, torch::kFloat32, name);
    } else if (t.data_type() == onnx::TensorProto::INT64) {
        result = read<int64_t>(t, t.int64_data(), count, torch::kInt64, name);
    } else {
        fail("'" + name + "' has data type " + std::to_string(t.data_type()) + ", expected float or int64");
    }
    return result.reshape(shape);
}

const onnx::AttributeProto* find(const onnx::NodeProto& node, const char* name) {
    for (const auto& a : node.attribute()) {
        if (a.name() == name) {
            return &a;
        }
    }
    return nullptr;
}

int64_t integer(const onnx::NodeProto& node, const char* name, int64_t fallback) {
    const auto* a = find(node, name);
    return a ? a->i() : fallback;
}

double number(const onnx::NodeProto& node, const char* name, double fallback) {
    const auto* a = find(node, name);
    return a ? a->f() : fallback;
}

std::vector<int64_t> integers(const onnx::NodeProto& node, const char* name, std::vector<int64_t> fallback) {
    const auto* a = find(node, name);
    return a ? std::vector<int64_t>(a->ints().begin(), a->ints().end()) : std::move(fallback);
}

}  // namespace drgan::nn

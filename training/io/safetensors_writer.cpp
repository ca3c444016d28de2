// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <nlohmann/json.hpp>

#include "replace_file.hpp"
#include "safetensors.hpp"
#include "safetensors_detail.hpp"

namespace drgan::io {

using namespace detail;

namespace {

std::string headerText(const std::string& path, const std::vector<const TensorSource*>& tensors,
                       const std::map<std::string, std::string>& metadata) {
    nlohmann::json header = nlohmann::json::object();
    if (!metadata.empty()) {
        header["__metadata__"] = metadata;
    }
    uint64_t offset = 0;
    for (const TensorSource* tensor : tensors) {
        const uint64_t expected = expectedBytes(path, tensor->name, tensor->dtype, tensor->shape);
        if (tensor->bytes != expected) {
            fail(path, "tensor '" + tensor->name + "' was given with " + std::to_string(tensor->bytes) + " bytes, " +
                           tensor->dtype + " " + shapeText(tensor->shape) + " needs " + std::to_string(expected));
        }
        if (tensor->name == "__metadata__" || header.contains(tensor->name)) {
            fail(path, "tensor name '" + tensor->name + "' is reserved or was given twice");
        }
        header[tensor->name] = {
            {"dtype", tensor->dtype}, {"shape", tensor->shape}, {"data_offsets", {offset, offset + expected}}};
        offset += expected;
    }
    std::string text;
    try {
        text = header.dump();
    } catch (const nlohmann::json::exception& error) {
        fail(path, std::string("a name or metadata text is not UTF-8: ") + error.what());
    }
    text.append((8 - text.size() % 8) % 8, ' ');  // the data begins on a multiple of 8
    return text;
}

}  // namespace

void writeSafetensors(const std::string& path, const std::vector<TensorSource>& tensors,
                      const std::map<std::string, std::string>& metadata) {
    std::vector<const TensorSource*> ordered;
    for (const TensorSource& tensor : tensors) {
        ordered.push_back(&tensor);
    }
    std::stable_sort(ordered.begin(), ordered.end(), [](const TensorSource* a, const TensorSource* b) {
        return dtypeSize(a->dtype) > dtypeSize(b->dtype);
    });
    const std::string header = headerText(path, ordered, metadata);
    uint8_t length[lengthBytes];
    for (size_t i = 0; i < lengthBytes; ++i) {
        length[i] = static_cast<uint8_t>(static_cast<uint64_t>(header.size()) >> (8 * i));
    }
    std::vector<std::pair<const void*, size_t>> pieces{{length, lengthBytes}, {header.data(), header.size()}};
    for (const TensorSource* tensor : ordered) {
        pieces.emplace_back(tensor->data, tensor->bytes);
    }
    replaceFile(path, pieces);
}

}  // namespace drgan::io

// SPDX-License-Identifier: Apache-2.0
#include "onnx_batch.hpp"

#include "protobuf_reader.hpp"

namespace cv {
namespace drgan {

namespace {

using Fields = std::vector<WireField>;

Fields inside(const Fields& messages, uint32_t number, const std::string& where) {
    Fields result;
    for (const WireField& message : messages) {
        WireReader reader(message, "graph input", where);
        WireField field;
        while (reader.next(field)) {
            if (field.number == number) {
                result.push_back(field);
            }
        }
    }
    return result;
}

}  // namespace

ModelBytes withoutBatchNames(ModelBytes model, const std::string& where) {
    WireField whole;
    whole.type = WireType::bytes;
    whole.data = model->data();
    whole.size = model->size();
    // ModelProto { graph = 7 { input = 11 { type = 2 { tensor_type = 1 { shape = 2 { dim = 1 { dim_param = 2 } } } } }
    // } }
    Fields shapes{whole};
    for (const uint32_t number : {7, 11, 2, 1, 2}) {
        shapes = inside(shapes, number, where);
    }
    std::shared_ptr<std::vector<uchar>> changed;
    for (const WireField& shape : shapes) {
        const Fields dims = inside({shape}, 1, where);
        for (const WireField& name : dims.empty() ? Fields() : inside({dims.front()}, 2, where)) {
            // The two bytes before a short text are its field and its length. Field 3 is a denotation, which is
            // ignored.
            constexpr uchar param = 2 << 3 | 2, denotation = 3 << 3 | 2;
            const size_t at = static_cast<size_t>(name.data - model->data()) - 2;
            if (name.type == WireType::bytes && name.size < 0x80 && (*model)[at] == param) {
                changed = changed ? changed : std::make_shared<std::vector<uchar>>(*model);
                (*changed)[at] = denotation;
            }
        }
    }
    return changed ? changed : model;
}

}  // namespace drgan
}  // namespace cv

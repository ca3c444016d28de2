// SPDX-License-Identifier: Apache-2.0
#include "onnx_metadata.hpp"

#include <map>
#include <set>

#include "onnx_tensor.hpp"
#include "precomp.hpp"
#include "protobuf_reader.hpp"

namespace cv {
namespace drgan {

namespace {

// Far more than a face network needs, far too little to exhaust memory.
constexpr size_t maxProperties = 256;
constexpr size_t maxPropertyBytes = 64 << 10;
constexpr size_t maxValues = 256;      // graph inputs or outputs
constexpr size_t maxEntries = 100000;  // nodes or initializers
constexpr int maxWindow = 65536;       // pixels or channels of a convolution or pooling

class Reader {
public:
    explicit Reader(const std::string& where) : where_(where) {}

    OnnxMetadata model(const unsigned char* data, size_t size) {
        WireReader reader(data, size, where_);
        WireField field;
        bool hasGraph = false;
        while (reader.next(field)) {
            switch (field.number) {
                case 1:
                    result_.irVersion = static_cast<int64_t>(wireInteger(field, "ir_version", where_));
                    break;
                case 7:
                    if (hasGraph) {
                        fail("contains two graphs");
                    }
                    hasGraph = true;
                    graph(field);
                    break;
                case 8:
                    opset(field);
                    break;
                case 14:
                    property(field);
                    break;
                case 25:
                    fail("contains functions, expected plain operators");
                default:
                    break;  // producer, doc strings and the like
            }
        }
        if (!hasGraph) {
            fail("contains no graph, expected an ONNX model");
        }
        if (result_.opset <= 0) {
            fail("has no opset of the default domain, expected an ONNX model");
        }
        dropInitializers(result_.inputs);
        checkEdges();
        return result_;
    }

private:
    [[noreturn]] void fail(const std::string& what) const {
        CV_Error(Error::StsParseError, format("%s: %s", where_.c_str(), what.c_str()));
    }

    void limit(size_t count, size_t most, const char* what) const {
        if (count > most) {
            fail(format("contains more than %llu %s", static_cast<unsigned long long>(most), what));
        }
    }

    std::string text(const WireField& field, const char* what) const {
        return wireText(field, what, maxOnnxNameBytes, where_);
    }

    void opset(const WireField& entry) {
        WireReader reader(entry, "opset_import", where_);
        WireField field;
        std::string domain;
        int64_t version = 0;
        while (reader.next(field)) {
            if (field.number == 1) {
                domain = text(field, "opset_import.domain");
            }
            if (field.number == 2) {
                version = static_cast<int64_t>(wireInteger(field, "opset_import.version", where_));
            }
        }
        if (domain.empty() || domain == "ai.onnx") {
            result_.opset = version;
        }
    }

    void property(const WireField& entry) {
        WireReader reader(entry, "metadata_props", where_);
        WireField field;
        std::string key, value;
        while (reader.next(field)) {
            if (field.number == 1) {
                key = text(field, "metadata_props.key");
            }
            if (field.number == 2) {
                value = wireText(field, "metadata_props.value", maxPropertyBytes, where_);
            }
        }
        if (!result_.properties.insert(std::make_pair(key, value)).second) {
            fail(format("metadata key \"%s\" occurs twice", key.c_str()));
        }
        limit(result_.properties.size(), maxProperties, "metadata entries");
    }

    void graph(const WireField& entry) {
        WireReader reader(entry, "graph", where_);
        WireField field;
        while (reader.next(field)) {
            switch (field.number) {
                case 1:
                    limit(++result_.nodes, maxEntries, "nodes");
                    node(field);
                    break;
                case 5:
                    limit(++result_.initializers, maxEntries, "initializers");
                    initializers_.insert(checkOnnxTensor(field, "initializer", where_));
                    break;
                case 11:
                    result_.inputs.push_back(value(field, "graph input"));
                    // Old files list initializers among the inputs, too.
                    limit(result_.inputs.size(), maxValues + maxEntries, "graph inputs");
                    break;
                case 12:
                    result_.outputs.push_back(value(field, "graph output"));
                    limit(result_.outputs.size(), maxValues, "graph outputs");
                    break;
                case 15:
                    fail("contains a sparse initializer, expected dense ones");
                default:
                    break;
            }
        }
    }

    void node(const WireField& entry) {
        WireReader reader(entry, "node", where_);
        WireField field;
        std::vector<std::string> inputs, outputs;
        std::string type;
        while (reader.next(field)) {
            if (field.number == 4) {
                type = text(field, "type of a node");
            }
            if (field.number == 1) {
                const std::string name = text(field, "node input");
                inputs.push_back(name);
                if (nodeOutputs_.count(name) == 0) {
                    outerInputs_.insert(name);
                }
            }
            if (field.number == 2) {
                outputs.push_back(text(field, "node output"));
            }
            if (field.number == 5) {
                attribute(field);
            }
            limit(inputs.size() + outputs.size() + nodeOutputs_.size() + outerInputs_.size(), 4 * maxEntries,
                  "inputs and outputs of nodes");
        }
        nodeOutputs_.insert(outputs.begin(), outputs.end());
        if ((type == "Conv" || type == "ConvTranspose") && inputs.size() > 1) {
            convolved_.push_back(inputs[1]);
        }
    }

    /// cv::dnn crashes on a Conv whose weights are neither initializers nor computed before it, and OpenCV 5.0 on one
    /// whose weights are a vector.
    void checkEdges() const {
        for (const std::string& weights : convolved_) {
            const auto found = initializers_.find(weights);
            if (found != initializers_.end() && found->second < 3) {
                fail(format("a convolution has weights \"%s\" of %d dimensions, expected 3 or more",
                            weights.substr(0, 80).c_str(), found->second));
            }
        }
        std::set<std::string> known;
        for (const auto& initializer : initializers_) {
            known.insert(initializer.first);
        }
        for (const OnnxValue& input : result_.inputs) {
            known.insert(input.name);
        }
        for (const std::string& name : outerInputs_) {
            if (!name.empty() && known.count(name) == 0) {  // empty: an optional input left out
                fail(format("a node reads \"%s\", expected a graph input, an initializer or an earlier node's output",
                            name.substr(0, 80).c_str()));
            }
        }
    }

    void attribute(const WireField& entry) {
        WireReader reader(entry, "attribute", where_);
        WireField field;
        std::string name;
        std::vector<uint64_t> integers;
        while (reader.next(field)) {
            if (field.number == 1) {
                name = text(field, "name of an attribute");
            }
            if (field.number == 3 || (field.number == 8 && field.type == WireType::varint)) {
                integers.push_back(wireInteger(field, "integer of an attribute", where_));
            } else if (field.number == 8) {
                for (WireReader packed(field, "integers of an attribute", where_); !packed.atEnd();) {
                    integers.push_back(packed.varint());
                    limit(integers.size(), maxEntries, "integers in an attribute");
                }
            }
            limit(integers.size(), maxEntries, "integers in an attribute");
            if (field.number == 5 || field.number == 10) {
                checkOnnxTensor(field, "tensor of an attribute", where_);
            }
            // No nesting: a feed-forward network has no graph inside a node.
            if (field.number == 6 || field.number == 11) {
                fail("contains a graph inside a node (If, Loop), expected a feed-forward network");
            }
            if (field.number == 22 || field.number == 23) {
                fail("contains a sparse tensor, expected dense ones");
            }
        }
        static const std::set<std::string> counts{"strides", "dilations", "kernel_shape", "group"};
        if (counts.count(name) == 0) {
            return;
        }
        for (const uint64_t value : integers) {
            if (value < 1 || value > maxWindow) {  // OpenCV 5.0 would divide by zero
                fail(format("attribute %s of a node: got %lld, expected 1 to %d", name.c_str(),
                            static_cast<long long>(value), maxWindow));
            }
        }
    }

    /// ValueInfoProto { name = 1, type = 2 { tensor_type = 1 { elem_type = 1, shape = 2 { dim = 1 } } } }
    OnnxValue value(const WireField& entry, const char* what) const {
        WireReader reader(entry, what, where_);
        WireField field;
        OnnxValue result;
        while (reader.next(field)) {
            if (field.number == 1) {
                result.name = text(field, what);
            }
            if (field.number != 2) {
                continue;
            }
            WireReader type(field, what, where_);
            while (type.next(field)) {
                if (field.number == 1) {
                    tensorType(field, result, what);
                }
            }
        }
        return result;
    }

    void tensorType(const WireField& entry, OnnxValue& result, const char* what) const {
        WireReader reader(entry, what, where_);
        WireField field;
        while (reader.next(field)) {
            if (field.number == 1) {
                result.elementType = static_cast<int>(wireInteger(field, "elem_type", where_) & 0xffff);
            }
            if (field.number != 2) {
                continue;
            }
            WireReader shape(field, what, where_);
            while (shape.next(field)) {
                if (field.number != 1) {
                    continue;
                }
                result.shape.push_back(dimension(field, what));
                limit(result.shape.size(), maxOnnxDims, "dimensions in a graph input or output");
            }
        }
    }

    int64_t dimension(const WireField& entry, const char* what) const {
        WireReader reader(entry, what, where_);
        WireField field;
        int64_t size = -1;
        while (reader.next(field)) {
            if (field.number == 1) {
                size = static_cast<int64_t>(wireInteger(field, "dim_value", where_));
            }
        }
        if (size < -1 || size > static_cast<int64_t>(maxOnnxElements)) {
            fail(format("%s: a dimension is %lld, expected at most %lld", what, static_cast<long long>(size),
                        static_cast<long long>(maxOnnxElements)));
        }
        return size;
    }

    void dropInitializers(std::vector<OnnxValue>& inputs) const {
        std::vector<OnnxValue> kept;
        for (const OnnxValue& input : inputs) {
            if (initializers_.count(input.name) == 0) {
                kept.push_back(input);
            }
        }
        limit(kept.size(), maxValues, "graph inputs");
        inputs.swap(kept);
    }

    const std::string& where_;
    OnnxMetadata result_;
    std::map<std::string, int> initializers_;  // number of dimensions
    std::vector<std::string> convolved_;       // second inputs of convolutions
    std::set<std::string> nodeOutputs_;        // of the nodes read so far
    std::set<std::string> outerInputs_;        // node inputs that are not outputs of earlier nodes
};

}  // namespace

OnnxMetadata readOnnxMetadata(const unsigned char* data, size_t size, const std::string& where) {
    if (size == 0 || size > maxModelBytes) {
        CV_Error(Error::StsParseError,
                 format("%s: got %llu bytes, expected an ONNX model of at most %llu", where.c_str(),
                        static_cast<unsigned long long>(size), static_cast<unsigned long long>(maxModelBytes)));
    }
    return Reader(where).model(data, size);
}

}  // namespace drgan
}  // namespace cv

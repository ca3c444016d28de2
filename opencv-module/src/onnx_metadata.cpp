// SPDX-License-Identifier: Apache-2.0
#include "onnx_metadata.hpp"

#include <set>

#include "precomp.hpp"
#include "protobuf_reader.hpp"

namespace cv {
namespace drgan {

namespace {

// Far above what a face network needs, far below what would hurt.
constexpr size_t maxProperties = 256;
constexpr size_t maxPropertyBytes = 64 << 10;
constexpr size_t maxNameBytes = 4096;
constexpr size_t maxValues = 256;      // graph inputs or outputs
constexpr size_t maxEntries = 100000;  // nodes or initializers
constexpr size_t maxDims = 8;
constexpr uint64_t maxElements = uint64_t(1) << 31;  // of one tensor

/// How a TensorProto.DataType is stored: bytes of an element in raw_data, or else the field that lists the elements.
struct Storage {
    size_t bytes;
    uint32_t field;
};

/// @return zeros for a type that no contract model has
Storage storageOf(uint64_t type) {
    switch (type) {
        case 1:  // FLOAT
            return {4, 4};
        case 3:  // INT8
            return {1, 5};
        case 6:  // INT32
            return {4, 5};
        case 7:  // INT64
            return {8, 7};
        case 10:  // FLOAT16
            return {2, 5};
        case 11:  // DOUBLE
            return {8, 10};
        default:
            return {0, 0};
    }
}

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
                    if (hasGraph) fail("holds two graphs");
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
                    fail("holds functions of its own, expected plain operators");
                default:
                    break;  // producer, doc strings and the like
            }
        }
        if (!hasGraph) fail("holds no graph, expected an ONNX model");
        if (result_.opset <= 0) fail("names no opset of the default domain, expected an ONNX model");
        dropInitializers(result_.inputs);
        return result_;
    }

private:
    [[noreturn]] void fail(const std::string& what) const {
        CV_Error(Error::StsParseError, format("%s: %s", where_.c_str(), what.c_str()));
    }

    void limit(size_t count, size_t most, const char* what) const {
        if (count > most) {
            fail(format("holds more than %llu %s", static_cast<unsigned long long>(most), what));
        }
    }

    std::string text(const WireField& field, const char* what) const {
        return wireText(field, what, maxNameBytes, where_);
    }

    void opset(const WireField& entry) {
        WireReader reader(entry, "opset_import", where_);
        WireField field;
        std::string domain;
        int64_t version = 0;
        while (reader.next(field)) {
            if (field.number == 1) domain = text(field, "opset_import.domain");
            if (field.number == 2) version = static_cast<int64_t>(wireInteger(field, "opset_import.version", where_));
        }
        if (domain.empty() || domain == "ai.onnx") result_.opset = version;
    }

    void property(const WireField& entry) {
        WireReader reader(entry, "metadata_props", where_);
        WireField field;
        std::string key, value;
        while (reader.next(field)) {
            if (field.number == 1) key = text(field, "metadata_props.key");
            if (field.number == 2) value = wireText(field, "metadata_props.value", maxPropertyBytes, where_);
        }
        if (!result_.properties.insert(std::make_pair(key, value)).second) {
            fail(format("metadata key \"%s\" stands there twice", key.c_str()));
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
                    initializers_.insert(tensor(field, "initializer"));
                    break;
                case 11:
                    result_.inputs.push_back(value(field, "graph input"));
                    // Old files list each initializer among the inputs too.
                    limit(result_.inputs.size(), maxValues + maxEntries, "graph inputs");
                    break;
                case 12:
                    result_.outputs.push_back(value(field, "graph output"));
                    limit(result_.outputs.size(), maxValues, "graph outputs");
                    break;
                case 15:
                    fail("holds a sparse initializer, expected dense ones");
                default:
                    break;
            }
        }
    }

    void node(const WireField& entry) {
        WireReader reader(entry, "node", where_);
        WireField field;
        while (reader.next(field)) {
            if (field.number == 5) attribute(field);
        }
    }

    void attribute(const WireField& entry) {
        WireReader reader(entry, "attribute", where_);
        WireField field;
        while (reader.next(field)) {
            if (field.number == 5 || field.number == 10) tensor(field, "tensor of an attribute");
            // Nesting stops here: a feed-forward network has no graph inside a node.
            if (field.number == 6 || field.number == 11)
                fail("holds a graph inside a node (If, Loop), expected a feed-forward network");
            if (field.number == 22 || field.number == 23) fail("holds a sparse tensor, expected dense ones");
        }
    }

    static uint64_t countVarints(const WireField& field, const char* what, const std::string& where) {
        if (field.type == WireType::varint) return 1;
        WireReader reader(field, what, where);
        uint64_t count = 0;
        for (; !reader.atEnd(); ++count) reader.varint();
        return count;
    }

    uint64_t countFixed(const WireField& field, WireType single, size_t size, const char* what) const {
        if (field.type != single) WireReader(field, what, where_);  // else packed: checks the wire type
        if (field.size % size != 0) fail(format("%s: its data is no whole number of elements", what));
        return field.size / size;
    }

    /// Checks that a tensor's data is in the file and as long as its dimensions say. @return its name
    std::string tensor(const WireField& entry, const char* what) const {
        WireReader reader(entry, what, where_);
        WireField field;
        std::string name;
        std::vector<uint64_t> dims;
        uint64_t type = 0, rawBytes = 0, listed = 0;
        uint32_t listField = 0;
        bool external = false;
        while (reader.next(field)) {
            const bool isList = field.number == 4 || field.number == 5 || field.number == 7 || field.number == 10;
            if (isList && listField != 0 && listField != field.number) fail(format("%s: its data has two types", what));
            switch (field.number) {
                case 1:
                    readDims(field, dims, what);
                    break;
                case 2:
                    type = wireInteger(field, "data_type", where_);
                    break;
                case 4:  // float_data
                    listed += countFixed(field, WireType::fixed32, 4, what);
                    listField = field.number;
                    break;
                case 5:  // int32_data
                case 7:  // int64_data
                    listed += countVarints(field, what, where_);
                    listField = field.number;
                    break;
                case 8:
                    name = text(field, "tensor name");
                    break;
                case 9:
                    WireReader(field, "raw_data", where_);  // checks the wire type
                    rawBytes = field.size;
                    break;
                case 10:  // double_data
                    listed += countFixed(field, WireType::fixed64, 8, what);
                    listField = field.number;
                    break;
                case 13:
                    external = true;
                    break;
                case 14:
                    external = external || wireInteger(field, "data_location", where_) != 0;
                    break;
                default:
                    break;
            }
        }
        const std::string label = format("%s \"%s\"", what, name.c_str());
        if (external) fail(label + ": its data is in another file, expected all data inside the model");
        const Storage storage = storageOf(type);
        if (storage.bytes == 0) {
            fail(label + format(": got data type %llu, expected a float or signed integer type",
                                static_cast<unsigned long long>(type)));
        }
        uint64_t elements = 1;
        for (const uint64_t d : dims) {
            if (d > maxElements || (elements *= d) > maxElements) {
                fail(label + ": its dimensions are negative or absurdly large");
            }
        }
        // The importer takes the list if there is one, else the raw bytes, and reads as many as the dimensions say.
        const uint64_t have = listed > 0 ? listed : rawBytes / storage.bytes;
        const bool clean = listed > 0 ? rawBytes == 0 && listField == storage.field : rawBytes % storage.bytes == 0;
        if (have != elements || !clean) {
            fail(label + format(": holds %llu elements, expected %llu of data type %llu by its dimensions",
                                static_cast<unsigned long long>(have), static_cast<unsigned long long>(elements),
                                static_cast<unsigned long long>(type)));
        }
        return name;
    }

    void readDims(const WireField& field, std::vector<uint64_t>& dims, const char* what) const {
        if (field.type == WireType::varint) {
            dims.push_back(field.value);
            limit(dims.size(), maxDims, "dimensions in a tensor");
            return;
        }
        for (WireReader packed(field, what, where_); !packed.atEnd();) {
            dims.push_back(packed.varint());
            limit(dims.size(), maxDims, "dimensions in a tensor");
        }
    }

    /// ValueInfoProto { name = 1, type = 2 { tensor_type = 1 { elem_type = 1, shape = 2 { dim = 1 } } } }
    OnnxValue value(const WireField& entry, const char* what) const {
        WireReader reader(entry, what, where_);
        WireField field;
        OnnxValue result;
        while (reader.next(field)) {
            if (field.number == 1) result.name = text(field, what);
            if (field.number != 2) continue;
            WireReader type(field, what, where_);
            while (type.next(field)) {
                if (field.number == 1) tensorType(field, result, what);
            }
        }
        return result;
    }

    void tensorType(const WireField& entry, OnnxValue& result, const char* what) const {
        WireReader reader(entry, what, where_);
        WireField field;
        while (reader.next(field)) {
            if (field.number == 1)
                result.elementType = static_cast<int>(wireInteger(field, "elem_type", where_) & 0xffff);
            if (field.number != 2) continue;
            WireReader shape(field, what, where_);
            while (shape.next(field)) {
                if (field.number != 1) continue;
                result.shape.push_back(dimension(field, what));
                limit(result.shape.size(), maxDims, "dimensions in a graph input or output");
            }
        }
    }

    int64_t dimension(const WireField& entry, const char* what) const {
        WireReader reader(entry, what, where_);
        WireField field;
        int64_t size = -1;
        while (reader.next(field)) {
            if (field.number == 1) size = static_cast<int64_t>(wireInteger(field, "dim_value", where_));
        }
        if (size < -1 || size > static_cast<int64_t>(maxElements)) {
            fail(format("%s: a dimension is %lld, expected at most %lld", what, static_cast<long long>(size),
                        static_cast<long long>(maxElements)));
        }
        return size;
    }

    void dropInitializers(std::vector<OnnxValue>& inputs) const {
        std::vector<OnnxValue> kept;
        for (const OnnxValue& input : inputs) {
            if (initializers_.count(input.name) == 0) kept.push_back(input);
        }
        limit(kept.size(), maxValues, "graph inputs");
        inputs.swap(kept);
    }

    const std::string& where_;
    OnnxMetadata result_;
    std::set<std::string> initializers_;
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
